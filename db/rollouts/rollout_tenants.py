"""The tenants of a roll-out: each one's plan, what became of it, and what is undone of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import is_recent, utcnow
from db.database import lock_rows
from db.errors import Invalid
from db.models import Content, Restore, RestoreItem, RollOut, RollOutTenant, StandardAdoption, StandardCell, Tenant
from db.restores import plan_fingerprint
from db.sql.value_lists import batched, is_in
from db.states import CHANGEABLE, CellState, RestoreState, RollOutTenantState

T = RollOutTenantState
NOT_BEGUN = (T.WAITING, T.PREVIEWING, T.PREVIEWED, T.OBJECTED)
# Something of it may be in the tenant.
WRITTEN = (T.DONE, T.FAILED)
# A tenant of whose policies one is so does not look as the standard wants it.
_NOT_AS_WANTED = frozenset(CellState) - {CellState.ALIGNED, CellState.EXCEPTED}


def add(rollout: RollOut, tenant_ids: Iterable[int]) -> None:
    rows = [{"rollout": rollout.id, "tenant": number, "counts": {}, "conflicts": []} for number in sorted(tenant_ids)]
    for batch in batched(rows):
        RollOutTenant.insert_many(batch).execute()


def all_of(rollout: RollOut, tenant_ids: Sequence[int] | None = None) -> list[RollOutTenant]:
    """Return its tenants in the order of their names, each with its restore; of these alone, where they are given."""
    query = RollOutTenant.select(RollOutTenant, Tenant, Restore).join(Tenant).switch(RollOutTenant)
    query = query.join(Restore, pw.JOIN.LEFT_OUTER, on=RollOutTenant.restore).where(RollOutTenant.rollout == rollout)
    if tenant_ids is not None:
        query = query.where(is_in(RollOutTenant.tenant, tenant_ids))
    return list(query.order_by(Tenant.name, RollOutTenant.id))


def of_states(rollout: RollOut, states: Sequence[RollOutTenantState]) -> list[RollOutTenant]:
    """Return its tenants in these states, in the order in which they were added."""
    is_so = (RollOutTenant.rollout == rollout) & RollOutTenant.state.in_(list(states))
    return list(RollOutTenant.select(RollOutTenant, Tenant).join(Tenant).where(is_so).order_by(RollOutTenant.id))


def planned(rollout: RollOut) -> list[RollOutTenant]:
    """Return its tenants that have a plan, also those whose manager objects, each with its restore."""
    is_so = (RollOutTenant.rollout == rollout) & RollOutTenant.state.in_([T.PREVIEWED, T.OBJECTED])
    query = RollOutTenant.select(RollOutTenant, Restore).join(Restore, pw.JOIN.LEFT_OUTER, on=RollOutTenant.restore)
    return list(query.where(is_so).order_by(RollOutTenant.id))


def ids_that_reach(tenant_ids: Sequence[int]) -> Any:
    """Return a query of the ids of roll-outs that one of these tenants is part of."""
    return RollOutTenant.select(RollOutTenant.rollout).where(is_in(RollOutTenant.tenant, tenant_ids))


def move(
    part: RollOutTenant, expected: Sequence[RollOutTenantState], state: RollOutTenantState, **columns: Any
) -> bool:
    """Change the state, and other columns with it, if it is still one of these. Return whether it was."""
    is_still = (RollOutTenant.id == part.id) & RollOutTenant.state.in_(list(expected))
    changes = {"state": state, "changed_at": utcnow(), **columns}
    if RollOutTenant.update(**changes).where(is_still).execute() != 1:
        return False
    for name, value in changes.items():
        setattr(part, name, value)
    return True


def note(part: RollOutTenant, **columns: Any) -> None:
    """Write columns of the row, where they are others by now."""
    news = {name: value for name, value in columns.items() if getattr(part, name) != value}
    if news:
        RollOutTenant.update(**news).where(RollOutTenant.id == part.id).execute()
    for name, value in news.items():
        setattr(part, name, value)


def leave_rest_out(rollout: RollOut, why: str) -> None:
    """Leave out every tenant that was not begun. Its restore, if it has one, is cancelled by whoever works at it."""
    rest = (RollOutTenant.rollout == rollout) & RollOutTenant.state.in_(list(NOT_BEGUN))
    lock_rows(RollOutTenant, rest)
    restore_ids = [row[0] for row in RollOutTenant.select(RollOutTenant.restore).where(rest).tuples() if row[0]]
    RollOutTenant.update(state=T.LEFT_OUT, message=why, changed_at=utcnow()).where(rest).execute()
    cancel_unused(restore_ids)


def cancel_unused(restore_ids: Iterable[int]) -> None:
    """Cancel these restores, but for those that began."""
    unused = is_in(Restore.id, list(restore_ids)) & Restore.state.in_(list(CHANGEABLE))
    lock_rows(Restore, unused)
    Restore.update(state=RestoreState.CANCELLED, ended_at=utcnow()).where(unused).execute()


# --- plans -----------------------------------------------------------------------------------------------------------


def plan_mark(restore: Restore | None) -> str | None:
    """Return a fingerprint of what the restore's plan does, the same for an equal plan that is made later.

    The one that a page shows has a salt in it (db/restores/plan_fingerprint.py). This one is shown nowhere.
    """
    if restore is None or not restore.plan_parts:
        return None
    return _fingerprint({part: mark for part, mark in restore.plan_parts.items() if part != plan_fingerprint.SALT})


def plans_fingerprint(parts: Sequence[RollOutTenant]) -> str:
    """Return one fingerprint of all plans of a ring: what a person confirms is what they have seen."""
    return _fingerprint([[part.id, part.state, part.restore.planned_mark if part.restore else None] for part in parts])


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def require_fresh(parts: Sequence[RollOutTenant], longest: timedelta) -> None:
    """Raises Invalid where a plan is too old to be trusted, or is no plan any more."""
    ready = (RestoreState.PREVIEWED, RestoreState.APPROVED)
    old = [part for part in parts if not _is_fresh(part.restore, ready, longest)]
    if old:
        raise Invalid(f"{len(old)} of {len(parts)} plans are too old, or were changed: plan again, and look at it.")


def _is_fresh(restore: Restore | None, ready: Sequence[RestoreState], longest: timedelta) -> bool:
    if restore is None or restore.state not in ready or restore.previewed_at is None:
        return False
    return bool(is_recent(restore.previewed_at, longest, utcnow()))


def mark_confirmed(parts: Sequence[RollOutTenant]) -> None:
    for part in parts:
        note(part, confirmed_mark=plan_mark(part.restore))


def plan_all_again(rollout: RollOut) -> None:
    is_planned = (RollOutTenant.rollout == rollout) & (RollOutTenant.state == T.PREVIEWED)
    RollOutTenant.update(state=T.PREVIEWING, changed_at=utcnow()).where(is_planned).execute()


# --- counting --------------------------------------------------------------------------------------------------------


def count_by_state(rollout: RollOut) -> dict[str, int]:
    grouped = RollOutTenant.select(RollOutTenant.state, pw.fn.COUNT(RollOutTenant.id)).group_by(RollOutTenant.state)
    return dict(grouped.where(RollOutTenant.rollout == rollout).tuples())


def total_counts(parts: Iterable[RollOutTenant]) -> dict[str, int]:
    """Return action or outcome -> how many items of these tenants."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.counts)
    return dict(total)


