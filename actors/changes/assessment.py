"""`changes.assess`: works out what the changes of a tenant are, a moment after they were seen.

This is no run: nothing of a tenant is read. The message carries the tenant's id. What a crash leaves, the scheduler's
sweep finds; everything here is safe to do twice, and at the same time.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import dramatiq

from actors.facade import snapshot_diff
from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import PRIORITY, UNDER_WAY
from db.changes import approved_states, assessed, ignored_fields, severity_rules
from db.changes.assessed import Assessment
from db.database import is_unreachable
from db.encryption import SealError
from db.events import matching
from db.models import Change, Run, Snapshot, Tenant
from db.policies import snapshots
from db.states import ChangeKind, Severity
from graph.changes import severity
from graph.changes.differences import ChangedPlace, changed_places, unread_paths
from graph.changes.ignored_paths import Path, is_ignored, patterns_of
from graph.changes.severity import ChangeFacts, RuleSetting
from graph.policy_types.table import POLICY_TYPES

logger = logging.getLogger(__name__)

AT_ONCE = 50
# So many are kept of one change: whoever wants all compares the two snapshots.
MOST_DIFFERENCES = 100
# Stands among the differences where nobody can say what they are.
UNOPENED = {"path": "", "label": "What changed is not known: a snapshot could not be opened.", "how": "unknown"}
# The run whose changes these are has ended by then.
DELAY_MS = 500


@dramatiq.actor(broker=broker, actor_name="changes.assess", queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def assess_changes(*, tenant_id: int) -> None:
    assess(tenant_id)


def enqueue(tenant: Tenant) -> None:
    """Have the tenant's new changes assessed, if there are any. Call it after the commit that recorded them."""
    if assessed.has_unassessed(tenant):
        send(assess_changes, delay_ms=DELAY_MS, tenant_id=tenant.id)


def assess(tenant_id: int) -> int:
    """Assess what is ready of the tenant. Return how many changes that were."""
    return _assess_all(tenant_id, None)


def assess_of_run(run: Run) -> int:
    """Assess what this run has seen, also what it knows of lists alone: it reads no more of it."""
    return _assess_all(run.tenant_id, run)


def assess_left(tenant: Tenant) -> None:
    """Assess some changes that were left unassessed; the next sweep goes on."""
    _assess_batch(tenant.id, None, 0)


def _assess_all(tenant_id: int, run: Run | None) -> int:
    count, last = 0, 0
    while batch := _assess_batch(tenant_id, run, last):
        count, last = count + len(batch), batch[-1].id
    return count


def _assess_batch(tenant_id: int, run: Run | None, after: int) -> list[Change]:
    batch = assessed.unassessed(tenant_id, AT_ONCE, after, run)
    rules = _Rules.of_tenant(tenant_id) if batch else None
    if batch:
        # A policy that was added is known by now: so is who added it.
        matching.match_waiting(Tenant.get_by_id(tenant_id))
    for change in batch:
        if rules:
            _assess_one(change, rules)
    return batch


def _assess_one(change: Change, rules: "_Rules") -> None:
    """Assess one change. Whatever is wrong with its contents, it is told with what is known, and holds up no other."""
    try:
        found = _find(change, rules)
    except Exception as e:
        if is_unreachable(e):
            raise
        logger.exception("a change could not be assessed from its contents", extra={"change": change.id})
        found = _find_without_contents(change, rules)
    assessed.save(change, found)


@dataclass(frozen=True)
class _Rules:
    """The rules that an assessment goes by: rules of severity, and what is ignored of a policy type in this tenant."""

    severities: list[RuleSetting]
    ignored: Callable[[str], list[Path]]

    @classmethod
    def of_tenant(cls, tenant_id: int) -> "_Rules":
        names = ("name", "severity", "is_active", "policy_type", "path")
        rows = severity_rules.all_set()

        @cache
        def ignored(policy_type: str) -> list[Path]:
            return patterns_of(policy_type, [row.path for row in ignored_fields.of_tenant(tenant_id, policy_type)])

        return cls([RuleSetting(**{name: getattr(row, name) for name in names}) for row in rows], ignored)


@dataclass(frozen=True)
class _Side:
    """A snapshot with its content. `content` None: there is none, or it cannot be opened (`is_lost`)."""

    snapshot: Snapshot | None = None
    content: Mapping[str, Any] | None = None
    is_lost: bool = False


