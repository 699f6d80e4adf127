"""What a restore's pages ask of its items. What changes them stands in `db/restores/restores.py`."""

from collections.abc import Iterable
from typing import Any

from db.models import Restore, RestoreItem, Run, RunItem
from db.sql.value_lists import is_in
from db.states import WRITTEN_OUTCOMES, Outcome, RunKind


def _select(restore: Restore, *fields: Any) -> Any:
    """Return a query of the restore's items, in the order in which they are written."""
    return RestoreItem.select(*fields).where(RestoreItem.restore == restore).order_by(RestoreItem.position)


def count(restore: Restore) -> int:
    return int(_select(restore).count())


def ids(restore: Restore) -> list[int]:
    return [row[0] for row in _select(restore, RestoreItem.id).tuples()]


def first(restore: Restore, limit: int) -> list[RestoreItem]:
    return list(_select(restore).limit(limit))


def without_matches(restore: Restore, limit: int) -> list[RestoreItem]:
    """Return the first items that are not as the backup has them already; the first of all where every item is."""
    others = _select(restore).where(RestoreItem.action.is_null() | (RestoreItem.action != Outcome.MATCHES))
    return list(others.limit(limit)) if others.exists() else first(restore, limit)


def of_outcome(restore: Restore, outcome: str, ended_so: Iterable[int], limit: int) -> list[RestoreItem]:
    """Return the first items that are planned to end so, and those that did: `ended_so` has their ids."""
    return list(_select(restore).where((RestoreItem.action == outcome) | is_in(RestoreItem.id, ended_so)).limit(limit))


def written(restore: Restore) -> list[RestoreItem]:
    """Return the items that a live run writes: their id, name and dangers, and nothing else of them."""
    fields = (RestoreItem.id, RestoreItem.name, RestoreItem.dangers)
    return list(_select(restore, *fields).where(_is_written()))


def written_ids(restore: Restore) -> list[int]:
    return [row[0] for row in _select(restore, RestoreItem.id).where(_is_written()).tuples()]


def not_written(restore: Restore, limit: int) -> list[RestoreItem]:
    """Return the first items that have a plan, and are not written by it."""
    return list(_select(restore).where(RestoreItem.action.is_null(False) & ~_is_written()).limit(limit))


def _is_written() -> Any:
    return RestoreItem.action.in_(list(WRITTEN_OUTCOMES))


def results(runs: Iterable[Run]) -> dict[int, RunItem]:
    """Return what became of each item in the newest of these runs that was live: restore item id -> run item."""
    live = [run.id for run in runs if run.kind == RunKind.RESTORE]
    return {
        item.restore_item_id: item for item in RunItem.select().where(is_in(RunItem.run, live)).order_by(RunItem.id)
    }
