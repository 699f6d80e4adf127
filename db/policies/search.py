"""Search of policies and tenants by part of a name, or by the beginning of an id, among a million.

Each engine has an index of every three letters of a name (migration 0004). It finds rare words at once; a word that
many names hold is found sooner without it, by reading from the newest on.
"""

import re
from collections.abc import Sequence
from typing import Any

import peewee as pw

from db.database import Condition, database, is_sqlite
from db.models import Policy, Tenant
from db.sql.value_lists import is_in

# With more names than this the rows themselves are read: the first page is full long before their end.
MAX_IDS = 5000
# The index holds every three letters: it knows no shorter words.
MIN_INDEXED_LETTERS = 3
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
        phrase = '"{}"'.format(word.replace('"', '""'))
        rows = database.execute_sql(
            "SELECT rowid FROM policy_search WHERE policy_search MATCH ? LIMIT ?", (phrase, MAX_IDS + 1)
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


def tenant_name_matches(word: str) -> Condition:
    """Return the condition that a tenant has the word in its name, or as its directory id."""
    if _LIKE_AN_ID.fullmatch(word) and (tenant := Tenant.get_or_none(Tenant.directory_id == word.lower())):
        return Tenant.id == tenant.id
    # By ids first: the names alone are in an index that is read faster than the rows.
    named = Tenant.select(Tenant.id).where(Tenant.name.contains(word))
    ids = [row[0] for row in named.limit(MAX_IDS + 1).tuples()]
    return is_in(Tenant.id, ids) if len(ids) <= MAX_IDS else Tenant.name.contains(word)
