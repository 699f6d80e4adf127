"""Standards on their way to tenants of the simulator: who follows, what each has, and what a roll-out does there."""

import time
from datetime import timedelta

import requests

from actors.plans import drafts
from actors.rollouts import rolling_out
from actors.standards import comparing
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import (
    Coverage,
    EventLog,
    RollOut,
    RollOutTenant,
    Standard,
    StandardAdoption,
    StandardCell,
    Tenant,
)
from db.standards import adoptions, standards, versions
from db.standards.versions import NewItem, NewVersion
from db.states import Offer, RollOutState, StandardSource, TenantLog
from db.tenants import tenants
from tests.support.simulated_tenant import CA, WRITE, SimulatedTenant, catalog_policy
from tests.support.sweeps import Sweeps

CATALOG, POLICIES, LOCATIONS = "deviceManagement/configurationPolicies", f"{CA}/policies", f"{CA}/namedLocations"
# Policy type -> where the simulator keeps it.
KEPT_IN = {"configurationPolicies": CATALOG, "conditionalAccessPolicies": POLICIES, "namedLocations": LOCATIONS}
AT_WORK = (RollOutState.PREVIEWING, RollOutState.RUNNING, RollOutState.ROLLING_BACK)
# What Graph says of itself, and a roll-back cannot bring back.
OF_GRAPH = ("lastModifiedDateTime", "modifiedDateTime", "createdDateTime", "version", "settingCount")


def guid(kind, number):
    return f"{kind}{number:07d}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"


def firewall(count=2):
    body = catalog_policy(guid(1, 1), "Firewall", count)
    return {name: value for name, value in body.items() if name not in ("assignments", "lastModifiedDateTime")}


def items(count=2):
    """Key -> (policy type, body) of a small standard: four items, of which one refers to another."""
    defender = {**firewall(1), "id": guid(1, 2), "name": "Defender"}
    office = {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "id": guid(2, 1),
        "displayName": "Offices",
        "isTrusted": True,
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.0/24"}],
    }
    mfa = {
        "id": guid(3, 1),
        "displayName": "MFA outside the offices",
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["GuestsOrExternalUsers"]},
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [guid(2, 1)]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    return {
        guid(1, 1): ("configurationPolicies", firewall(count)),
        guid(1, 2): ("configurationPolicies", defender),
        guid(2, 1): ("namedLocations", office),
        guid(3, 1): ("conditionalAccessPolicies", mfa),
    }


def make_version(standard, wanted=None):
    """The standard's next version, with these items or the small ones."""
    wanted = wanted or items()
    documents = {key: {"body": body, "assignments": None} for key, (_, body) in wanted.items()}
    marks = {key: drafts.fingerprint_of(wanted[key][0], document) for key, document in documents.items()}
    new_items = [
        NewItem(key, policy_type, body.get("name") or body["displayName"], marks[key], {})
        for key, (policy_type, body) in wanted.items()
    ]
    before = versions.newest(standard)
    new = NewVersion(
        StandardSource.IMPORT, "a test", "", new_items, {marks[key]: documents[key] for key in wanted},
        with_assignments=False, after=before.number if before else 0,
    )  # fmt: skip
    return versions.make(standard, new, SYSTEM)


def make_standard(**numbers):
    standard = standards.create("Baseline", "", SYSTEM)
    Standard.update(soak_days=0, look_days=0, **numbers).where(Standard.id == standard.id).execute()
    return Standard.get_by_id(standard.id)


def follow(simulator, standard, rings):
    """Ring -> how many tenants, each new and empty. Return (tenant, its side in the simulator) for each."""
    for path in ("requests", "faults"):
        requests.delete(f"{simulator}/_simulator/{path}", timeout=60).raise_for_status()
    made, number = [], 0
    for ring, count in rings.items():
        for _ in range(count):
            number += 1
            directory = f"{number:08d}-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
            tenant = tenants.add(f"{ring} {number:02d}", directory, directory, SYSTEM)
            tenants.set_credential(tenant, "secret", {"secret": "of the follower"}, SYSTEM)
            _seen_whole(tenant)
            made.append((tenant, SimulatedTenant.add(simulator, tenant, "of the follower", WRITE)))
            adoptions.adopt(standard, tenant, ring, SYSTEM)
    return made


def _seen_whole(tenant):
    """Say that all of the tenant was listed, and that its audit logs were looked into, just now."""
    now = utcnow()
    for policy_type in KEPT_IN:
        Coverage.create(tenant=tenant, policy_type=policy_type, offer=Offer.OFFERED, listed_at=now)
    for log in TenantLog:
        EventLog.create(tenant=tenant, log=log, read_to=now, reaches_from=now - timedelta(days=30), asked_at=now)


def went_on(rollout, seconds=300):
    """The roll-out once it goes on no further by itself, the scheduler's sweep included."""
    until, sweeps = time.monotonic() + seconds, Sweeps()
    while (now := RollOut.get_by_id(rollout.id)).state in AT_WORK:
        assert time.monotonic() < until, f"it is still {now.state}: {states(now)}"
        sweeps.sweep_if_due()
        sweeps.pause()
    return now


def planned(standard, version, ring, actor, **more):
    return went_on(rolling_out.ask(standard, version, ring, actor, **more))


def confirm(rollout, actor, reason="CAB 12", **more):
    """Confirmed by somebody who says how many tenants have a plan."""
    count = sum(part.state == "previewed" for part in parts(rollout).values())
    rolling_out.confirm(rollout, actor, reason, tenants=count, **more)


def parts(rollout):
    """Tenant id -> its part."""
    return {row.tenant_id: row for row in RollOutTenant.select().where(RollOutTenant.rollout == rollout)}


def states(rollout):
    return {
        Tenant.get_by_id(number).name: (row.state, row.message, row.counts, row.conflicts)
        for number, row in parts(rollout).items()
    }


def cells(standard, tenant):
    """Item key -> the cell, worked out anew."""
    adoption = StandardAdoption.get((StandardAdoption.standard == standard) & (StandardAdoption.tenant == tenant))
    comparing.compare(adoption.id)
    return {row.item_key: row for row in StandardCell.select().where(StandardCell.adoption == adoption)}


def held(simulated):
    """What the tenant holds, as far as people decide it: (collection, name) -> body without what is Graph's own."""
    found = simulated.objects()
    return {
        (collection, body.get("name") or body.get("displayName")): {
            name: value for name, value in body.items() if name not in OF_GRAPH
        }
        for collection in KEPT_IN.values()
        for body in found.get(collection, {}).values()
    }
