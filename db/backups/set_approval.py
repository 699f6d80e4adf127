"""Approving a backup set: its tenant should be as the set has it."""

from db.audit.audit import Actor
from db.backups import completeness, manifests
from db.changes import approvals
from db.changes.approvals import ApprovalCounts
from db.changes.approved_states import WHOLE_TENANT
from db.errors import Invalid
from db.models import BackupSet
from db.states import SetState


def approve(backup_set: BackupSet, actor: Actor, reason: str = "") -> ApprovalCounts:
    """Approve the policies as the set holds them. Raises Invalid for one that is still being made, or holds nothing."""
    snapshot_ids = manifests.snapshot_ids(backup_set.manifest)
    if backup_set.state == SetState.RUNNING or not snapshot_ids:
        raise Invalid("This backup set holds nothing yet that could be approved.")
    what = f"backup set {backup_set.id}"
    return approvals.approve_snapshots(backup_set.tenant, snapshot_ids, scopes(backup_set), actor, what, reason)


def scopes(backup_set: BackupSet) -> list[str]:
    """Return the policy types that the set holds whole, so that what it has not of these is rightly not there.

    WHOLE_TENANT alone, of a complete backup of all; nothing, of chosen policies.
    """
    if "policies" in backup_set.selection:
        return []
    if backup_set.state == SetState.COMPLETE and not backup_set.selection:
        return [WHOLE_TENANT]
    return sorted(key for key, row in backup_set.types.items() if completeness.is_whole(row))
