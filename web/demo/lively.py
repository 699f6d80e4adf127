"""A demo whose tenants change by themselves: what somebody does there now and then, and that Tenantkeep watches."""

import logging
import random
import time
from collections.abc import Sequence
from datetime import timedelta

import requests

from db.audit.audit import SYSTEM
from db.changes import approvals
from db.clock import utcnow
from db.database import database
from db.events import watches
from db.models import Policy, Tenant
from db.restores import item_lists, restore_rules

# Not the large one: who opens it should find it as it is described.
LIVELY = ("Fabrikam Logistics", "Contoso Health")
FIRST_SECONDS, PAUSE_SECONDS = 10.0, (60.0, 120.0)
WATCHED_EVERY_MINUTES = 1
# Every policy for all users excludes it.
EMERGENCY_GROUP = "SG-Break-Glass-Accounts"
# How long the simulator's logs take to tell.
LOOK_AFTER = timedelta(seconds=2)

log = logging.getLogger(__name__)


def watch(tenants: Sequence[Tenant]) -> None:
    """Watch the tenants, and approve the first as it was backed up: what differs from then on is open.

    Each names its emergency accounts: what happens to Conditional Access can be put back without overriding a guard.
    """
    for tenant in tenants:
        is_new = watches.set_watched(tenant, True, SYSTEM, WATCHED_EVERY_MINUTES)
        if is_new:
            _name_emergency_group(tenant)
        if is_new and tenant is tenants[0]:
            approvals.approve_scope(tenant, "", SYSTEM, "As it was when the demo began")


def _name_emergency_group(tenant: Tenant) -> None:
    is_it = (Policy.tenant == tenant) & (Policy.policy_type == "groups") & (Policy.name == EMERGENCY_GROUP)
    group = Policy.get_or_none(is_it)
    if group:
        entry = {"kind": "groups", "id": group.graph_id, "name": group.name}
        restore_rules.name_break_glass(tenant, [entry], SYSTEM)


def keep_changing(simulator: str, tenants: Sequence[Tenant], first_seconds: float = FIRST_SECONDS) -> None:
    """Let something happen in one tenant after the other, for as long as the demo runs."""
    time.sleep(first_seconds)
    number = 0
    while True:
        tenant = tenants[number % len(tenants)]
        try:
            let_happen(simulator, tenant, is_first=number < len(tenants))
        except requests.RequestException:  # the demo ends, or the simulator is busy: next time
            log.info("the simulator did not answer", exc_info=True)
        number += 1
        time.sleep(random.uniform(*PAUSE_SECONDS))


def let_happen(simulator: str, tenant: Tenant, *, is_first: bool = False) -> None:
    """Let somebody do something in the tenant, but not to a policy that a restore has in hand; and look soon."""
    with database.connection_context():
        spared = item_lists.graph_ids_in_hand(tenant)
        address = f"{simulator}/_simulator/tenants/{tenant.directory_id}/stories"
        asked = {"spared": sorted(spared), "is_first": is_first}
        requests.post(address, json=asked, timeout=30).raise_for_status()
        watches.look_at(tenant, utcnow() + LOOK_AFTER)
