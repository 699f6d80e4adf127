"""What a tenant has not granted blocks what would be written, and nothing else."""

from actors.plans.plan_permissions import PlanPermissions
from actors.tenants import graph_clients
from db.models import RestoreItem
from graph.errors import Forbidden
from graph.policy_types.permissions import WRITE_GROUPS
from graph.restore.plan_case import ItemPlan


def test_a_plan_needs_what_its_type_needs(app, cast, graph, monkeypatch):
    tenant, item = cast.contoso, RestoreItem(policy_type="groups")
    monkeypatch.setattr(graph_clients, "write_roles", lambda tenant: frozenset({"Group.Create"}))
    permissions = PlanPermissions(tenant, {"groups": None})
    assert permissions.may_write(WRITE_GROUPS)
    assert permissions.check(item, ItemPlan("recreate")).action == "recreate"
    lacking = PlanPermissions(tenant, {"namedLocations": None})
    place = RestoreItem(policy_type="namedLocations")
    assert lacking.check(place, ItemPlan("undelete")).reason == "permission_missing"
    assert lacking.check(place, ItemPlan("matches")).action == "matches"
    unread = PlanPermissions(tenant, {"groups": Forbidden("permission_missing", "No.")})
    assert unread.check(item, ItemPlan("matches")).action == "blocked"
