"""Search of policies and tenants by part of a name, by words, by type, or by the beginning of an id, among a million.

Each engine has an index of every three letters of a name (migration 0004). It finds rare words at once; a word that
many names hold is found sooner without it, by reading from the newest on.
"""

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import peewee as pw

from db.database import Condition, database, is_sqlite
from db.models import Policy, Tenant
from db.sql.value_lists import is_in, is_in_if_given

# With more names than this the rows themselves are read: the first page is full long before their end.
MAX_IDS = 5000
# The index holds every three letters: it knows no shorter words.
MIN_INDEXED_LETTERS = 3
# How many letters in a row a misspelled word shares with the right one, the longer first: those are fewer names.
SHARED_LETTERS = (4, 3)
# Names that are looked at for each run of such letters.
NAMES_OF_LETTERS = 40
FEW_TENANTS = 5
# Of 1: “bitlokcer” is 0.89 like “bitlocker”.
LIKE_ENOUGH = 0.72
# The index is read from its beginning, and each row with it, until there are enough.
_NAMES_WITH = """SELECT policy.name FROM policy_search CROSS JOIN policy ON policy.id = policy_search.rowid
WHERE policy_search MATCH ? AND (? IS NULL OR policy.tenant_id IN (SELECT value FROM json_each(?))) LIMIT ?"""
_IDS_WITH_WORDS = "SELECT rowid FROM policy_search_words WHERE policy_search_words MATCH ?"
_LETTERS = re.compile(r"[^\W_]+")
_WORD = re.compile(r"\w{3,}")
_LIKE_AN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{7,}")


def policy_name_matches(word: str, column: Any, tenant_ids: Sequence[int] | None = None) -> Condition:
    """Return the condition that the policy with the id in `column` has the word in its name, or begins its Graph id.

    Only policies of the tenants given are looked for; None: of all.
    """
    ids = _ids_by_name(word)
    if len(ids) <= MAX_IDS:
        return is_in(column, _ids_in_tenants(tenant_ids, [*ids, *_ids_by_graph_id(word)]))
    if column is Policy.id:
        return Policy.name.contains(word)
    named = Policy.alias()
    return pw.fn.EXISTS(named.select(named.id).where((named.id == column) & named.name.contains(word)))


def _ids_by_name(word: str) -> list[int]:
    """Return the ids of policies whose names hold the word, as many as need to be known."""
    if is_sqlite() and len(word) >= MIN_INDEXED_LETTERS:
        rows = database.execute_sql(
            "SELECT rowid FROM policy_search WHERE policy_search MATCH ? LIMIT ?", (_phrase(word), MAX_IDS + 1)
        )
    else:
        rows = Policy.select(Policy.id).where(Policy.name.contains(word)).limit(MAX_IDS + 1).tuples()
    return [row[0] for row in rows]


def _ids_by_graph_id(word: str) -> list[int]:
    """Return the ids of policies whose Graph ids begin with the word. GUIDs are stored in small letters."""
    if not _LIKE_AN_ID.fullmatch(word):
        return []
    begins = _begins_with(word) if word == word.lower() else _begins_with(word) | _begins_with(word.lower())
    return [row[0] for row in Policy.select(Policy.id).where(begins).limit(MAX_IDS).tuples()]


def _begins_with(word: str) -> Condition:
    """Return the condition for which each engine uses its index: a range on SQLite, a pattern on PostgreSQL."""
    if is_sqlite():
        return (Policy.graph_id >= word) & (Policy.graph_id < f"{word}\x7f")
    return Policy.graph_id % f"{word.replace('_', chr(92) + '_')}%"


def _ids_in_tenants(tenant_ids: Sequence[int] | None, ids: list[int]) -> list[int]:
    """Return the ids that belong to these tenants: a page joins runs quickly to few policies, and not to thousands."""
    if tenant_ids is None or not ids:
        return ids
    policies = Policy.select(Policy.id).where(is_in(Policy.id, ids) & is_in(Policy.tenant, tenant_ids))
    return [row[0] for row in policies.tuples()]


def policy_matches(word: str, tenant_ids: Sequence[int] | None = None) -> Condition:
    """Return the condition that a policy matches the word.

    Its name contains the word, or one of these begins with it: its Graph id, a word of its description, a word of its
    settings' names.
    """
    named = policy_name_matches(word, Policy.id, tenant_ids)
    begins = _begins_words(word)
    if begins is None:
        return named
    rows = Policy.select(Policy.id).where(begins).limit(MAX_IDS + 1).tuples()
    ids = [row[0] for row in rows]
    if len(ids) <= MAX_IDS:
        ids = _ids_in_tenants(tenant_ids, ids)
        return named | is_in(Policy.id, ids) if ids else named
    return named | begins


