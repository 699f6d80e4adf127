"""Every policy type, changed from outside: the object says when, and a record in one of the logs says who."""

import json
import re
import uuid

import pytest

from graph.policy_types.policy_type import SINGLE_ID
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.demo import demo_tenants
from tests.graph.simulator.conftest import add_tenant
from tests.support.outside_changes import ANNA, Outside
from tests.support.simulated_tenant import collection_of

# Of which a tenant has one, or whose assignment is no part of it.
SINGLE = {"deviceManagementSettings"}


@pytest.fixture(scope="module")
def furnished(simulator):
    """One policy of each type, as the demo's first tenant has it; nothing of that is in a log."""
    tenant = add_tenant(simulator, "Every type", ("DeviceManagementApps.Read.All", "AuditLog.Read.All")).sign_in()
    held = demo_tenants()[0].collections
    for path in {collection_of(row) for row in POLICY_TYPES.values()}:
        tenant.put(path, next(iter(held[path].values())))
    return tenant


def records(tenant, correlation):
    logs = ("deviceManagement/auditEvents", "auditLogs/directoryAudits")
    found = [one for log in logs for one in tenant.ask("GET", log).json()["value"]]
    return [one for one in found if one["correlationId"] == correlation]


def one_of(tenant, policy_type):
    path = collection_of(POLICY_TYPES[policy_type])
    token, item = next(iter(tenant.objects()[path].items()))
    profiles = item.get("enrollmentProfiles")
    return f"{token}/{profiles[0]['id']}" if profiles else token


@pytest.mark.parametrize("policy_type", POLICY_TYPES)
def test_a_change_an_assignment_an_addition_and_a_removal_leave_records_that_name_the_object(furnished, policy_type):
    outside, graph_id = Outside(furnished), one_of(furnished, policy_type)
    last = "00000000-0000-0000-0000-000000000000" if graph_id == SINGLE_ID else graph_id.rpartition("/")[2]
    item = outside.held(policy_type, graph_id)
    changed = outside.change(policy_type, graph_id, by=ANNA)
    assert outside.held(policy_type, graph_id) != item
    assert_told(furnished, changed, last)
    if POLICY_TYPES[policy_type].assignments != "none":
        assert_told(furnished, outside.assign(policy_type, graph_id), last)
    if policy_type in SINGLE:
        return
    prefix = graph_id.rpartition("/")[0]
    new_id = f"{prefix}/{uuid.uuid4()}" if prefix else None
    new = outside.add(policy_type, {**item, "id": new_id.rpartition("/")[2] if new_id else str(uuid.uuid4())}, new_id)
    assert_told(furnished, new, new["id"].rpartition("/")[2])
    assert_told(furnished, outside.remove(policy_type, new["id"]), new["id"].rpartition("/")[2])


def assert_told(tenant, change, graph_id):
    """Of an enrollment configuration at least what stands before its suffix."""
    bare = re.sub(r"(?<=[0-9a-f]{12})_.*", "", graph_id)
    told = [json.dumps(one) for one in records(tenant, change["correlation"])]
    assert told
    assert [one for one in told if bare not in one or ANNA["name"] not in one] == []