def _open(snapshot: Snapshot | None, mark: str | None) -> _Side:
    """Open one side of a change. One that had a content, and has no snapshot any longer, is lost."""
    if snapshot is None:
        return _Side(is_lost=mark is not None)
    try:
        return _Side(snapshot, snapshots.read_snapshot(snapshot))
    except SealError:
        return _Side(snapshot, is_lost=True)


def _find(change: Change, rules: _Rules) -> Assessment:
    before, after = _open(change.before, change.before_mark), _open(change.after, change.after_mark)
    places = _places(change, before, after)
    patterns = rules.ignored(change.policy.policy_type)
    counted = [place for place in places or () if not is_ignored(place.path, patterns)]
    kind = _kind(change, counted)
    facts = ChangeFacts(
        POLICY_TYPES[change.policy.policy_type],
        str(kind),
        counted,
        before.content,
        after.content,
        is_unopened=before.is_lost or after.is_lost,
    )
    found = _assessment(change, kind, facts, rules)
    equals, only_ignored = _against_approved(change, after, patterns)
    is_compared = change.kind in (ChangeKind.CHANGED, ChangeKind.ASSIGNMENTS_CHANGED) and places is not None
    if equals is None:
        equals, only_ignored = False, is_compared and bool(places) and not counted
    return replace(found, equals_approved=equals, differs_only_ignored=only_ignored, is_none=is_compared and not places)


def _places(change: Change, before: _Side, after: _Side) -> list[ChangedPlace] | None:
    """Return where the two sides differ; None where there are not two that can be compared."""
    if before.snapshot is None or after.snapshot is None or before.content is None or after.content is None:
        return None
    names = snapshot_diff.object_names([(before.snapshot, before.content), (after.snapshot, after.content)])
    unread = unread_paths(before.snapshot.proof, after.snapshot.proof)
    return changed_places(POLICY_TYPES[change.policy.policy_type], before.content, after.content, names, unread)


def _kind(change: Change, counted: list[ChangedPlace]) -> ChangeKind:
    kind = ChangeKind(change.kind)
    if kind not in (ChangeKind.CHANGED, ChangeKind.ASSIGNMENTS_CHANGED):
        return kind
    is_of_assignments = bool(counted) and all(place.is_of_assignments for place in counted)
    return ChangeKind.ASSIGNMENTS_CHANGED if is_of_assignments else ChangeKind.CHANGED


def _against_approved(change: Change, after: _Side, patterns: list[Path]) -> tuple[bool | None, bool]:
    """Return (whether it is now what was approved, whether only ignored fields differ); None: nothing was approved."""
    approved = approved_states.approved_for(change)
    if approved is None:
        return None, False
    if approved.snapshot_id is None or after.content is None:
        return bool(approved.mark and approved.mark == change.after_mark), False
    right = _open(Snapshot.get_or_none(Snapshot.id == approved.snapshot_id), approved.mark)
    places = _places(change, right, after)
    if places is None:
        return approved.mark == change.after_mark, False
    return not places, bool(places) and all(is_ignored(place.path, patterns) for place in places)


def _assessment(change: Change, kind: ChangeKind, facts: ChangeFacts, rules: _Rules) -> Assessment:
    graveness = severity.assess(facts, rules.severities)
    shown = [place.as_json() for place in facts.places[:MOST_DIFFERENCES]]
    return Assessment(
        kind=kind,
        severity=Severity(graveness.severity),
        rules=graveness.rules,
        differences=[*shown, *([UNOPENED] if facts.is_unopened else [])],
        count=len(facts.places),
        restore_id=assessed.restore_that_wrote(change),
        equals_approved=False,
        differs_only_ignored=False,
    )


def _find_without_contents(change: Change, rules: _Rules) -> Assessment:
    """Assess a change of which nothing but its kind is known."""
    policy_type = POLICY_TYPES.get(change.policy.policy_type)
    kind = ChangeKind(change.kind)
    if policy_type is not None:
        return _assessment(change, kind, ChangeFacts(policy_type, str(kind), is_unopened=True), rules)
    return Assessment(kind, Severity.MEDIUM, ("unopened",), [UNOPENED], 0, None, False, False)
