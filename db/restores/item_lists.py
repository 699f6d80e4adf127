"""The items of a restore as its page lists them: what matters most first, filtered, searched, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import Restore, RestoreItem, Tenant
from db.sql.value_lists import is_in
from db.states import UNFINISHED, WRITTEN_OUTCOMES, Outcome, RestoreState

# The order of reading, which is not that of writing: what is overwritten comes before what is new.
_READ_FIRST = (Outcome.UPDATE, Outcome.REMOVE, Outcome.UNDELETE, Outcome.RECREATE, Outcome.CREATE, Outcome.BLOCKED,
               Outcome.EXISTS)  # fmt: skip
BUILT_IN = "built_in"
HELD_BACK = "guard"


@dataclass(frozen=True)
class ItemFilter:
    """The choice of items listed. `outcome`: those planned so, or that ended so (`ended_so` has their ids); "": what is
    to be written, or was.
    """

    outcome: str = ""
    ended_so: Sequence[int] = ()
    is_everything: bool = False
    policy_type: str = ""
    words: Sequence[str] = ()


def count_by_type(restore: Restore, shown: ItemFilter) -> dict[str, int]:
    """Return how many items each policy type has. The filter's own type is left aside."""
    rows = RestoreItem.select(RestoreItem.policy_type, pw.fn.COUNT(RestoreItem.id))
    of_any_type = _is_shown(restore, replace(shown, policy_type=""))
    return dict(rows.where(of_any_type).group_by(RestoreItem.policy_type).tuples())


def ids(restore: Restore, shown: ItemFilter) -> frozenset[int]:
    return frozenset(row[0] for row in RestoreItem.select(RestoreItem.id).where(_is_shown(restore, shown)).tuples())


def page(restore: Restore, shown: ItemFilter, limit: int, offset: int = 0) -> list[RestoreItem]:
    """Return a page of the items, in the order in which a person reads them."""
    reading_order = pw.Case(RestoreItem.action, list(zip(_READ_FIRST, range(len(_READ_FIRST)), strict=True)), 9)
    items = RestoreItem.select().where(_is_shown(restore, shown)).order_by(reading_order, RestoreItem.position)
    return list(items.limit(limit).offset(offset))


def blocked(restore: Restore, limit: int, *, is_built_in: bool) -> list[RestoreItem]:
    """Return the first items that the plan does not write because it cannot: those built into every tenant, or the
    others.
    """
    reason = RestoreItem.reason
    of_reason = (reason == BUILT_IN) if is_built_in else (reason.is_null() | reason.not_in([BUILT_IN, HELD_BACK]))
    rows = RestoreItem.select().where(_is_of(restore) & (RestoreItem.action == Outcome.BLOCKED) & of_reason)
    return list(rows.order_by(RestoreItem.position).limit(limit))


def count_blocked(restore: Restore, *, is_built_in: bool) -> int:
    of_reason = (RestoreItem.reason == BUILT_IN) if is_built_in else (
        RestoreItem.reason.is_null() | RestoreItem.reason.not_in([BUILT_IN, HELD_BACK])
    )  # fmt: skip
    return int(
        RestoreItem.select().where(_is_of(restore) & (RestoreItem.action == Outcome.BLOCKED) & of_reason).count()
    )


def count_ends(restore_ids: Sequence[int]) -> dict[int, dict[tuple[str, str | None], int]]:
    """Return, for each restore, how many of its items have each outcome and reason; where nothing was done with an
    item, its action stands for its outcome.
    """
    end = pw.fn.COALESCE(RestoreItem.outcome, RestoreItem.action)
    rows = RestoreItem.select(RestoreItem.restore, end, RestoreItem.reason, pw.fn.COUNT(RestoreItem.id))
    of_these = rows.where(is_in(RestoreItem.restore, restore_ids) & end.is_null(False))
    counts: dict[int, dict[tuple[str, str | None], int]] = {restore_id: {} for restore_id in restore_ids}
    for restore_id, outcome, reason, count in of_these.group_by(RestoreItem.restore, end, RestoreItem.reason).tuples():
        counts[restore_id][outcome, reason] = count
    return counts


def graph_ids_in_hand(tenant: Tenant) -> set[str]:
    """Return the Graph ids of the policies that restores to the tenant have still to do with."""
    query = RestoreItem.select(RestoreItem.graph_id, RestoreItem.target_id).join(Restore)
    rows = query.where((Restore.tenant == tenant) & Restore.state.in_(UNFINISHED)).tuples()
    return {graph_id for row in rows for graph_id in row if graph_id}


def written(restore: Restore) -> list[RestoreItem]:
    """Return the id, name and dangers of what was written."""
    fields = (RestoreItem.id, RestoreItem.name, RestoreItem.dangers)
    is_done = RestoreItem.outcome.in_(list(WRITTEN_OUTCOMES.values()))
    return list(RestoreItem.select(*fields).where(_is_of(restore) & is_done).order_by(RestoreItem.position))


def _is_of(restore: Restore) -> Condition:
    return RestoreItem.restore == restore


def _is_shown(restore: Restore, shown: ItemFilter) -> Condition:
    condition: Any = _is_of_kind(restore, shown)
    if shown.policy_type:
        condition &= RestoreItem.policy_type == shown.policy_type
    for word in shown.words:
        condition &= RestoreItem.name.contains(word)
    return condition


def _is_of_kind(restore: Restore, shown: ItemFilter) -> Condition:
    condition: Any = _is_of(restore)
    if shown.is_everything:
        return condition
    if shown.outcome:
        return condition & ((RestoreItem.action == shown.outcome) | is_in(RestoreItem.id, shown.ended_so))
    if restore.state in (RestoreState.RUNNING, RestoreState.FINISHED):
        return condition & RestoreItem.outcome.in_(list(WRITTEN_OUTCOMES.values()))
    return condition & (RestoreItem.action.is_null() | (_is_to_be_written() & _is_let_through(restore)))


def _is_to_be_written() -> Condition:
    return RestoreItem.action.in_(list(WRITTEN_OUTCOMES))


def _is_let_through(restore: Restore) -> Condition:
    if restore.guard_reason:
        return _is_to_be_written()
    return RestoreItem.reason.is_null() | (RestoreItem.reason != HELD_BACK)
