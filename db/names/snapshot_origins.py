"""The work by which a snapshot was made: somebody's capture, a comparison, a backup, or a restore, before or after.

Who captured a policy did not change it: these words never say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.models import RestoreItem, Run, Snapshot, User
from db.names.work_names import RESTORE, RUN, SNAPSHOT, Name, find_names, names_of
from db.sql.value_lists import batched
from db.states import RunKind

# What asks for a run to compare with the tenant now, as the run keeps it.
COMPARISON, SCHEDULE = "comparison", "schedule"


@dataclass(frozen=True)
class Origin:
    """`name` is what made the snapshot, in words; its number is that of the run or restore."""

    name: Name
    is_after_restore: bool = False


def origins_of(snapshots: Sequence[Snapshot]) -> dict[int, Origin]:
    """Return snapshot id -> its origin, in a few statements whatever their number."""
    runs = _rows(Run, {row.run_id for row in snapshots})
    people = {key: row.name for key, row in _rows(User, {row.captured_by_id for row in snapshots}).items()}
    restores = find_names(RESTORE, {run.restore_id for run in runs.values() if run.restore_id})
    backups = names_of([run for run in runs.values() if run.kind == RunKind.BACK_UP])
    before = _taken_before([row.id for row in snapshots if row.run_id in runs and runs[row.run_id].restore_id])
    found = {}
    for row in snapshots:
        run, person = runs.get(row.run_id), people.get(row.captured_by_id)
        if run and run.restore_id in restores:
            found[row.id] = _of_restore(restores[run.restore_id], person, is_before=row.id in before)
        elif run and run.id in backups:
            found[row.id] = Origin(_of_backup(run, backups[run.id], person))
        else:
            found[row.id] = Origin(_of_capture(row, run, person))
    return found


def _of_restore(restore: Name, person: str | None, *, is_before: bool) -> Origin:
    if is_before:
        sentence = "before “{restore}” by {person}" if person else "before “{restore}”"
    else:
        sentence = "after “{restore}” by {person}" if person else "after “{restore}”"
    name = Name(RESTORE, restore.number, sentence, {"restore": restore, "person": person})
    return Origin(name, is_after_restore=not is_before)


def _of_backup(run: Run, backup: Name, person: str | None) -> Name:
    values = {"person": person, "backup": backup}
    if person:
        return Name(RUN, run.id, "captured by {person} ({backup})", values)
    if run.origin == SCHEDULE:
        return Name(RUN, run.id, "captured by the schedule ({backup})", values)
    return Name(RUN, run.id, "captured by a command ({backup})", values)


def _of_capture(snapshot: Snapshot, run: Run | None, person: str | None) -> Name:
    values = {"person": person}
    kind, number = (RUN, run.id) if run else (SNAPSHOT, snapshot.id)
    if run and run.kind == RunKind.LOOK:
        return Name(kind, number, "kept when {person} looked for changes" if person else "kept by a look", values)
    if run and run.origin == COMPARISON:
        return Name(
            kind, number, "captured by {person} for a comparison" if person else "captured for a comparison", values
        )
    if person:
        return Name(kind, number, "captured by {person}", values)
    return Name(kind, number, "captured by a command" if run else "captured by a schedule or a command", values)


def _taken_before(snapshot_ids: Sequence[int]) -> set[int]:
    """Return those of these that hold what was there before a restore wrote."""
    return {
        row[0]
        for some in batched(snapshot_ids)
        for row in RestoreItem.select(RestoreItem.safety_snapshot)
        .where(RestoreItem.safety_snapshot.in_(some))
        .distinct()
        .tuples()
    }


def _rows(model: Any, ids: set[int | None]) -> dict[int, Any]:
    known = sorted(row_id for row_id in ids if row_id is not None)
    return {row.id: row for some in batched(known) for row in model.select().where(model.id.in_(some))}
