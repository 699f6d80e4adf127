"""Groups in a backup: those that captured policies refer to. Each is an item, as a policy is.

The groups of a tenant are never listed: there may be a hundred thousand that no policy refers to.
"""

from collections.abc import Iterable, Mapping

from actors.tenants import graph_clients
from db.backups.backup_sets import record_type
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import BackupSet, Run, Tenant
from db.policies import policies
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import Offer
from db.tenants import coverage
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.references.reference_kinds import GROUPS

GROUP_TYPE = POLICY_TYPES[GROUPS]
PERMISSION_NEEDED = (
    f"Needs {GROUP_TYPE.permission}: groups that policies refer to are kept by name only, and could not be made again."
)


def is_permitted(tenant: Tenant) -> bool:
    return GROUP_TYPE.access.may_be_granted(graph_clients.sign_in_of(tenant).roles())


def add_groups_of_unchanged(claim: Claim, backup_set: BackupSet) -> None:
    """Add the groups that unchanged policies refer to, once everything else is listed.

    Groups of the other policies follow when those are read.
    """
    tenant = claim.run.tenant
    offer, why = (Offer.OFFERED, None) if is_permitted(tenant) else (Offer.NEVER_READ, PERMISSION_NEEDED)
    with database.atomic():
        claims.assert_claim(claim)
        record_type(backup_set, GROUPS, offer, message=why)
        coverage.record_offer(tenant, GROUPS, offer, why)
        if offer == Offer.OFFERED:
            _add(claim.run, _groups_of_unchanged(claim.run))


def _groups_of_unchanged(run: Run) -> dict[str, str]:
    """Return {id: name} of the groups that the snapshots of this run's unchanged policies refer to."""
    return _named_groups(run_items.snapshot_references(run))


def groups_in_readings(readings: Iterable[object]) -> dict[str, str]:
    return _named_groups(reading.references for reading in readings if isinstance(reading, Reading))


def _named_groups(references: Iterable[Mapping[str, Mapping[str, str | None]]]) -> dict[str, str]:
    """Return {id: name} without groups that were deleted or may not be read: those have no name."""
    return {group_id: name for group_id, name in name_cache.merge_names(references)["groups"].items() if name}


def lock_parent_run(claim: Claim, groups: Mapping[str, str]) -> None:
    """Lock the parent run, in a transaction and before the claim is asserted: only one child at a time adds groups."""
    if groups:
        lock_rows(Run, Run.id == claim.run.parent_id)


def add_missing(claim: Claim, groups: Mapping[str, str]) -> None:
    """Add items for groups that have none yet. The run that found them reads them next."""
    if groups:
        _add(claim.run, groups)


def _add(run: Run, groups: Mapping[str, str]) -> None:
    parent_run_id = run.parent_id or run.id
    present = run_items.graph_ids_of_type(parent_run_id, GROUPS)
    new = {group_id: name for group_id, name in sorted(groups.items()) if group_id not in present}
    if not new:
        return
    facts = {"odata_type": None, "platform": None, "is_built_in": False, "modified_at": None}
    rows = [{"graph_id": group_id, "name": name, **facts} for group_id, name in new.items()]
    # Named by a policy: that says nothing of whether the group is there, and is no change.
    policies.record_listing(run.tenant, GROUPS, rows, began=utcnow(), is_whole=False)
    rows_now = policies.ever_of_type(run.tenant, GROUPS)
    ids = {policy.graph_id: policy.id for policy in rows_now if policy.graph_id in new}
    run_items.add_items(run, [NewRunItem(GROUPS, name, ids[group_id], group_id) for group_id, name in new.items()])
