"""Safety sets: the backup sets of what live restores overwrite or remove."""

from collections.abc import Collection, Sequence

import peewee as pw

from db.backups import manifests
from db.clock import utcnow
from db.models import BackupSet, Manifest, Policy, Restore
from db.names import work_names
from db.sql.value_lists import is_in
from db.states import SetState


def save(restore: Restore, graph_ids: Sequence[str], snapshot_ids: Collection[int]) -> None:
    """Make the restore's safety set, or add to it: it holds these snapshots, of the policies with these Graph ids.

    Call it in a transaction that has locked the restore and its set.
    """
    restore.safety_set = _save_set(restore, graph_ids, snapshot_ids)
    Restore.update(safety_set=restore.safety_set).where(Restore.id == restore.id).execute()


def _save_set(restore: Restore, graph_ids: Sequence[str], snapshot_ids: Collection[int]) -> BackupSet:
    rows = Policy.select(Policy.id).where((Policy.tenant == restore.tenant) & is_in(Policy.graph_id, graph_ids))
    manifest = manifests.save(restore.tenant_id, snapshot_ids)
    columns = {
        "selection": {"policies": [row.id for row in rows]},
        "completed_at": utcnow(),
        "manifest": manifest,
    }
    if restore.safety_set_id:
        BackupSet.update(columns).where(BackupSet.id == restore.safety_set_id).execute()
        _drop_outgrown(restore.safety_set.manifest_id, manifest)
        restore.safety_set.manifest = manifest
        return restore.safety_set
    columns |= {"name": work_names.safety_set_name(restore), "types": {}, "problems": []}
    return BackupSet.create(tenant=restore.tenant, state=SetState.COMPLETE, **columns)


def _drop_outgrown(manifest_id: int, successor: Manifest) -> None:
    """Delete the manifest that the set had before it grew, unless another set has it too: pruning finds only those of
    sets that go.
    """
    shared = BackupSet.select(BackupSet.id).where(BackupSet.manifest == Manifest.id)
    outgrown = (Manifest.id == manifest_id) & (Manifest.id != successor.id)
    Manifest.delete().where(outgrown & ~pw.fn.EXISTS(shared)).execute()
