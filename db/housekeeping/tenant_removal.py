"""Removing a tenant with everything that is kept of it, a few rows at a time. The audit log stays.

`begin` switches the tenant off for good. `go_on` takes away the next rows, in a transaction of its own, and at last the
tenant. It may be stopped at any moment: the scheduler goes on with what was begun.

Policies of the tenant that a restore wrote to another tenant are that one's by now: its contents move there.
"""

from collections.abc import Callable
from typing import Any

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database, lock
from db.errors import Invalid
from db.housekeeping.tenant_switch import under_way
from db.models import (
    IS_ACTIVE,
    BackupSet,
    Content,
    DirectoryName,
    Expiry,
    Listing,
    Manifest,
    Mapping,
    Notification,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    Tenant,
    Upload,
    UploadChunk,
    Write,
)
from db.policies import snapshots
from db.states import RestoreState

TOGETHER = 500
# Restores in one of these wrote something, or may have.
WROTE = (RestoreState.RUNNING, RestoreState.FINISHED)


def _own(model: Any) -> Callable[[Tenant], Any]:
    return lambda tenant: model.tenant == tenant


def _of_runs(model: Any) -> Callable[[Tenant], Any]:
    return lambda tenant: model.run.in_(Run.select(Run.id).where(Run.tenant == tenant))


def _items(tenant: Tenant) -> Any:
    return RestoreItem.restore.in_(Restore.select(Restore.id).where(Restore.tenant == tenant))


def _uploaded(tenant: Tenant) -> Any:
    return UploadChunk.upload.in_(Upload.select(Upload.id).where(Upload.tenant == tenant))


def _mappings_elsewhere(tenant: Tenant) -> Any:
    """Those of other tenants that say what stands for an object of this one."""
    return (Mapping.source_directory_id == tenant.directory_id) & (Mapping.tenant != tenant)


# In this order: what refers to a row goes before it. What is not named here is little, and goes with the tenant's row.
STEPS: tuple[tuple[Any, Callable[[Tenant], Any]], ...] = (
    (Notification, _of_runs(Notification)),
    (Listing, _of_runs(Listing)),
    (UploadChunk, _uploaded),
    (Upload, _own(Upload)),
    (Write, _of_runs(Write)),
    (RunItem, _of_runs(RunItem)),
    (RestoreItem, _items),
    (Restore, _own(Restore)),
    (Snapshot, _own(Snapshot)),
    (Content, _own(Content)),
    (BackupSet, _own(BackupSet)),
    (Manifest, _own(Manifest)),
    (Policy, _own(Policy)),
    (Run, _own(Run)),
    (DirectoryName, _own(DirectoryName)),
    (Expiry, _own(Expiry)),
    (Mapping, _own(Mapping)),
    # By itself: an "or" of both would read them all.
    (Mapping, _mappings_elsewhere),
)


def begin(tenant: Tenant, actor: Actor) -> int:
    """From now on it goes. Returns how many rows that are. Raises Invalid while something is under way with it."""
    with database.atomic():
        # First: a start that comes meanwhile waits here, or is found.
        lock(Tenant, Tenant.id == tenant.id)
        _refuse_while_busy(tenant)
        rows = left(tenant)
        is_first = (Tenant.id == tenant.id) & Tenant.removing_since.is_null()
        if Tenant.update(removing_since=utcnow(), is_active=False).where(is_first).execute():
            audit.record(Action.TENANT_REMOVAL, actor, f"tenant {tenant.name}", tenant=tenant, rows=rows)
    return rows


def _refuse_while_busy(tenant: Tenant) -> None:
    going = [*under_way(tenant), *_restoring_elsewhere(tenant)]
    if going:
        raise Invalid(
            f"Run {going[0].id} of {going[0].tenant.name} is under way, with what is kept of {tenant.name}. "
            "Wait for its end, or cancel it; then remove the tenant."
        )


def _restoring_elsewhere(tenant: Tenant) -> list[Run]:
    theirs = _readers_elsewhere(tenant).select(RestoreItem.restore)
    return list(Run.select().where(IS_ACTIVE & Run.restore_id.in_(theirs)).limit(1))


def _readers_elsewhere(tenant: Tenant) -> Any:
    """The items of other tenants' restores that have a content of this one."""
    return (
        RestoreItem.select(RestoreItem, Restore)
        .join(Content, on=RestoreItem.content)
        .switch(RestoreItem)
        .join(Restore)
        .where((Content.tenant == tenant) & (Restore.tenant != tenant))
    )


def left(tenant: Tenant) -> int:
    """How many rows are still there."""
    return sum(model.select().where(of(tenant)).count() for model, of in STEPS)


def go_on(tenant: Tenant) -> int:
    """Take the next rows away; returns how many. 0: none was left, and the tenant is gone."""
    moved = _move_contents(tenant)
    if moved:
        return moved
    for model, of in STEPS:
        ids = [row[0] for row in model.select(model.id).where(of(tenant)).limit(TOGETHER).tuples()]
        if ids:
            model.delete().where(model.id.in_(ids)).execute()
            return len(ids)
    _end(tenant)
    return 0


def _move_contents(tenant: Tenant) -> int:
    """What no restore has written goes with this tenant; what one has written stays with where it was written."""
    found = list(_readers_elsewhere(tenant).order_by(RestoreItem.id).limit(TOGETHER))
    with database.atomic():
        lock(Restore, Restore.id.in_([item.restore_id for item in found] or [-1]))
        for item in found:
            if not _drop_unwritten(item.restore_id) and RestoreItem.select().where(RestoreItem.id == item.id).exists():
                _move_content(item)
    return len(found)


def _drop_unwritten(restore_id: int) -> bool:
    """False: it has written, or begins to at this very moment."""
    return bool(Restore.delete().where((Restore.id == restore_id) & Restore.state.not_in(WROTE)).execute())


def _move_content(item: RestoreItem) -> None:
    content = Content.get_by_id(item.content_id)
    kept = snapshots.keep_content(item.restore.tenant_id, snapshots.document(content.id), content.fingerprint)
    RestoreItem.update(content=kept).where(RestoreItem.id == item.id).execute()


def _end(tenant: Tenant) -> None:
    with database.atomic():
        if Tenant.delete().where(Tenant.id == tenant.id).execute():
            audit.record(
                Action.TENANT_REMOVED, SYSTEM, f"tenant {tenant.name}", tenant=tenant, directory_id=tenant.directory_id
            )


def begun() -> list[Tenant]:
    return list(Tenant.select().where(Tenant.removing_since.is_null(False)).order_by(Tenant.removing_since))
