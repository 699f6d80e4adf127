"""Notes of a plan on whom a policy reaches once it is written, and who loses it: from the content and the target alone.

They are part of the plan, and bound to its approval like its other notes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from actors.facade import assignment_names
from db.models import Tenant
from graph.assignments.target import ALL_DEVICES, ALL_USERS, GROUP, GUESTS, ROLE, USER
from graph.assignments.targets import targets_of
from graph.content.spellings import GUID
from graph.restore.options import RestoreOptions, writes_assignments
from graph.restore.plan_case import ItemPlan
from graph.write.write_requests import PolicyContent

# (kind, id)
Keys = set[tuple[str, str]]
_WITHOUT_ID = {ALL_USERS: "all users", ALL_DEVICES: "all devices", GUESTS: "guests and external users"}
_SHOWN = 5
_WRITES = frozenset({"create", "recreate", "undelete", "update", "remove"})


def with_reach(
    plan: ItemPlan,
    tenant: Tenant,
    policy_type: str,
    desired: PolicyContent | None,
    now: PolicyContent | None,
    options: RestoreOptions,
) -> ItemPlan:
    """Add whom the policy will reach, and who loses it. `desired` None: it is removed; `now` None: it is not there.

    Of a write that changes nobody's policies nothing is said.
    """
    if plan.action not in _WRITES:
        return plan
    then = desired and _as_assigned(desired, now, options)
    before, after = _included(policy_type, now), _included(policy_type, then)
    if before == after:
        return plan
    names = assignment_names.names_in_tenant(tenant.id, before | after)
    return replace(plan, notes=(*plan.notes, *_sentences(before, after, names)))


def _as_assigned(desired: PolicyContent, now: PolicyContent | None, options: RestoreOptions) -> PolicyContent:
    """Return what is written with the assignments that the policy will have."""
    if writes_assignments(options, is_made=now is None):
        return desired
    return {**desired, "assignments": now.get("assignments") if now else []}


def _sentences(before: Keys, after: Keys, names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    if after:
        yield _reach(after, names)
    if before - after:
        yield f"Taken from: {_listed(before - after, names)}."


def _reach(keys: Keys, names: Mapping[tuple[str, str], str]) -> str:
    groups = {key for key in keys if key[0] == GROUP}
    if len(groups) != len(keys):
        return f"It reaches {_listed(keys, names)}."
    return (
        f"It reaches 1 group: {_listed(keys, names)}."
        if len(groups) == 1
        else (f"It reaches {len(groups)} groups: {_listed(keys, names)}.")
    )


def _listed(keys: Keys, names: Mapping[tuple[str, str], str]) -> str:
    called = sorted({_WITHOUT_ID.get(kind) or _name(kind, object_id, names) for kind, object_id in keys})
    more = len(called) - _SHOWN
    return ", ".join(called[:_SHOWN]) + (f" (+{more})" if more > 0 else "")


def _name(kind: str, object_id: str, names: Mapping[tuple[str, str], str]) -> str:
    if (kind, object_id) in names:
        return names[kind, object_id]
    # In place of an id that this restore has yet to make stands a word.
    return object_id if GUID.fullmatch(object_id) else "what this restore makes"


def _included(policy_type: str, content: Mapping[str, Any] | None) -> Keys:
    """Return whom the content includes, wherever it assigns itself."""
    targets = targets_of(policy_type, content, ()) if content else []
    meant = (GROUP, USER, ROLE, *_WITHOUT_ID)
    return {
        (target.kind, target.object_id)
        for target in targets
        if target.is_whom and not target.is_excluded and target.kind in meant
    }
