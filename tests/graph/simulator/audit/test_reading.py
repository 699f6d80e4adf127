"""Reading the logs: permissions, filters, order, pages, lag, retention, what is missing or comes twice."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.graph.simulator.conftest import add_tenant, furnish
from tests.support.outside_changes import Outside

EVENTS, AUDITS = "deviceManagement/auditEvents", "auditLogs/directoryAudits"
LOCATION = "50000000-0000-4000-8000-000000000001"
PERMISSIONS = ("DeviceManagementApps.Read.All", "AuditLog.Read.All", "DeviceManagementConfiguration.Read.All")
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def tenant(simulator):
    """Five changes of a filter and one of a scope tag in Intune's log, five of a location in Entra's; one a day."""
    made = furnish(add_tenant(simulator, "Read", PERMISSIONS)).sign_in()
    made.change(flags={"audit_reads": 0})
    outside = Outside(made)
    for day in range(5, 0, -1):
        at = NOW - timedelta(days=day)
        outside.change("assignmentFilters", "filter", rule=str(day), at=at)
        outside.change("namedLocations", LOCATION, displayName=f"Day {day}", at=at)
    outside.rename("roleScopeTags", "0", "Everyone", at=NOW - timedelta(hours=1))
    return made


def read(tenant, path, **options):
    query = "&".join(f"${name}={value}" for name, value in options.items())
    return tenant.ask("GET", f"{path}?{query}")


@pytest.mark.parametrize("log", [EVENTS, AUDITS])
def test_each_log_has_its_permission(simulator, log):
    without = add_tenant(simulator, "Without", ("DeviceManagementConfiguration.Read.All", "Policy.Read.All")).sign_in()
    assert without.ask("GET", log).status_code == 403


@pytest.mark.parametrize(
    ("log", "condition", "expected"),
    [
        (EVENTS, "activityDateTime ge {two_days} and activityDateTime lt {now}", 2),
        (EVENTS, "activityDateTime gt '{two_days}'", 400),
        (EVENTS, "componentName eq 'AssignmentFilter'", 5),
        (EVENTS, "activityOperationType ne 'Get' and componentName eq 'RoleBasedAccessControl'", 1),
        (EVENTS, "resources/any(s:s/auditResourceType eq 'RoleScopeTag')", 1),
        (EVENTS, "resources/any(s:s/resourceId eq 'filter')", 400),
        (EVENTS, "actor/userPrincipalName eq 'Anna.Berg@contoso.example'", 0),
        (AUDITS, "loggedByService eq 'Conditional Access' and activityDateTime ge {two_days}", 1),
        (AUDITS, "activityDateTime gt {two_days}", 400),
        (AUDITS, "activityDateTime ge '{two_days}'", 400),
        (AUDITS, "createdDateTime ge {two_days}", 400),
        (AUDITS, "startswith(activityDisplayName, 'Update named')", 5),
        (AUDITS, f"targetResources/any(t:t/id eq '{LOCATION}')", 5),
    ],
)
def test_filters_that_are_known_work_and_others_are_refused(tenant, log, condition, expected):
    day = f"{NOW - timedelta(days=1, hours=12):%Y-%m-%dT%H:%M:%SZ}"
    answer = read(tenant, log, filter=condition.format(two_days=day, now=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    assert answer.status_code == (400 if expected == 400 else 200), answer.text
    if expected != 400:
        assert len(answer.json()["value"]) == expected


@pytest.mark.parametrize("options", [{"skip": "1"}, {"select": "nothing"}, {"orderby": "category"}])
def test_other_options_are_refused(tenant, options):
    assert read(tenant, AUDITS, **options).status_code == 400


def test_pages_are_followed_in_the_order_that_was_asked_for_and_may_overlap(tenant):
    def all_pages():
        answer, found = (
            read(tenant, AUDITS, top="2", orderby="activityDateTime", select="id,activityDateTime").json(),
            [],
        )
        while True:
            found += answer["value"]
            if "@odata.nextLink" not in answer:
                return found
            answer = tenant.ask("GET", answer["@odata.nextLink"].partition("/beta/")[2]).json()

    found = all_pages()
    assert len(found) == 5
    assert found == sorted(found, key=lambda one: one["activityDateTime"])
    assert {*found[0]} == {"id", "activityDateTime"}
    tenant.change(flags={"audit_duplicates": True})
    twice = [one["id"] for one in all_pages()]
    tenant.change(flags={"audit_duplicates": False})
    assert len(twice) == 7
    assert {*twice} == {one["id"] for one in found}


def test_entras_log_takes_five_requests_in_ten_seconds(simulator):
    limited = add_tenant(simulator, "Limited", PERMISSIONS).sign_in()
    limited.change(flags={"throttle": True})
    assert [limited.ask("GET", AUDITS).status_code for _ in range(6)] == [200] * 5 + [429]
    assert limited.ask("GET", EVENTS).status_code == 200