# --- the tenant's adoption -------------------------------------------------------------------------------------------


def adoption_of(part: RollOutTenant) -> StandardAdoption | None:
    """Return how the tenant follows the standard; None: it does not any longer."""
    adoption: StandardAdoption | None = StandardAdoption.get_or_none(
        (StandardAdoption.standard == part.rollout.standard_id) & (StandardAdoption.tenant == part.tenant_id)
    )
    return adoption


def hold_to(adoption: StandardAdoption, version_id: int | None) -> None:
    """Say to which version the tenant is held from now on, and that its cells are to be worked out again."""
    changes: Mapping[str, Any] = {"version": version_id, "due_since": utcnow()}
    StandardAdoption.update(**changes).where(StandardAdoption.id == adoption.id).execute()


def find_content(tenant_id: int, fingerprint: str) -> Content | None:
    """Return what was left in a tenant, by its fingerprint, if it is kept still."""
    content: Content | None = Content.get_or_none((Content.tenant == tenant_id) & (Content.fingerprint == fingerprint))
    return content


def mark_left_by_undo(restore: Restore, item: RestoreItem) -> str | None:
    """Return the fingerprint that an undo left of the item's policy, if no restore of the standard came after it."""
    undone = Restore.alias()
    of_standard = (Restore.standard_id == restore.standard_id) | (undone.standard_id == restore.standard_id)
    of_policy = (RestoreItem.policy_type == item.policy_type) & (RestoreItem.target_id == item.target_id)
    was_written = (Restore.tenant == restore.tenant_id) & RestoreItem.after_mark.is_null(False)
    query = RestoreItem.select(RestoreItem.after_mark, Restore.undo_of).join(Restore)
    query = query.join(undone, pw.JOIN.LEFT_OUTER, on=Restore.undo_of == undone.id)
    newest = query.where(of_standard & of_policy & was_written).order_by(Restore.id.desc()).objects().first()
    return newest.after_mark if newest is not None and newest.undo_of else None


def not_compared_since(standard_id: int, tenant_ids: Sequence[int], moment: datetime) -> int:
    """Return how many of these tenants have cells that say nothing of what was done until then."""
    its = (StandardAdoption.standard == standard_id) & is_in(StandardAdoption.tenant, tenant_ids)
    is_older = StandardAdoption.checked_at.is_null() | (StandardAdoption.checked_at < moment)
    return int(StandardAdoption.select().where(its & is_older).count())


def not_as_wanted(standard_id: int, tenant_ids: Sequence[int], *, but_for: str) -> int:
    """Return how many policies of these tenants are not as the standard wants them, as the cells say.

    `but_for`: the words of a cell that is so because a second step is to come.
    """
    its = (StandardAdoption.standard == standard_id) & is_in(StandardAdoption.tenant, tenant_ids)
    is_bad = StandardCell.state.in_(list(_NOT_AS_WANTED)) & (StandardCell.why != but_for)
    return int(StandardCell.select().join(StandardAdoption).where(its & is_bad).count())
