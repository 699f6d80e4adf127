"""The sample of a rehearsal: restored into the lab as copies that reach nobody, and compared with what was planned."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from actors.plans import drafts, plan_items
from actors.reading.answer_memory import RunMemory
from actors.rehearsals import restore_steps
from actors.rehearsals.awaited_runs import StepFailed
from actors.tenants import graph_clients
from db.audit.audit import Actor
from db.backups import backup_sets
from db.database import database, lock_rows
from db.encryption import SealError
from db.errors import Invalid
from db.models import BackupSet, Rehearsal, Restore, RestoreItem, Run, RunItem, Snapshot, Tenant
from db.policies import snapshots
from db.rehearsals import rehearsals, rules
from db.rehearsals.rehearsals import NewFinding
from db.restores import restore_drafts, restore_items
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.states import SUCCESSFUL_OUTCOMES, WRITTEN_OUTCOMES, ItemState, Outcome
from graph.display.diff import Difference
from graph.errors import GraphError, NotFound, Rejected
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading, read_policy
from graph.restore.options import COPY, NONE, REPORT_ONLY, RestoreOptions
from graph.transport.batch_driver import RequestSteps, drive_one
from graph.write.write_requests import remaining_differences
from graph.write.write_rules import WRITE_RULES

# One of each policy type, those first that were not rehearsed for longest.
SAMPLE_SIZE = 20
SHOWN_DIFFERENCES = 20
# Under this the answers of the whole sample are remembered.
SAMPLE = "sample"
TITLE = "the sample goes into the lab"
NOTHING_FIT = "Nothing of the backup can be made in the lab: there is no policy in it that can be restored as a copy."


# --- the sample ------------------------------------------------------------------------------------------------------


def choose_sample(stored: Sequence[Snapshot], last: Mapping[tuple[str, str], int]) -> list[Snapshot]:
    """Choose up to SAMPLE_SIZE snapshots, one of each policy type: over time every policy has its turn.

    `last`: (policy type, Graph id) -> the number of the rehearsal that had it last.
    """
    by_type: dict[str, list[Snapshot]] = {}
    for snapshot in stored:
        if _may_be_copied(snapshot):
            by_type.setdefault(snapshot.policy.policy_type, []).append(snapshot)
    last_of_type: dict[str, int] = {}
    for (policy_type, _), number in last.items():
        last_of_type[policy_type] = max(number, last_of_type.get(policy_type, 0))
    types = sorted(by_type, key=lambda key: (last_of_type.get(key, 0), key))[:SAMPLE_SIZE]
    return [min(by_type[key], key=lambda snapshot: _turn(snapshot, last)) for key in types]


def _turn(snapshot: Snapshot, last: Mapping[tuple[str, str], int]) -> tuple[int, int]:
    return last.get((snapshot.policy.policy_type, snapshot.policy.graph_id), 0), snapshot.id


def _may_be_copied(snapshot: Snapshot) -> bool:
    """Return whether policies of its type are ever made as copies: neither a tenant's only one nor a group is."""
    policy_type = POLICY_TYPES.get(snapshot.policy.policy_type)
    if policy_type is None or policy_type.is_single or policy_type.is_referred or policy_type.named:
        return False
    return not snapshot.policy.is_built_in and not WRITE_RULES[policy_type.key].cannot_restore


