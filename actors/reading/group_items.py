"""Groups in a backup: those that the captured policies refer to, each an item as a policy is.

Nobody lists all groups of a tenant: there may be a hundred thousand, and no policy knows of them.
"""

from collections.abc import Iterable, Mapping

from actors.tenants import graph_clients
from db.backups.backup_sets import record_type
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import BackupSet, Policy, Run, RunItem, Snapshot, Tenant
from db.policies import policies
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import Offer
from db.tenants import coverage
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.references.reference_kinds import GROUPS

ROW = POLICY_TYPES[GROUPS]
NEEDS = f"Needs {ROW.permission}: groups that policies refer to are kept by name only, and could not be made again."


def is_permitted(tenant: Tenant) -> bool:
    return ROW.access.may_be_granted(graph_clients.sign_in(tenant).roles())


def begin(claim: Claim, backup_set: BackupSet) -> None:
    """When everything else was listed: those that unchanged policies refer to. Those of the others follow."""
    tenant = claim.run.tenant
    offer, why = (Offer.OFFERED, None) if is_permitted(tenant) else (Offer.NEVER_READ, NEEDS)
    with database.atomic():
        claims.assert_claim(claim)
        record_type(backup_set, GROUPS, offer, message=why)
        coverage.record_offer(tenant, GROUPS, offer, why)
        if offer == Offer.OFFERED:
            _add(claim.run, _known(claim.run))


def _known(run: Run) -> dict[str, str]:
    """The groups, by id, that the snapshots of this run's unchanged policies name."""
    of_run = RunItem.select(RunItem.snapshot).where((RunItem.run == run) & RunItem.snapshot.is_null(False))
    rows = Snapshot.select(Snapshot.references).where(Snapshot.id.in_(of_run))
    return _there(row.references for row in rows)


def of_readings(readings: Iterable[object]) -> dict[str, str]:
    return _there(one.references for one in readings if isinstance(one, Reading))


def _there(references: Iterable[Mapping[str, Mapping[str, str | None]]]) -> dict[str, str]:
    """Without those that were deleted, or that may not be read: they have no name."""
    return {one: name for one, name in name_cache.merge_names(references)["groups"].items() if name}


def hold_for(claim: Claim, found: Mapping[str, str]) -> None:
    """In a transaction, before its run is held: only one part at a time adds groups."""
    if found:
        lock_rows(Run, Run.id == claim.run.parent_id)


def add(claim: Claim, found: Mapping[str, str]) -> None:
    """Items of those that no item is of yet; they are read next, by whoever found them."""
    if found:
        _add(claim.run, found)


def _add(run: Run, found: Mapping[str, str]) -> None:
    whole = run.parent_id or run.id
    items = RunItem.select(RunItem.graph_id).where((RunItem.run == whole) & (RunItem.policy_type == GROUPS))
    there = {row[0] for row in items.tuples()}
    new = {one: name for one, name in sorted(found.items()) if one not in there}
    facts = {"odata_type": None, "platform": None, "is_built_in": False, "modified_at": None}
    rows = [{"graph_id": one, "name": name, **facts} for one, name in new.items()]
    policies.record_listing(run.tenant, GROUPS, rows, began=utcnow(), is_whole=False)
    mine = Policy.select().where((Policy.tenant == run.tenant_id) & (Policy.policy_type == GROUPS))
    ids = {one.graph_id: one.id for one in mine if one.graph_id in new}
    run_items.add_items(run, [NewRunItem(GROUPS, name, ids[one], one) for one, name in new.items()])
