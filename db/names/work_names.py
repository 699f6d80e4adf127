"""The names of a run, a restore, a backup set and a snapshot: by the work, its numbers small beside it.

Everything that shows one of them asks here: titles, links, lists, messages, notifications and the audit log.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.models import BackupSet, Policy, Restore, RestoreItem, Run, Snapshot, Tenant
from db.sql.value_lists import batched
from db.states import RunKind

LONGEST_REASON = 60


@dataclass(frozen=True)
class Name:
    """A name as one sentence with placeholders, for translation. A page shows `{at}` in the reader's own zone."""

    kind: str
    number: int
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.format_map(
            {key: short_time(value) if isinstance(value, datetime) else value for key, value in self.values.items()}
        )

    @property
    def numbered(self) -> str:
        """The name with its number, for plain text: “Backup of 26 Nov 00:39 UTC (run 41)”."""
        return f"{self} ({self.kind} {self.number})"


class OwnWords(str):
    """A text that Tenantkeep wrote itself, in English: a page translates it. What a person typed stays as it is."""

    __slots__ = ()


RUN, RESTORE, BACKUP_SET, SNAPSHOT = "run", "restore", "backup set", "snapshot"


def short_time(at: datetime) -> str:
    """Write a time in UTC; its year only where it is not the present one."""
    return f"{at.day} {at:%b %H:%M} UTC" if at.year == utcnow().year else f"{at.day} {at:%b %Y %H:%M} UTC"


def name_of(row: Any) -> Name:
    """Return the name of a run, restore, backup set or snapshot."""
    return names_of([row])[row.id]


def names_of(rows: Iterable[Any]) -> dict[int, Name]:
    """Return id -> name of rows of one table, in a few statements whatever their number."""
    listed = list(rows)
    if not listed:
        return {}
    return _MAKERS[type(listed[0])](listed)


def find_names(kind: str, ids: Iterable[int]) -> dict[int, Name]:
    """Return id -> name of those rows that there still are. `kind` is RUN, RESTORE, BACKUP_SET or SNAPSHOT."""
    model = _MODELS[kind]
    rows = [row for some in batched(sorted(set(ids))) for row in model.select().where(model.id.in_(some))]
    return names_of(rows)


def find_name(kind: str, number: int) -> Name:
    """Return the name of that row; of one that was deleted, its number is all that is left."""
    return find_names(kind, [number]).get(number) or Name(kind, number, _DELETED[kind], {"number": number})


_DELETED = {
    RUN: "Run {number}, deleted",
    RESTORE: "Restore {number}, deleted",
    BACKUP_SET: "Backup set {number}, deleted",
    SNAPSHOT: "Snapshot {number}, deleted",
}


# --- backup sets and snapshots ---------------------------------------------------------------------------------------


def safety_set_name(restore: Restore) -> str:
    """Return the name that a restore's safety set is stored under."""
    return f"Before restore {restore.id}"


# Without `\b`, translators would be shown the pattern as a sentence.
_SAFETY_SET_NAME = re.compile(r"\bBefore restore (\d+)")


def _set_names(sets: list[BackupSet]) -> dict[int, Name]:
    return {row.id: Name(BACKUP_SET, row.id, *_backup_words(row, row.created_at)) for row in sets}


def _backup_words(backup_set: BackupSet, at: datetime) -> tuple[str, dict[str, Any]]:
    """Return the sentence, and its values, for a backup of what the set was asked to cover."""
    if before := _SAFETY_SET_NAME.fullmatch(backup_set.name or ""):
        return "Before restore {number}, {at}", {"number": before[1], "at": at}
    if backup_set.name:
        return "{name}, {at}", {"name": backup_set.name, "at": at}
    of_policies, of_types = (len(backup_set.selection.get(part, ())) for part in ("policies", "policy_types"))
    if of_policies or of_types:
        what = _BACKUPS["types" if of_types else "policies"]
        return _one_or_many(of_types or of_policies, *what), {"count": of_types or of_policies, "at": at}
    return ("Full backup of {at}" if backup_set.is_full else "Backup of {at}"), {"at": at}


_BACKUPS = {
    "policies": ("Backup of 1 policy, {at}", "Backup of {count} policies, {at}"),
    "types": ("Backup of 1 policy type, {at}", "Backup of {count} policy types, {at}"),
}