def options_of(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the options of the lab's restore: a copy under a name of its own, in report-only mode, for nobody."""
    prefix = f"Rehearsal {rehearsal.id}: "
    return asdict(
        RestoreOptions(
            assignments=NONE, existing=COPY, prefix=prefix, drop_missing=True, conditional_access=REPORT_ONLY
        )
    )


# --- restoring it ----------------------------------------------------------------------------------------------------


def restore(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, step: str, actor: Actor) -> str:
    """Restore the sample, and keep what became of it. Return a sentence. Raises OtherRunAwaited, and StepFailed."""
    restore = _require_lab_restore(claim, rehearsal, backup_set, actor)
    restore = restore_steps.previewed(restore, actor, TITLE)
    _leave_only_copies(claim, restore, actor)
    run = restore_steps.written(restore, actor, f"Rehearsal {rehearsal.id}", TITLE)
    results = {row.restore_item_id: row for row in run_items.of_run(run)}
    items = restore_items.items(restore)
    rows = [_sample_row(item, results.get(item.id)) for item in items]
    found = [finding for item in items if (finding := _finding(item, results.get(item.id), run))]
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.save_samples(rehearsal, rows)
        rehearsals.replace_findings(rehearsal, step, found)
    made = sum(row["lab_object_id"] is not None for row in rows)
    if not made:
        raise StepFailed("nothing_fits", "Nothing of the sample was made in the lab.")
    return f"{made} of {len(rows)} policies were made in the lab by run {run.id}, assigned to nobody."


def _require_lab_restore(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, actor: Actor) -> Restore:
    """Return the lab's restore, drafting it the first time. Before it has written, the lab has to be allowed still."""
    known = Restore.get_or_none(Restore.id == rehearsal.lab_restore_id) if rehearsal.lab_restore_id else None
    if known is not None and known.started_at is not None:
        return known
    why = rules.refusal_now(rehearsal.tenant, rehearsal.lab_id)
    if why:
        raise StepFailed("no_lab", why)
    return known or _draft(claim, rehearsal, backup_set, Tenant.get_by_id(rehearsal.lab_id), actor)


def _draft(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, lab: Tenant, actor: Actor) -> Restore:
    stored = snapshots.load_with_policies(backup_sets.snapshot_ids(backup_set))
    sample = choose_sample(stored, rehearsals.last_rehearsed(rehearsal.tenant))
    if not sample:
        raise StepFailed("nothing_fits", NOTHING_FIT)
    with database.atomic():
        lock_rows(Tenant, Tenant.id == lab.id)
        try:
            drafted = drafts.from_backup_set(
                backup_set, lab, options_of(rehearsal), actor, snapshot_ids=[snapshot.id for snapshot in sample]
            )
        except Invalid as e:
            raise StepFailed("refused", str(e)) from e
        rehearsals.mark_restore(drafted, rehearsal)
        claims.assert_claim(claim)
        rehearsals.note(rehearsal, lab_restore_id=drafted.id)
    return Restore.get_by_id(drafted.id)


def _leave_only_copies(claim: Claim, restore: Restore, actor: Actor) -> None:
    """Leave out whatever the plan would write in place of making it anew, and plan again. Raises OtherRunAwaited."""
    if restore.started_at is not None:
        return
    items = restore_items.items(restore)
    kept = [item.id for item in items if item.action not in WRITTEN_OUTCOMES or item.action == Outcome.CREATE]
    if len(kept) == len(items):
        return
    if not kept:
        raise StepFailed("nothing_fits", NOTHING_FIT)
    restore_drafts.remove_other_items(restore, kept, actor)
    claim.has_progressed = True
    restore_steps.previewed(Restore.get_by_id(restore.id), actor, TITLE)


def _sample_row(item: RestoreItem, result: RunItem | None) -> dict[str, Any]:
    return {
        "policy_type": item.policy_type,
        "graph_id": item.graph_id,
        "name": item.name,
        "lab_object_id": item.created_id,
        "outcome": (result and result.outcome) or item.outcome or item.action,
        "message": (result and result.message) or item.message,
        "differences": None,
        "is_removed": False,
    }


def _finding(item: RestoreItem, result: RunItem | None, run: Run) -> NewFinding | None:
    """Say what of an item was not made. That the plan does not write it is known: a remark, and no failure."""
    outcome = result.outcome if result else item.outcome
    if outcome in SUCCESSFUL_OUTCOMES:
        return None
    about = {"policy_type": item.policy_type, "graph_id": item.graph_id, "name": item.name}
    if outcome in (Outcome.BLOCKED, Outcome.EXISTS):
        # Of the lab alone: what it lacks, the tenant itself may have.
        why = f"Not made in the lab: {item.message or 'the plan does not write it.'}"
        return NewFinding(item.reason or "blocked", why, **about, is_failure=False)
    why = (result and result.message) or f"It was not made: run {run.id} ended before it."
    if result is not None and result.state == ItemState.UNCERTAIN:
        why += f" Look in the lab whether “{item.restore.options['prefix']}{item.name}” is there, and delete it."
    return NewFinding((result and result.reason) or "not_made", why, **about)


# --- comparing it ----------------------------------------------------------------------------------------------------


def compare(claim: Claim, rehearsal: Rehearsal, step: str) -> str:
    """Read the sample in the lab anew, and compare each field with what was planned. Raises GraphError, StepFailed."""
    samples = {(row.policy_type, row.graph_id): row for row in rehearsals.samples_of(rehearsal) if row.lab_object_id}
    restore = Restore.get_or_none(Restore.id == rehearsal.lab_restore_id) if samples else None
    if restore is None:
        raise StepFailed("nothing_made", "Nothing was made in the lab that could be compared.")
    items = [item for item in restore_items.items(restore) if item.created_id]
    memory = RunMemory(claim, "lab")
    readings = _read_lab(restore.tenant, items, memory)
    counted, found = {}, []
    for item in items:
        differences = _differences(item, items, readings[item.id])
        sample = samples[item.policy_type, item.graph_id]
        if isinstance(differences, NewFinding):
            found.append(differences)
        else:
            counted[sample.id] = len(differences)
            found += [_difference_finding(item, differences)] if differences else []
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.note_differences(counted)
        rehearsals.replace_findings(rehearsal, step, found)
        memory.forget([SAMPLE])
    equal = sum(count == 0 for count in counted.values())
    return f"{equal} of {len(items)} policies were read back in the lab exactly as they were planned."


def _read_lab(lab: Tenant, items: Sequence[RestoreItem], memory: RunMemory) -> dict[int, Reading | GraphError]:
    """Read what was made. Raises the GraphError of an answer that may come yet."""
    graph = graph_clients.signed_in_client(lab)
    wanted = {
        item.id: read_policy(POLICY_TYPES[item.policy_type], str(item.created_id), with_names=False) for item in items
    }
    return drive_one(graph, _one_after_another(wanted), memory, SAMPLE)


def _one_after_another(wanted: Mapping[int, RequestSteps[Reading]]) -> RequestSteps[dict[int, Reading | GraphError]]:
    """Read all as one reading, whose memory holds until its end: a limit may let one request through in a message."""
    readings: dict[int, Reading | GraphError] = {}
    for item_id, steps in wanted.items():
        try:
            readings[item_id] = yield from steps
        except Rejected as e:
            readings[item_id] = e
    return readings


def _differences(
    item: RestoreItem, items: Sequence[RestoreItem], reading: Reading | GraphError
) -> list[Difference] | NewFinding:
    about = {"policy_type": item.policy_type, "graph_id": item.graph_id, "name": item.name}
    if isinstance(reading, NotFound):
        return NewFinding("gone", f"Its copy {item.created_id} is no longer in the lab: somebody deleted it.", **about)
    if isinstance(reading, GraphError):
        return NewFinding(reading.code, reading.sentence, **about)
    created = {other.id: str(other.created_id) for other in items}
    options = RestoreOptions(**item.restore.options)
    try:
        want = plan_items.content_to_write(item, options, created)
    except SealError:
        return NewFinding("sealed", "Its content in the backup does not open any more.", **about)
    is_assigned = plan_items.with_assignments(item.action, options)
    return remaining_differences(POLICY_TYPES[item.policy_type], reading.content, want, with_assignments=is_assigned)


def _difference_finding(item: RestoreItem, differences: Sequence[Difference]) -> NewFinding:
    """Name the fields, and none of their values: they may be secrets."""
    labels = [difference.label for difference in differences[:SHOWN_DIFFERENCES]]
    more = len(differences) - len(labels)
    sentence = f"Its copy {item.created_id} in the lab is otherwise than planned: {', '.join(labels)}"
    sentence += f" and {more} more." if more else "."
    return NewFinding("differs", sentence, item.policy_type, item.graph_id, item.name)
