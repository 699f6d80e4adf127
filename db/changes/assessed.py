"""Assessing changes: which have to be, and what was found, saved with the state that it gives them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import peewee as pw

from db.changes import approved_states, decisions
from db.changes.approved_states import STANDING
from db.clock import is_recent, utcnow
from db.database import Condition, lock_rows, transaction
from db.models import Change, Policy, RestoreItem, Run, Tenant, Write
from db.notices import occurrences
from db.sql.value_lists import batched
from db.states import (
    ACTIVE,
    POSSIBLY_APPLIED,
    ChangeKind,
    ChangeState,
    NoticeEvent,
    RunKind,
    Severity,
)

# Whoever saw a change assesses it at its own end. What is older was left by a crash.
LEFT_AFTER = timedelta(seconds=30)
# Of these somebody is told: it is news, or to be decided. The rest is as approved, accepted, ignored, or our own.
NEWS = (ChangeState.RECORDED, ChangeState.OPEN, ChangeState.UNDONE, ChangeState.REPLACED)
# A list alone has seen it, and the run that goes on may still read it.
_LISTED_KINDS = (ChangeKind.ADDED, ChangeKind.CAME_BACK)


@dataclass(frozen=True)
class Assessment:
    """The findings about a change. `differences`: [{"path", "label", "how"}], as many as a page shows; `count`: of all.

    `equals_approved`, `differs_only_ignored`: as db.changes.decisions.settle takes them.
    """

    kind: ChangeKind
    severity: Severity
    rules: Sequence[str]
    differences: Sequence[Mapping[str, str]]
    count: int
    restore_id: int | None
    equals_approved: bool
    differs_only_ignored: bool
    # Nothing differs that both readings could read: it was no change.
    is_none: bool = False


def unassessed(tenant_id: int, limit: int, after: int = 0, run: Run | None = None) -> list[Change]:
    """Return changes that are to be assessed, each with its policy, the oldest first.

    What a list alone has seen waits for the end of its run, unless that is `run`: then its own are returned alone.
    """
    is_due = (Change.tenant == tenant_id) & Change.assessed_at.is_null() & (Change.id > after)
    is_due &= (Change.run == run) if run else _is_ready()
    query = Change.select(Change, Policy).join(Policy).switch(Change).join(Run, pw.JOIN.LEFT_OUTER, on=_saw_it())
    return list(query.where(is_due).order_by(Change.id).limit(limit))


def _saw_it() -> Condition:
    return Run.id == Change.run


def _is_ready() -> Condition:
    is_whole = Change.after_mark.is_null(False) | Change.kind.not_in(_LISTED_KINDS)
    return is_whole | Run.id.is_null() | Run.state.not_in(ACTIVE)


def has_unassessed(tenant: Tenant) -> bool:
    return bool(Change.select(Change.id).where((Change.tenant == tenant) & Change.assessed_at.is_null()).exists())


def tenants_with_left(apart: Collection[int], limit: int = 50) -> list[Tenant]:
    """Return tenants with changes that nobody is about to assess, but for those `apart`."""
    is_left = Change.assessed_at.is_null() & (Change.seen_at < utcnow() - LEFT_AFTER) & _is_ready()
    left = Change.select(Change.tenant).join(Run, pw.JOIN.LEFT_OUTER, on=_saw_it()).where(is_left).distinct()
    ids = [row[0] for row in left.tuples() if row[0] not in apart][:limit]
    return list(Tenant.select().where(Tenant.id.in_(ids))) if ids else []


def restore_that_wrote(change: Change) -> int | None:
    """Return the restore of ours that wrote the policy between the two looks; None: none did, so it was somebody else.

    By the write log, whoever saw it: what a restore captures before it writes is another's, and a sync may see our own
    write before the restore has recorded it.
    """
    since = change.since_at
    is_between = (Run.tenant == change.tenant_id) & (Run.kind == RunKind.RESTORE) & (Run.created_at <= change.seen_at)
    if since is not None:
        is_between &= Run.ended_at.is_null() | (Run.ended_at >= since)
    run_ids = [row[0] for row in Run.select(Run.id).where(is_between).tuples()]
    if not run_ids:
        return None
    policy = change.policy
    is_of_policy = (RestoreItem.policy_type == policy.policy_type) & (
        (RestoreItem.target_id == policy.graph_id) | (RestoreItem.created_id == policy.graph_id)
    )
    was_sent = Write.run.in_(run_ids) & Write.state.in_(POSSIBLY_APPLIED) & (Write.sent_at <= change.seen_at)
    if since is not None:
        was_sent &= Write.sent_at >= since
    query = Write.select(RestoreItem.restore).join(RestoreItem).where(was_sent & is_of_policy)
    row = query.order_by(Write.id.desc()).tuples().first()
    return row[0] if row else None


@transaction
def save(change: Change, found: Assessment) -> bool:
    """Save what was found, with the state that it gives the change, and note that it is to be told.

    Return False, and save nothing, where the change was assessed meanwhile or got its content only now.
    """
    approved = approved_states.approved_for(change)
    lives = {change.policy_id, approved.policy_id if approved and approved.policy_id else change.policy_id}
    lock_rows(Policy, Policy.id.in_(sorted(lives)))
    now = Change.get_or_none(Change.id == change.id)
    if now is None or now.assessed_at is not None or now.after_mark != change.after_mark:
        return False
    if found.is_none and approved is None and now.severity is None:
        now.delete_instance()
        return True
    is_told = Severity(now.severity) if now.severity else None
    # That a field counts again makes no news of what was ignored for weeks: it is listed, and told where it is open.
    is_old = now.severity is not None and now.state == ChangeState.IGNORED
    now.kind, now.restore_id = found.kind, found.restore_id
    stood = decisions.standing_before(now)
    only_ignored = found.differs_only_ignored or (found.is_none and approved is None)
    state = decisions.settle(now, equals_approved=found.equals_approved, differs_only_ignored=only_ignored)
    if stood and state in STANDING:
        found = _at_least_as_grave(found, stood)
    columns: dict[str, Any] = {
        "kind": found.kind,
        "restore_id": found.restore_id,
        "severity": found.severity,
        "rules": list(found.rules),
        "differences": list(found.differences),
        "difference_count": found.count,
        "assessed_at": utcnow(),
    }
    Change.update(columns).where(Change.id == change.id).execute()
    if state in NEWS and not found.restore_id and not (is_old and state != ChangeState.OPEN):
        _tell(now, found.severity, is_told)
    return True


def _at_least_as_grave(found: Assessment, stood: Change) -> Assessment:
    """Return the assessment of a change that stands for an earlier one, which what was approved differs by as well."""
    if not stood.severity or _grade(stood.severity) <= _grade(found.severity):
        return found
    rules = [*(stood.rules or ()), *(rule for rule in found.rules if rule not in (stood.rules or ()))]
    return replace(found, severity=Severity(stood.severity), rules=rules)


def _grade(severity: str) -> int:
    return list(Severity).index(Severity(severity))


def _tell(change: Change, severity: Severity, before: Severity | None) -> None:
    """Begin its occurrence. One that turned out graver than was known is told once more."""
    key = f"change:{change.id}"
    if before is not None and _grade(severity) > _grade(before):
        key = f"{key}:{severity}"
    occurrences.begin(NoticeEvent.CHANGE, key, change.tenant_id, severity=severity, change_id=change.id)


# How far back what is decided by ignored fields is looked at again. What is open always is.
REASSESSED_DAYS = 90
_REASSESSED = (ChangeState.RECORDED, ChangeState.IGNORED)


def assess_again(tenant: Tenant | None, policy_type: str) -> int:
    """Let the changes of a policy type be assessed again, of a tenant or of all (None). Return how many.

    Those that say what differs from a standard are worked out with its cells instead.
    """
    of_type = Policy.select(Policy.id).where(Policy.policy_type == policy_type)
    if tenant is not None:
        of_type = of_type.where(Policy.tenant == tenant)
    is_young = is_recent(Change.seen_at, timedelta(days=REASSESSED_DAYS), utcnow())
    is_to_be = (Change.state == ChangeState.OPEN) | (Change.state.in_(_REASSESSED) & is_young)
    is_to_be &= Change.standard_id.is_null()
    query = Change.select(Change.id).where(Change.policy.in_(of_type) & is_to_be).order_by(Change.id)
    ids = [row[0] for row in query.tuples()]
    for some in batched(ids):
        Change.update(assessed_at=None).where(Change.id.in_(some)).execute()
    return len(ids)
