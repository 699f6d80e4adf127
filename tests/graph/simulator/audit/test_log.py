"""What the logs keep: records that come late, go after a while or never come; and reads, now and then."""

from datetime import UTC, datetime, timedelta

from tests.graph.simulator.audit.conftest import AUDITS, EVENTS
from tests.graph.simulator.conftest import LOCATION
from tests.support.outside_changes import Outside

NOW = datetime.now(UTC)


def read(tenant, log):
    return tenant.ask("GET", log).json()["value"]


def test_a_late_record_keeps_its_time_an_old_one_goes_and_a_missing_one_never_comes(audited):
    outside = Outside(audited)
    outside.change("namedLocations", LOCATION, at=NOW - timedelta(days=2))
    outside.change("namedLocations", LOCATION, at=NOW - timedelta(days=3))
    before = read(audited, EVENTS)
    late = outside.change("assignmentFilters", "filter", rule="late", lag_s=3600)
    assert read(audited, EVENTS) == before
    was = outside.change("assignmentFilters", "filter", rule="was late", at=NOW - timedelta(minutes=10), lag_s=60)
    [seen] = [one for one in read(audited, EVENTS) if one not in before]
    assert (seen["activityDateTime"], seen["correlationId"]) == (was["at"], was["correlation"])
    assert was["at"] < late["at"]
    outside.change("assignmentFilters", "filter", rule="old", at=NOW - timedelta(days=366))
    audited.change(flags={"audit_missing": True})
    outside.change("assignmentFilters", "filter", rule="untold")
    audited.change(flags={"audit_missing": False})
    assert len(read(audited, EVENTS)) == len(before) + 1
    audited.change(flags={"audit_kept_days": 2.5})
    assert min(one["activityDateTime"] for one in read(audited, AUDITS)) > f"{NOW - timedelta(days=2.5):%Y-%m-%dT%H}"
    audited.change(flags={"audit_kept_days": 30})


def test_reads_are_told_now_and_then_and_change_nothing(audited):
    audited.change(flags={"audit_reads": 1})
    audited.ask("GET", "deviceManagement/assignmentFilters")
    audited.ask("GET", "deviceManagement/assignmentFilters/filter")
    audited.change(flags={"audit_reads": 0})
    found = [one for one in read(audited, EVENTS) if one["activityOperationType"] == "Get"]
    assert sorted(one["activityType"].partition(" ")[0].lower() for one in found) == ["get", "search"]
    assert {one["resourceId"] for record in found for one in record["resources"]} == {"filter"}
