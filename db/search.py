"""Finding policies by part of a name, or by the beginning of a Graph id, among a million.

Each engine has an index of every three letters of a name (migration 0004). It finds rare words at once; a word that
many names hold is found sooner without it, by reading from the newest on.
"""

import re
from typing import Any

import peewee as pw

from db.database import database, is_sqlite
from db.models import Policy

# With more names than this the rows themselves are read: the first page is full long before their end.
MANY = 2000
# What the index holds; it knows nothing of shorter words.
LETTERS = 3
_LIKE_A_GRAPH_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{7,}")


def names_a_policy(word: str, column: Any) -> Any:
    """As a condition: the policy whose id is in `column` has the word in its name, or its Graph id begins with it."""
    ids = _of_name(word)
    if len(ids) <= MANY:
        return column.in_([*ids, *_of_graph_id(word)] or [-1])
    if column is Policy.id:
        return Policy.name.contains(word)
    named = Policy.alias()
    return pw.fn.EXISTS(named.select(named.id).where((named.id == column) & named.name.contains(word)))


def _of_name(word: str) -> list[int]:
    """Their ids, as many as need to be known."""
    if is_sqlite() and len(word) >= LETTERS:
        phrase = '"{}"'.format(word.replace('"', '""'))
        rows = database.execute_sql(
            "SELECT rowid FROM policy_search WHERE policy_search MATCH ? LIMIT ?", (phrase, MANY + 1)
        )
    else:
        rows = Policy.select(Policy.id).where(Policy.name.contains(word)).limit(MANY + 1).tuples()
    return [row[0] for row in rows]


def _of_graph_id(word: str) -> list[int]:
    """GUIDs are kept in small letters, other ids as Graph writes them."""
    if not _LIKE_A_GRAPH_ID.fullmatch(word):
        return []
    begins = _begins(word) if word == word.lower() else _begins(word) | _begins(word.lower())
    return [row[0] for row in Policy.select(Policy.id).where(begins).limit(MANY).tuples()]


def _begins(word: str) -> Any:
    """So that each engine uses its index: SQLite for a range, PostgreSQL for a pattern in any language's order."""
    if is_sqlite():
        return (Policy.graph_id >= word) & (Policy.graph_id < f"{word}\x7f")
    return Policy.graph_id % f"{word.replace('_', chr(92) + '_')}%"