def _one_or_many(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def _snapshot_names(rows: list[Snapshot]) -> dict[int, Name]:
    return {row.id: Name(SNAPSHOT, row.id, "Snapshot of {at}", {"at": row.captured_at}) for row in rows}


# --- restores --------------------------------------------------------------------------------------------------------

# Its items: none yet, one, many -> its sentence without a reason, and with one.
_RESTORES = {
    "none": ("Restore to {tenant}", "Restore to {tenant}, {reason}"),
    "one": ("Restore of {policy} to {tenant}", "Restore of {policy} to {tenant}, {reason}"),
    "many": ("Restore of {count} policies to {tenant}", "Restore of {count} policies to {tenant}, {reason}"),
}
_UNDOS = {
    "none": ("Undo of restore {undone} in {tenant}", "Undo of restore {undone} in {tenant}, {reason}"),
    "one": (
        "Undo of restore {undone}: {policy} in {tenant}",
        "Undo of restore {undone}: {policy} in {tenant}, {reason}",
    ),
    "many": (
        "Undo of restore {undone}: {count} policies in {tenant}",
        "Undo of restore {undone}: {count} policies in {tenant}, {reason}",
    ),
}


def _restore_names(restores: list[Restore]) -> dict[int, Name]:
    tenants = _column_by_id(Tenant, Tenant.name, {row.tenant_id for row in restores})
    items = _items_of({row.id for row in restores})
    return {
        row.id: Name(RESTORE, row.id, *_restore_words(row, tenants.get(row.tenant_id, ""), *items.get(row.id, (0, ""))))
        for row in restores
    }


def _restore_words(restore: Restore, tenant: str, count: int, policy: str) -> tuple[str, dict[str, Any]]:
    of_how_many = "none" if count == 0 else "one" if count == 1 else "many"
    without_reason, with_reason = (_UNDOS if restore.undo_of_id else _RESTORES)[of_how_many]
    values = {
        "tenant": tenant,
        "count": count,
        "policy": policy,
        "undone": restore.undo_of_id,
        "reason": _reason_of(restore),
    }
    return with_reason if values["reason"] else without_reason, values


def _reason_of(restore: Restore) -> str:
    """Return why it was made, as it stands in a name; "" while nobody has said it."""
    reason = shortened(restore.reason or "")
    return OwnWords(reason) if is_own_reason(restore) else reason


def is_own_reason(restore: Restore) -> bool:
    """Tell whether Tenantkeep itself wrote why the restore was made, and no person."""
    is_unattended = restore.is_by_itself and restore.approved_by_id is None
    return is_unattended or restore.rehearsal_id is not None


def shortened(reason: str) -> str:
    """Return a reason as it stands in a name: its first line, and not all of a long one."""
    line = next(iter(reason.strip().splitlines()), "")
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1].rstrip() + "…"


def _items_of(restore_ids: set[int]) -> dict[int, tuple[int, str]]:
    """Return restore id -> (how many items, the name of one of them)."""
    found: dict[int, tuple[int, str]] = {}
    for some in batched(sorted(restore_ids)):
        query = RestoreItem.select(RestoreItem.restore, pw.fn.COUNT(RestoreItem.id), pw.fn.MIN(RestoreItem.name))
        rows = query.where(RestoreItem.restore.in_(some)).group_by(RestoreItem.restore).tuples()
        found |= {restore_id: (count, name) for restore_id, count, name in rows}
    return found


# --- runs ------------------------------------------------------------------------------------------------------------

_RUNS = {
    RunKind.SYNC: "Sync of {at}",
    RunKind.LOOK: "Look for changes, {at}",
    RunKind.CAPTURE_SNAPSHOT: "Capture of {at}",
    RunKind.BACK_UP: "Backup of {at}",
    RunKind.BACK_UP_PART: "Part {part} of a backup, {at}",
    RunKind.UPLOAD: "Upload of {at}",
    RunKind.IMPORT: "Import of {at}",
    RunKind.PREVIEW: "Preview of {at}",
    RunKind.RESTORE: "Restore of {at}",
    RunKind.CONNECT: "Connecting, {at}",
    RunKind.CREDENTIAL: "Change of credential, {at}",
    RunKind.PRUNE: "Deletion of old backups, {at}",
    RunKind.WATCH: "Watch for changes, {at}",
    RunKind.DEFINE: "Microsoft's words, {at}",
    RunKind.DOCUMENT: "Document, {at}",
    RunKind.READINESS: "Readiness of {at}",
    RunKind.LOOK_UP: "Look-up of {at}",
    RunKind.REHEARSE: "Rehearsal of {at}",
    RunKind.PUSH: "Copy elsewhere, {at}",
}


def _run_names(runs: list[Run]) -> dict[int, Name]:
    joined = {row.policy_id: row.policy.name for row in runs if row.__rel__.get("policy")}
    policies = joined | _column_by_id(Policy, Policy.name, {row.policy_id for row in runs} - joined.keys())
    restores = find_names(RESTORE, {row.restore_id for row in runs if row.restore_id})
    sets = _sets_of([row.id for row in runs if row.kind == RunKind.BACK_UP])
    return {
        row.id: Name(
            RUN, row.id, *_run_words(row, policies.get(row.policy_id), restores.get(row.restore_id), sets.get(row.id))
        )
        for row in runs
    }


def _run_words(
    run: Run, policy: str | None, restore: Name | None, backup_set: BackupSet | None
) -> tuple[str, dict[str, Any]]:
    if run.kind == RunKind.CAPTURE_SNAPSHOT and policy:
        return "Capture of {policy}", {"policy": policy}
    if run.kind == RunKind.PREVIEW and restore:
        return "Preview of “{restore}”", {"restore": restore}
    if run.kind == RunKind.RESTORE and restore:
        return restore.sentence, dict(restore.values)
    if backup_set:
        return _backup_words(backup_set, run.created_at)
    return _RUNS.get(RunKind(run.kind), "Run of {at}"), {"at": run.created_at, "part": run.part}


def _sets_of(run_ids: list[int]) -> dict[int, BackupSet]:
    rows = [row for some in batched(run_ids) for row in BackupSet.select().where(BackupSet.run.in_(some))]
    return {row.run_id: row for row in rows}


def _column_by_id(model: type[Any], column: Any, ids: set[Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in batched(sorted(ids - {None})):
        found |= dict(model.select(model.id, column).where(model.id.in_(some)).tuples())
    return found


_MAKERS: dict[type[Any], Callable[[list[Any]], dict[int, Name]]] = {
    Run: _run_names,
    Restore: _restore_names,
    BackupSet: _set_names,
    Snapshot: _snapshot_names,
}
_MODELS: dict[str, Any] = {RUN: Run, RESTORE: Restore, BACKUP_SET: BackupSet, SNAPSHOT: Snapshot}
