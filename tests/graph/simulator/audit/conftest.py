"""A tenant whose writes are told, and what the logs say of one of them."""

import pytest

from tests.graph.simulator.conftest import add_tenant, furnish
from tests.support.simulated_tenant import WRITE

EVENTS, AUDITS = "deviceManagement/auditEvents", "auditLogs/directoryAudits"
SENT = "aaaaaaaa-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def audited(simulator):
    permissions = (*WRITE, "DeviceManagementApps.ReadWrite.All", "AuditLog.Read.All")
    made = furnish(add_tenant(simulator, "Audited", permissions)).sign_in()
    made.change(flags={"audit_reads": 0})
    return made


def told(tenant, log, correlation=SENT):
    return [one for one in tenant.ask("GET", log).json()["value"] if one["correlationId"] == correlation]


def sent(tenant, number, *call):
    """Send a write under an id of its own; return what the logs say of it."""
    correlation = SENT[:-1] + str(number)
    answer = tenant.ask(*call, client_request_id=correlation)
    assert answer.status_code < 300, answer.text
    return [one for log in (EVENTS, AUDITS) for one in told(tenant, log, correlation)]
