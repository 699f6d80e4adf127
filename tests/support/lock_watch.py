"""Watches the order in which transactions take rows (db/sql/lock_order.py): `pytestmark = usefixtures("lock_order")`.

Statement by statement, of every transaction of the test's process; on SQLite too, whose one lock hides the order.
"""

import re
import threading
from contextlib import contextmanager

from db import database as engine
from db.models import Restore, Run
from db.sql.lock_order import LOCKED_BY_OWNER, ORDER

PLACES = {model._meta.table_name: number for number, model in enumerate(ORDER)}
INNER = {model._meta.table_name for model in LOCKED_BY_OWNER}
OWNERS = {model._meta.table_name for model in (Run, Restore)}
# A plain INSERT waits for nobody: nobody has seen its row.
_TAKES = re.compile(
    r'\s*(?:UPDATE "(\w+)"|DELETE FROM "(\w+)"|INSERT OR IGNORE INTO "(\w+)"|INSERT INTO "(\w+)".* ON CONFLICT)',
    re.DOTALL,
)


class _Here(threading.local):
    """The tables that this thread's transaction has taken rows of; None: it is in none."""

    def __init__(self):
        self.taken = None


@contextmanager
def watched(monkeypatch):
    """Yield the statements that went against the order, as sentences; the list is complete when the context ends."""
    here, wrong = _Here(), []

    def around(owner, name, act):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: act(original, *args, **kwargs))

    def begin(original, *args, **kwargs):
        original(*args, **kwargs)
        here.taken = []

    def end(original, *args, **kwargs):
        try:
            original(*args, **kwargs)
        finally:
            here.taken = None

    def execute(original, engine, sql, params=None):
        found = _TAKES.match(sql)
        if found:
            _take(here.taken, next(one for one in found.groups() if one), sql, wrong)
        return original(engine, sql, params)

    def lock(original, query, how):
        _take(here.taken, query.model._meta.table_name, how, wrong)
        original(query, how)

    around(engine._WritesBeforeCommit, "begin", begin)
    around(engine._WritesBeforeCommit, "commit", end)
    around(engine._WritesBeforeCommit, "rollback", end)
    around(engine._ReplacesUnstorable, "execute_sql", execute)
    around(engine, "_select_for_update", lock)
    yield wrong


def _take(taken, table, statement, wrong):
    if taken is None or table in taken:
        return
    if table in INNER:
        if not OWNERS & set(taken) and set(taken) - INNER:
            wrong.append(f"{table} after {taken}, and its run was not taken: {statement[:200]}")
    elif table not in PLACES:
        if taken:
            wrong.append(f"{table} has no place in db/sql/lock_order.py: {statement[:200]}")
    else:
        later = [one for one in taken if PLACES.get(one, -1) > PLACES[table]]
        if later or (table in OWNERS and INNER & set(taken)):
            wrong.append(f"{table} after {taken}: {statement[:200]}")
    taken.append(table)
