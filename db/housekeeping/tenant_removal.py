"""Removal of a tenant with everything that is kept of it, a few rows at a time. The audit log stays.

`begin` switches the tenant off for good. `remove_next_rows` takes away the next rows, in a transaction of its own, and
at last the tenant. It may be stopped at any moment: the scheduler goes on with what was begun.

Policies of the tenant that a restore wrote to another tenant are that one's by now: their contents move there.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database, lock_rows
from db.errors import Invalid
from db.housekeeping import deletion_notices, leaps
from db.housekeeping.tenant_switch import active_runs
from db.models import (
    IS_ACTIVE,
    Acceptance,
    ApprovedPolicy,
    BackupSet,
    Change,
    Content,
    DirectoryName,
    DocumentChunk,
    Expiry,
    ImportedPolicy,
    Listing,
    Manifest,
    Mapping,
    Notice,
    Notification,
    Occurrence,
    Policy,
    PolicyDocument,
    PolicyImport,
    PolicyReference,
    PolicySetting,
    PolicyTarget,
    ReadinessItem,
    ReadinessReport,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    StandardVersion,
    Tenant,
    TenantEvent,
    TenantEventPolicy,
    Upload,
    UploadChunk,
    Write,
)
from db.policies import snapshots
from db.sql.value_lists import is_in, is_in_if_given
from db.states import RestoreState

ROWS_AT_ONCE = 500
# Restores in one of these wrote something, or may have.
STATES_THAT_WROTE = (RestoreState.RUNNING, RestoreState.FINISHED)


def _of_tenant(model: Any) -> Callable[[Tenant], Any]:
    return lambda tenant: model.tenant == tenant


def _of_runs(model: Any) -> Callable[[Tenant], Any]:
    return lambda tenant: model.run.in_(Run.select(Run.id).where(Run.tenant == tenant))


def _restore_items(tenant: Tenant) -> Any:
    return RestoreItem.restore.in_(Restore.select(Restore.id).where(Restore.tenant == tenant))


def _notices(tenant: Tenant) -> Any:
    return Notice.occurrence.in_(Occurrence.select(Occurrence.id).where(Occurrence.tenant == tenant))


def _event_policies(tenant: Tenant) -> Any:
    return TenantEventPolicy.event.in_(TenantEvent.select(TenantEvent.id).where(TenantEvent.tenant == tenant))


def _acceptances(tenant: Tenant) -> Any:
    return Acceptance.policy.in_(Policy.select(Policy.id).where(Policy.tenant == tenant))


def _upload_chunks(tenant: Tenant) -> Any:
    return UploadChunk.upload.in_(Upload.select(Upload.id).where(Upload.tenant == tenant))


def _document_chunks(tenant: Tenant) -> Any:
    return is_in(DocumentChunk.document, _ids(PolicyDocument, tenant))


def _imported_policies(tenant: Tenant) -> Any:
    return is_in(ImportedPolicy.policy_import, _ids(PolicyImport, tenant))


def _ids(model: Any, tenant: Tenant) -> list[int]:
    """Return the ids of few rows: PostgreSQL may read all that refers to any row, to find what refers to them."""
    return [row[0] for row in model.select(model.id).where(model.tenant == tenant).tuples()]


def _mappings_elsewhere(tenant: Tenant) -> Any:
    """Return the condition of other tenants' mappings that say what stands for an object of this one."""
    return (Mapping.source_directory_id == tenant.directory_id) & (Mapping.tenant != tenant)


