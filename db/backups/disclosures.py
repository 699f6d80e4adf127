"""Record who was given contents: secrets shown on a page, and backup sets downloaded."""

from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import backup_sets
from db.models import BackupSet, Tenant


def record_secrets_shown(tenant: Tenant, subject: str, where: str, actor: Actor) -> None:
    """Record that secrets inside `subject` are shown. Call it before they are: what cannot be recorded is not shown."""
    audit.record(Action.SECRETS_SHOWN, actor, subject, tenant=tenant, where=where)


def record_download(backup_set: BackupSet, with_secrets: bool, actor: Actor) -> None:
    """Record that a backup set is downloaded. Call it before the first byte is sent."""
    subject = f"backup set {backup_set.id}"
    if with_secrets:
        record_secrets_shown(backup_set.tenant, subject, "download", actor)
    audit.record(
        Action.SET_DOWNLOADED,
        actor,
        subject,
        tenant=backup_set.tenant,
        policies=len(backup_sets.snapshot_ids(backup_set)),
        with_secrets=with_secrets,
    )
