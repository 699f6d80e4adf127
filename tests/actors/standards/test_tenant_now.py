"""A tenant as it was read last: a policy is missing only where all of its type were listed lately."""

from datetime import timedelta

import pytest

from actors.standards import tenant_now
from actors.standards.tenant_now import Doubt, TenantNow
from db.clock import utcnow
from db.models import Coverage
from db.states import CellState, Offer
from tests.support.standard_rows import CATALOG, catalog_body, follow, guid, has, new_standard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOT_READ, OLD = CellState.NOT_READABLE, timedelta(days=8)
LISTS = {
    "listed": (Offer.OFFERED, timedelta(0), CellState.MISSING, tenant_now.NOT_THERE),
    "long ago": (Offer.OFFERED, OLD, CellState.STALE, tenant_now.LISTED_LATELY_NOT),
    "never whole": (Offer.OFFERED, None, NOT_READ, tenant_now.NEVER_LISTED),
    "failed": (Offer.FAILED, timedelta(0), NOT_READ, tenant_now.COULD_NOT_LIST),
    "quiet": (Offer.NEVER_READ, None, NOT_READ, tenant_now.COULD_NOT_LIST),
    "refused": (Offer.NOT_PERMITTED, timedelta(0), NOT_READ, tenant_now.NOT_PERMITTED),
    "unoffered": (Offer.NOT_OFFERED, None, CellState.MISSING, tenant_now.NOT_OFFERED),
}


def test_what_the_tenant_lacks_is_told_by_its_list_and_what_it_has_by_its_snapshot(cast):
    adoption = follow(new_standard(), cast.contoso)
    policy, snapshot = has(adoption, "a", guid(1), catalog_body("Disk"))
    for name, (offer, age, _, _) in LISTS.items():
        at = None if age is None else utcnow() - age
        Coverage.create(tenant=cast.contoso, policy_type=name, offer=offer, listed_at=at)
    now = TenantNow(cast.contoso, {"a": (CATALOG, guid(1)), "b": (CATALOG, guid(2)), "c": (CATALOG, None)})
    found = {name: now.absence(name) for name in LISTS}
    assert found == {name: Doubt(state, why) for name, (_, _, state, why) in LISTS.items()}
    assert now.absence("of a later release") == Doubt(NOT_READ, tenant_now.NEVER_LISTED)
    assert (now.policy_of("b"), now.policy_of("c")) == (None, None)
    seen = now.policy_of("a")
    assert (seen.id, seen.snapshot_id, seen.is_there, now.why_unread(seen)) == (policy.id, snapshot.id, True, None)
    assert seen.mark == snapshot.content.fingerprint