# In this order: what refers to a row goes before it. What is not named here is little, and goes with the tenant's row.
STEPS: tuple[tuple[Any, Callable[[Tenant], Any]], ...] = (
    (Notification, _of_runs(Notification)),
    (Notice, _notices),
    (Occurrence, _of_tenant(Occurrence)),
    (TenantEventPolicy, _event_policies),
    (TenantEvent, _of_tenant(TenantEvent)),
    (ApprovedPolicy, _of_tenant(ApprovedPolicy)),
    (Acceptance, _acceptances),
    (Change, _of_tenant(Change)),
    (PolicySetting, _of_tenant(PolicySetting)),
    (Listing, _of_runs(Listing)),
    (UploadChunk, _upload_chunks),
    (Upload, _of_tenant(Upload)),
    (DocumentChunk, _document_chunks),
    (PolicyDocument, _of_tenant(PolicyDocument)),
    (Write, _of_runs(Write)),
    (RunItem, _of_runs(RunItem)),
    (RestoreItem, _restore_items),
    (Restore, _of_tenant(Restore)),
    (PolicyTarget, _of_tenant(PolicyTarget)),
    (ReadinessItem, _of_tenant(ReadinessItem)),
    (ReadinessReport, _of_tenant(ReadinessReport)),
    (PolicyReference, _of_tenant(PolicyReference)),
    (ImportedPolicy, _imported_policies),
    (PolicyImport, _of_tenant(PolicyImport)),
    (Snapshot, _of_tenant(Snapshot)),
    (Content, _of_tenant(Content)),
    (BackupSet, _of_tenant(BackupSet)),
    (Manifest, _of_tenant(Manifest)),
    (Policy, _of_tenant(Policy)),
    (Run, _of_tenant(Run)),
    (DirectoryName, _of_tenant(DirectoryName)),
    (Expiry, _of_tenant(Expiry)),
    (Mapping, _of_tenant(Mapping)),
    # By itself: an "or" of both would read them all.
    (Mapping, _mappings_elsewhere),
)


def request(tenant: Tenant, actor: Actor, days: int) -> datetime | None:
    """Ask to remove the tenant in so many days; until then it goes on as ever, and it can be taken back.

    Return when it goes; None: its removal has begun. Raises Invalid while something is under way with it.
    """
    if not days:
        begin(tenant, actor)
        return None
    due_at = utcnow() + timedelta(days=days)
    with database.atomic():
        is_first = (Tenant.id == tenant.id) & Tenant.removing_since.is_null() & Tenant.removal_due_at.is_null()
        if Tenant.update(removal_due_at=due_at).where(is_first).execute():
            deletion_notices.announce_tenant(tenant, due_at, actor)
    return Tenant.get_by_id(tenant.id).removal_due_at or due_at


def take_back(tenant: Tenant, actor: Actor) -> None:
    """Take the request back. Raises Invalid when there is none, or the removal has begun."""
    with database.atomic():
        waits = (Tenant.id == tenant.id) & Tenant.removal_due_at.is_null(False) & Tenant.removing_since.is_null()
        if not Tenant.update(removal_due_at=None).where(waits).execute():
            raise Invalid(f"{tenant.name} does not wait for its removal.")
        audit.record_of_tenant(Action.TENANT_KEPT, actor, tenant)


def waiting(tenant_ids: Sequence[int] | None, limit: int) -> list[Tenant]:
    """Return the first of these tenants whose removal waits for its day; None: of all."""
    waits = Tenant.removal_due_at.is_null(False) & Tenant.removing_since.is_null()
    query = Tenant.select().where(waits & is_in_if_given(Tenant.id, tenant_ids))
    return list(query.order_by(Tenant.removal_due_at, Tenant.id).limit(limit))


def _begin_due() -> None:
    """Begin to remove the tenants whose time has come. One with which something is under way waits for its end."""
    if not leaps.may_go_by_age():
        return
    is_due = (Tenant.removal_due_at <= utcnow()) & Tenant.removing_since.is_null()
    for tenant in Tenant.select().where(Tenant.removal_due_at.is_null(False) & is_due):
        with suppress(Invalid):
            begin(tenant, SYSTEM)


