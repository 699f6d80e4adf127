"""Record who was given contents: secrets shown on a page, and policies and documents downloaded."""

from datetime import datetime

from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import backup_sets
from db.models import BackupSet, PolicyDocument, Rehearsal, Tenant


def record_secrets_shown(tenant: Tenant, subject: str, where: str, actor: Actor) -> None:
    """Record that secrets inside `subject` are shown. Call it before they are: what cannot be recorded is not shown."""
    audit.record(Action.SECRETS_SHOWN, actor, subject, tenant=tenant, where=where)


def record_download(backup_set: BackupSet, with_secrets: bool, actor: Actor, leaving_format: str = "") -> None:
    """Record that a backup set is downloaded. Call it before the first byte is sent."""
    policies = len(backup_sets.snapshot_ids(backup_set))
    _record(backup_set.tenant, f"backup set {backup_set.id}", policies, actor, leaving_format, with_secrets)


def record_moment_download(tenant: Tenant, at: datetime, policies: int, actor: Actor, leaving_format: str) -> None:
    """Record that a tenant's policies of a moment are downloaded, without secrets. Call it before the first byte."""
    _record(tenant, f"the state of {at:%Y-%m-%d %H:%M} UTC", policies, actor, leaving_format, with_secrets=False)


def _record(tenant: Tenant, subject: str, policies: int, actor: Actor, leaving_format: str, with_secrets: bool) -> None:
    if with_secrets:
        record_secrets_shown(tenant, subject, "download", actor)
    audit.record(
        Action.SET_DOWNLOADED,
        actor,
        subject,
        tenant=tenant,
        policies=policies,
        with_secrets=with_secrets,
        format=leaving_format,
    )


def record_rehearsal_report(rehearsal: Rehearsal, wanted: str, actor: Actor) -> None:
    """Record that the report of a rehearsal is downloaded. Call it before the first byte is sent."""
    audit.record(
        Action.DOCUMENT_DOWNLOADED,
        actor,
        f"report of rehearsal {rehearsal.id}",
        tenant=rehearsal.tenant,
        format=wanted,
        policies=rehearsal.contents_checked,
    )


def record_document(document: PolicyDocument, actor: Actor) -> None:
    """Record that a document is downloaded. Call it before the first byte is sent."""
    audit.record(
        Action.DOCUMENT_DOWNLOADED,
        actor,
        f"document {document.id} “{document.title}”",
        tenant=document.tenant,
        format=document.format,
        policies=document.policies,
    )
