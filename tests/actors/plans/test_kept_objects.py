"""Objects in a bin are looked for before new ones are planned: where, when, and with which permission."""

from datetime import timedelta

import pytest

from actors.plans.kept_objects import KeptObjects
from actors.plans.plan_items import BackupContents
from actors.plans.plan_permissions import PlanPermissions
from actors.plans.target_matcher import TargetMatcher
from actors.tenants import connection_check
from db.clock import utcnow
from db.models import Tenant
from db.restores import restore_items
from db.tenants import bin_refusals
from graph.restore.matching import Match
from tests.support.restore_steps import options, plan_of
from tests.support.simulated_tenant import WRITE
from tests.support.undeletes import (
    CA,
    GROUPS,
    WHERE,
    group_body,
    office,
    policy_body,
    told_by,
)

pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_bin_that_refuses_is_not_asked_again_until_somebody_checks(lost, plan, contoso, cast, status):
    contoso.change(flags={"bin_refused": {"policies": status}})
    policy, place = lost(CA, policy_body()), lost(WHERE, office())
    restore = plan(policy, place)
    assert plan_of(restore) == {"CA a": "recreate", "Office d": "undelete"}, "each bin by itself"
    assert "Whether Microsoft still keeps it was not told" in told_by(restore)
    assert bin_refusals.refusals(cast.contoso).keys() == {CA}
    contoso.change(flags={"bin_refused": {}})
    assert plan_of(plan(policy)) == {"CA a": "recreate"}
    later = {kind: {**held, "at": (utcnow() - timedelta(days=8)).isoformat()}
             for kind, held in Tenant.get_by_id(cast.contoso.id).bin_refusals.items()}  # fmt: skip
    if status == 403:
        connection_check.check(cast.contoso)
    else:
        Tenant.update(bin_refusals=later).execute()
    assert plan_of(plan(policy)) == {"CA a": "undelete"}


def test_elsewhere_nobody_asks_for_a_bin(lost, plan, contoso, cast):
    snapshot = lost(CA, policy_body())
    contoso.change(flags={"bin_refused": {"policies": 400}})
    for changes, action in (({"deleted": "new"}, "recreate"), ({"existing": "copy", "prefix": "Copy "}, "create")):
        restore = plan(snapshot, **changes)
        assert plan_of(restore) == {"CA a": action}
    assert not bin_refusals.refusals(cast.contoso), "nobody asked"
    restore.options = options()
    restore.tenant.cloud = "usgov"
    items = restore_items.items(restore)
    matcher = TargetMatcher(restore, items, BackupContents())
    # Without a client: who asks fails.
    kept = KeptObjects(None, restore, None, items, matcher, PlanPermissions(restore.tenant, {}))
    assert kept.entry(items[0], Match(), ()) is None


def test_a_group_needs_a_permission_of_its_own_to_come_back(lost, plan, contoso):
    snapshot = lost(GROUPS, group_body())
    contoso.change(permissions=WRITE)
    restore = plan(snapshot, groups="empty")
    assert plan_of(restore) == {"SG e": "recreate"}
    assert "lies in Entra's bin" in told_by(restore)
