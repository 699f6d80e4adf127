"""Which of a tenant's logs tells of a policy."""

from actors.facade import tenant_logs
from db.states import TenantLog
from graph.policy_types.table import POLICY_TYPES


def test_the_log_of_each_policy_type_is_that_of_its_service():
    found = {key: tenant_logs.log_of(key) for key in POLICY_TYPES}
    for key, row in POLICY_TYPES.items():
        assert (found[key] == TenantLog.INTUNE) == row.path.startswith(("/deviceManagement", "/deviceAppManagement"))
    assert found["conditionalAccessPolicies"] == TenantLog.ENTRA