def begin(tenant: Tenant, actor: Actor) -> int:
    """Begin to remove the tenant.

    Return how many rows that are. Raises Invalid while something is under way with it.
    """
    with database.atomic():
        # First: a start that comes meanwhile waits here, or is found.
        lock_rows(Tenant, Tenant.id == tenant.id)
        _refuse_while_busy(tenant)
        rows = count_rows_left(tenant)
        is_first = (Tenant.id == tenant.id) & Tenant.removing_since.is_null()
        if Tenant.update(removing_since=utcnow(), is_active=False).where(is_first).execute():
            audit.record_of_tenant(Action.TENANT_REMOVAL, actor, tenant, rows=rows)
    return rows


def _refuse_while_busy(tenant: Tenant) -> None:
    going = [*active_runs(tenant), *_restoring_elsewhere(tenant)]
    if going:
        raise Invalid(
            f"Run {going[0].id} of {going[0].tenant.name} is under way, with what is kept of {tenant.name}. "
            "Wait for its end, or cancel it; then remove the tenant."
        )


def _restoring_elsewhere(tenant: Tenant) -> list[Run]:
    restore_ids = _items_elsewhere(tenant).select(RestoreItem.restore)
    return list(Run.select().where(IS_ACTIVE & Run.restore_id.in_(restore_ids)).limit(1))


def _items_elsewhere(tenant: Tenant) -> Any:
    """Return a query of other tenants' restore items that have a content of this one."""
    return (
        RestoreItem.select(RestoreItem, Restore)
        .join(Content, on=RestoreItem.content)
        .switch(RestoreItem)
        .join(Restore)
        .where((Content.tenant == tenant) & (Restore.tenant != tenant))
    )


def count_rows_left(tenant: Tenant) -> int:
    return sum(model.select().where(of(tenant)).count() for model, of in STEPS)


def remove_next_rows(tenant: Tenant) -> int:
    """Delete the next rows, and return how many. 0: none was left, and the tenant is gone."""
    moved = _move_contents(tenant)
    if moved:
        return moved
    for model, of in STEPS:
        ids = [row[0] for row in model.select(model.id).where(of(tenant)).limit(ROWS_AT_ONCE).tuples()]
        if ids:
            model.delete().where(model.id.in_(ids)).execute()
            return len(ids)
    _remove_tenant(tenant)
    return 0


def _move_contents(tenant: Tenant) -> int:
    """Move contents to the tenants that they were written to.

    Restores that have written nothing go with this tenant.
    """
    items = list(_items_elsewhere(tenant).order_by(RestoreItem.id).limit(ROWS_AT_ONCE))
    with database.atomic():
        lock_rows(Restore, is_in(Restore.id, [item.restore_id for item in items]))
        for item in items:
            if (
                not _delete_if_unwritten(item.restore_id)
                and RestoreItem.select().where(RestoreItem.id == item.id).exists()
            ):
                _move_content(item)
    return len(items)


def _delete_if_unwritten(restore_id: int) -> bool:
    """Delete the restore. Return False when it has written, or begins to at this very moment."""
    return bool(Restore.delete().where((Restore.id == restore_id) & Restore.state.not_in(STATES_THAT_WROTE)).execute())


def _move_content(item: RestoreItem) -> None:
    content = Content.get_by_id(item.content_id)
    content_id = snapshots.save_content(item.restore.tenant_id, snapshots.read_content(content.id), content.fingerprint)
    RestoreItem.update(content=content_id).where(RestoreItem.id == item.id).execute()


def _remove_tenant(tenant: Tenant) -> None:
    """Remove its row. Standards stay, which are the installation's, and forget where they were taken from."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        StandardVersion.update(source_name="").where(StandardVersion.source_tenant == tenant).execute()
        if Tenant.delete().where(Tenant.id == tenant.id).execute():
            audit.record_of_tenant(Action.TENANT_REMOVED, SYSTEM, tenant, directory_id=tenant.directory_id)


def tenants_being_removed() -> list[Tenant]:
    """Return the tenants whose removal goes on, after those whose time has come have joined them."""
    _begin_due()
    return list(Tenant.select().where(Tenant.removing_since.is_null(False)).order_by(Tenant.removing_since))
