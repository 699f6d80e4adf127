"""Restores, their plans and what became of them. No content stands in them as it is: secrets are masked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from typing_extensions import TypedDict

import config
from actors.facade.snapshot_diff import Difference, Masking
from actors.plans import drafts, plan_text, restore_results
from actors.plans.plan_text import Section
from db.accounts import users
from db.encryption import SealError
from db.models import Restore, RestoreItem
from db.restores import approvals, four_eyes, restore_items, restores, undos
from db.states import ACTIVE, Outcome, RestoreState
from web.api import addresses
from web.api.representations.values import Id, ReferenceJson, Time, reference, time, time_or_none
from web.presentation import restore_text


class RestoreSourceJson(TypedDict):
    """The source of the contents: a directory, and in words a backup set, a snapshot or a file."""

    directory_id: str
    name: str
    backup_set: Id | None


class RestoreOptionsJson(TypedDict):
    """The options, as they are given when a restore is asked for."""

    assignments: str
    existing: str
    prefix: str
    conditional_access: str
    drop_missing: bool
    groups: str
    deleted: str


class RestoreJson(TypedDict):
    """A request to write policies to a tenant. `fingerprint` is its plan's: what is approved and executed is that one.

    `undone_by`: the restores that took back all that it wrote, whatever its state says; none while something of it is
    left. `expires_at`: until when its plan may be executed. `needs_approval`: a second person has to approve the plan.
    """

    id: Id
    tenant: ReferenceJson
    source: RestoreSourceJson
    undo_of: Id | None
    undone_by: list[Id]
    state: RestoreState
    options: RestoreOptionsJson
    reason: str | None
    requested_by: ReferenceJson | None
    created_at: Time
    previewed_at: Time | None
    expires_at: Time | None
    fingerprint: str | None
    needs_approval: bool
    approved_by: ReferenceJson | None
    approved_at: Time | None
    started_at: Time | None
    ended_at: Time | None
    safety_set: Id | None
    url: str


class RestoreWarningJson(TypedDict):
    """A policy that is weaker, incomplete or assigned to nobody after the restore."""

    item: Id
    name: str
    sentence: str
    severity: str


class HeldBackJson(TypedDict):
    """An item that the Conditional Access guard keeps from being written, and why."""

    item: Id
    name: str
    sentence: str | None


class RestoreRunJson(TypedDict):
    """A run of the restore: a preview, or a live one."""

    id: Id
    url: str


class RestoreDetailsJson(RestoreJson):
    """A restore with what its plan comes to. `plan`: how many items have each action.

    `sentence` says the plan, or what a finished restore did. `guard_reason`: why what the guard holds back is written
    all the same. `asks_about_guard`: executing takes `put_back_held`. `active_run`: its run that goes on.
    """

    items: int
    plan: dict[str, int]
    sentence: str
    warnings: list[RestoreWarningJson]
    held_back: list[HeldBackJson]
    guard_reason: str | None
    asks_about_guard: bool
    requesters: list[ReferenceJson]
    runs: list[RestoreRunJson]
    active_run: Id | None


class DangerJson(TypedDict):
    """Something to look at before this is written."""

    title: str
    sentence: str


class RestoreItemJson(TypedDict):
    """A policy's part in a restore. `action`: what a live restore does with it; null: only a preview can tell.

    `outcome`: what was done with it. `target_id`: the policy in the tenant that is written, or the new one.
    """

    id: Id
    policy_type: str
    graph_id: str
    name: str
    snapshot: Id | None
    action: Outcome | None
    target_id: str | None
    difference_count: int
    reason: str | None
    message: str | None
    dangers: list[DangerJson]
    outcome: Outcome | None


class PlanDifferenceJson(TypedDict):
    """A setting that is overwritten: before is live, after is the plan. Values are JSON; a secret is masked.

    `path` is where it stands in the content. `label`, `before` and `after` are in Microsoft's words where these are
    known; `exact_before` and `exact_after` are as the content has them.
    """

    path: list[str]
    label: str
    kind: str
    before: Any
    after: Any
    exact_before: Any
    exact_after: Any


class PlanLineJson(TypedDict):
    """A line of what is written. `value` null: a heading of deeper lines. `more`: the exact id or type behind it."""

    depth: int
    label: str
    value: str | None
    more: str
    is_hidden: bool


class PlanSectionJson(TypedDict):
    """A part of what is written, line by line."""

    title: str
    lines: list[PlanLineJson]


class PlanReferenceJson(TypedDict):
    """An object that the policy refers to, and what stands for it in the tenant, in words."""

    kind: str
    id: str
    name: str | None
    how: str
    sentence: str


class PlannedItemJson(RestoreItemJson):
    """An item with all that its plan would write, masked; of one that is not written, what the backup holds.

    `differences` and `sections` null: the content cannot be opened.
    """

    differences: list[PlanDifferenceJson] | None
    sections: list[PlanSectionJson] | None
    references: list[PlanReferenceJson]


def listed(rows: Sequence[Restore]) -> list[RestoreJson]:
    """Represent the restores of a page; each has its tenant."""
    people = users.names_by_id({row.created_by_id for row in rows} | {row.approved_by_id for row in rows} - {None})
    undone_by = undos.that_undid_each(rows)
    return [_restore(row, people, [undo.id for undo in undone_by[row.id]]) for row in rows]


def _restore(restore: Restore, people: dict[int, str], undone_by: list[Id]) -> RestoreJson:
    def person(user_id: int | None) -> ReferenceJson | None:
        return {"id": user_id, "name": people[user_id]} if user_id in people else None

    return {
        "id": restore.id,
        "tenant": reference(restore.tenant),
        "source": {
            "directory_id": restore.source_directory_id,
            "name": restore.source_name,
            "backup_set": restore.backup_set_id,
        },
        "undo_of": restore.undo_of_id,
        "undone_by": undone_by,
        "state": restore.state,
        "options": _options(restore),
        "reason": restore.reason,
        "requested_by": person(restore.created_by_id),
        "created_at": time(restore.created_at),
        "previewed_at": time_or_none(restore.previewed_at),
        "expires_at": time_or_none(approvals.expires_at(restore, config.settings().plan_hours)),
        "fingerprint": restore.planned_mark,
        "needs_approval": bool(restore.asks_four_eyes or restore.tenant.four_eyes),
        "approved_by": person(restore.approved_by_id),
        "approved_at": time_or_none(restore.approved_at),
        "started_at": time_or_none(restore.started_at),
        "ended_at": time_or_none(restore.ended_at),
        "safety_set": restore.safety_set_id,
        "url": address(restore.id),
    }


def _options(restore: Restore) -> Any:
    # One from before groups could be made, or deleted objects brought back, says nothing of them.
    return {"groups": "no", "deleted": "new", **restore.options}


def address(restore_id: int) -> str:
    return addresses.whole("restores.get_restore", restore_id=restore_id)


def details(restore: Restore) -> RestoreDetailsJson:
    """Represent one restore as it is now."""
    [row] = listed([restore])
    runs_of_it = restores.runs_of_restore(restore)
    planned, results = restore_items.count_plan(restore), restore_items.results(runs_of_it)
    looked_at, held = restore_items.with_dangers(restore), approvals.items_held_back(restore)
    is_over = restore.state in (RestoreState.RUNNING, RestoreState.FINISHED)
    actions: Counter[str] = Counter()
    for (action, _), count in planned.items():
        actions[action] += count
    warnings = (
        restore_results.warnings_after(looked_at, results) if is_over else restore_results.warnings_before(looked_at)
    )
    active = next((run.id for run in runs_of_it if run.state in ACTIVE), None)
    return {
        **row,
        "items": restore_items.count(restore),
        "plan": dict(actions),
        "sentence": _sentence(restore, planned, results, held),
        "warnings": [
            {"item": warned.item_id, "name": warned.name, "sentence": warned.sentence, "severity": warned.severity}
            for warned in warnings
        ],
        "held_back": [{"item": item.id, "name": item.name, "sentence": item.message} for item in held],
        "guard_reason": restore.guard_reason,
        "asks_about_guard": restore.state in approvals.READY and approvals.asks_about_guard(restore),
        "requesters": _requesters(restore),
        "runs": [{"id": run.id, "url": addresses.whole("runs.get_run", run_id=run.id)} for run in runs_of_it],
        "active_run": active,
    }


def _sentence(restore: Restore, planned: Any, results: Any, held: Sequence[RestoreItem]) -> str:
    """Say the plan, or what the restore did; "" while there is no plan."""
    if restore.state == RestoreState.FINISHED:
        names = [result.name for result in results.values() if result.reason == "guard"]
        return restore_text.result_sentence(
            restore_results.result_fates(results.values(), restore_items.count(restore)), names
        )
    if restore.planned_mark is None:
        return ""
    names = [] if restore.guard_reason else [item.name for item in held]
    fates = restore_results.plan_fates(planned, is_overridden=bool(restore.guard_reason))
    return restore_text.plan_sentence(fates, names)


def _requesters(restore: Restore) -> list[ReferenceJson]:
    """Name all who decided a part of it: where the tenant asks for four eyes, none of them may approve it."""
    people = users.names_by_id(four_eyes.requesters(restore))
    return [{"id": user_id, "name": name} for user_id, name in sorted(people.items())]


def items(rows: Iterable[RestoreItem]) -> list[RestoreItemJson]:
    return [_item(row) for row in rows]


def _item(item: RestoreItem) -> RestoreItemJson:
    return {
        "id": item.id,
        "policy_type": item.policy_type,
        "graph_id": item.graph_id,
        "name": item.name,
        "snapshot": item.snapshot_id,
        "action": item.action or (Outcome.REMOVE if item.content_id is None else None),
        "target_id": item.created_id or item.target_id,
        "difference_count": item.differences,
        "reason": item.reason,
        "message": item.message,
        "dangers": [{"title": title, "sentence": sentence} for title, sentence in restore_text.item_dangers(item)],
        "outcome": item.outcome,
    }


def planned_items(rows: Iterable[RestoreItem]) -> list[PlannedItemJson]:
    """Represent items with all that would be written of them."""
    return [_planned_item(row) for row in rows]


def _planned_item(item: RestoreItem) -> PlannedItemJson:
    differences, sections = _read_out(item)
    return {
        **_item(item),
        "differences": differences,
        "sections": sections,
        "references": [
            {
                "kind": str(resolution["kind"]),
                "id": str(resolution["id"]),
                "name": resolution["name"],
                "how": resolution["how"],
                "sentence": restore_text.describe_resolution(resolution),
            }
            for resolution in item.resolutions or ()
        ],
    }


def _read_out(item: RestoreItem) -> tuple[list[PlanDifferenceJson] | None, list[PlanSectionJson] | None]:
    try:
        names, hide = plan_text.target_names(item.restore.tenant, [item]), Masking()
        words = plan_text.words_of_items([item])
        differences = drafts.differences(item, hide, names, words)
        sections = plan_text.sections(item, hide, names, words)
    except SealError:
        return None, None
    return [_difference(difference) for difference in differences], [_section(section) for section in sections]


def _difference(difference: Difference) -> PlanDifferenceJson:
    exact_before, exact_after = difference.exact or (difference.before, difference.after)
    return {
        "path": [str(part) for part in difference.path],
        "label": difference.label,
        "kind": difference.kind,
        "before": difference.before,
        "after": difference.after,
        "exact_before": exact_before,
        "exact_after": exact_after,
    }


def _section(section: Section) -> PlanSectionJson:
    lines: list[PlanLineJson] = [
        {
            "depth": line.depth,
            "label": line.label,
            "value": line.value,
            "more": line.more,
            "is_hidden": line.is_hidden,
        }
        for line in section.lines
    ]
    return {"title": section.title, "lines": lines}