def _begins_words(word: str) -> Condition | None:
    """Return the condition that words of the policy begin with those in `word`. None where it has none."""
    parts = [part.lower() for part in _LETTERS.findall(word)]
    if not parts:
        return None
    if is_sqlite():
        return Policy.id << pw.SQL(f"({_IDS_WITH_WORDS})", [" AND ".join(f'"{part}"*' for part in parts)])
    # As the index is made.
    words = pw.fn.to_tsvector(pw.SQL("'simple'"), pw.fn.COALESCE(Policy.words, pw.SQL("''")))
    asked = pw.fn.to_tsquery(pw.SQL("'simple'"), " & ".join(f"{part}:*" for part in parts))
    return pw.NodeList((words, pw.SQL("@@"), asked), parens=True)


def is_of_types(policy_types: Sequence[str], subtypes: Mapping[str, Sequence[str]]) -> Condition:
    """Return the condition that a policy is of one of the types, or of one of the subtypes (OData types) of another."""
    condition = Policy.policy_type.in_(list(policy_types))
    for policy_type, odata_types in subtypes.items():
        condition |= (Policy.policy_type == policy_type) & Policy.odata_type.in_(list(odata_types))
    return condition


def spell(text: str, tenant_ids: Sequence[int] | None, other_words: Collection[str]) -> str:
    """Return the text with those words replaced that no policy of the tenants has in its name, by the most alike.

    `other_words` are as good as those of names. "" where a word is like no other, or there is nothing to replace.
    """
    words = text.lower().split()[:5]
    better = [_spell_word(word, tenant_ids, other_words) for word in words]
    return " ".join(better) if all(better) and better != words else ""


def _spell_word(word: str, tenant_ids: Sequence[int] | None, other_words: Collection[str]) -> str:
    # Not one name alone: for one PostgreSQL reads ten million names from the first on, and hopes to meet it soon.
    if any(word in other for other in other_words) or _names_with(word, tenant_ids, NAMES_OF_LETTERS):
        return word
    for length in SHARED_LETTERS if _WORD.fullmatch(word) else ():
        names = (name for letters in _runs(word, length) for name in _names_with(letters, tenant_ids, NAMES_OF_LETTERS))
        found = difflib.get_close_matches(word, _words_of(names) | set(other_words), 1, LIKE_ENOUGH)
        if found:
            return found[0]
    return ""


def _runs(word: str, length: int) -> list[str]:
    return [word[begin : begin + length] for begin in range(len(word) - length + 1)]


def _words_of(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in _WORD.findall(name.lower())}


def _names_with(letters: str, tenant_ids: Sequence[int] | None, limit: int) -> list[str]:
    """Return some names of the tenants' policies that hold the letters. It reads no further than it must."""
    # The rows of a few tenants are read sooner than an index of all.
    are_few = tenant_ids is not None and len(tenant_ids) <= FEW_TENANTS
    if is_sqlite() and len(letters) >= MIN_INDEXED_LETTERS and not are_few:
        ids = None if tenant_ids is None else json.dumps(list(tenant_ids))
        rows = database.execute_sql(_NAMES_WITH, (_phrase(letters), ids, ids, limit))
    else:
        named = Policy.name.contains(letters) & is_in_if_given(Policy.tenant, tenant_ids)
        rows = Policy.select(Policy.name).where(named).limit(limit).tuples()
    return [row[0] for row in rows]


def _phrase(letters: str) -> str:
    return '"{}"'.format(letters.replace('"', '""'))


def tenant_name_matches(word: str) -> Condition:
    """Return the condition that a tenant has the word in its name, or as its directory id."""
    if _LIKE_AN_ID.fullmatch(word) and (tenant := Tenant.get_or_none(Tenant.directory_id == word.lower())):
        return Tenant.id == tenant.id
    # By ids first: the names alone are in an index that is read faster than the rows.
    named = Tenant.select(Tenant.id).where(Tenant.name.contains(word))
    ids = [row[0] for row in named.limit(MAX_IDS + 1).tuples()]
    return is_in(Tenant.id, ids) if len(ids) <= MAX_IDS else Tenant.name.contains(word)
