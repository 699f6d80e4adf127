"""The two audit logs of a tenant, read from the simulator: once, page by page, and never at the cost of a run."""

from datetime import timedelta

import pytest

import actors.backups.capture
from actors.events import reading
from actors.queue.broker import locks
from actors.tenants import connection_check, graph_clients
from db.audit.audit import Actor
from db.clock import utcnow
from db.events import attribution, event_logs
from db.models import EventLog, Occurrence, Policy, TenantEvent, TenantEventPolicy
from db.states import DoerKind, NoticeEvent, RunState, TenantLog
from tests.support.outside_changes import ANNA, PIPELINE, Outside
from tests.support.simulated_tenant import READ

pytestmark = [
    pytest.mark.usefixtures("app", "read_logs_again", "lock_order"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
CATALOG = "configurationPolicies"


@pytest.fixture
def outside(graph):
    graph_clients.clear_cache()
    graph.change(permissions=READ)
    return Outside(graph)


@pytest.fixture
def policy(cast):
    return Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()


def look(tenant, **how):
    return reading.read_new_events(tenant, graph_clients.client(tenant), **how)


def states(tenant):
    return {state.log: state for state in event_logs.states(tenant)}


def test_who_changed_a_policy_is_known_after_one_request_to_each_log(outside, policy, cast, graph):
    outside.change(CATALOG, policy.graph_id, by=ANNA)
    look(cast.contoso)
    before = graph.requests()["http"]
    outside.change(CATALOG, policy.graph_id, by=PIPELINE)
    found = look(cast.contoso)
    assert graph.requests()["http"] - before == 2
    assert (found.is_current, found.refused, found.trouble) == (True, (), None)
    events = attribution.events_of_policy(policy)
    assert [event.id for event in events[1:]] == found.event_ids
    anna, pipeline = map(attribution.doer_of, events)
    assert (anna.kind, anna.name, anna.is_in_portal) == (DoerKind.PERSON, ANNA["name"], True)
    assert (pipeline.kind, pipeline.name, pipeline.is_in_portal) == (DoerKind.APP, PIPELINE["name"], False)
    assert look(cast.contoso).event_ids == []


def test_each_log_says_since_when_it_was_read_or_why_it_is_not(outside, policy, cast, graph):
    assert {state.is_readable for state in states(cast.contoso).values()} == {None}
    graph.change(permissions=[one for one in READ if one != "AuditLog.Read.All"])
    found = look(cast.contoso)
    assert (found.is_current, found.refused) == (True, (TenantLog.ENTRA,))
    refused = states(cast.contoso)[TenantLog.ENTRA]
    assert (refused.is_readable, refused.needs, refused.read_to) == (False, "AuditLog.Read.All", None)
    assert refused.why
    intune = states(cast.contoso)[TenantLog.INTUNE]
    assert utcnow() - intune.reaches_from > timedelta(days=29)
    before = graph.requests()["http"]
    look(cast.contoso)
    assert graph.requests()["http"] - before == 1  # asked again tomorrow
    graph.change(permissions=READ)
    assert connection_check.check(cast.contoso).ok  # or at once, when somebody looks whether it is granted
    look(cast.contoso)
    entra = states(cast.contoso)[TenantLog.ENTRA]
    assert entra.is_readable
    assert utcnow() - entra.reaches_from > timedelta(days=29)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 500}, {"kind": "status", "status": 429}, {"kind": "malformed", "shape": "html"}],
    ids=("500", "429", "html"),
)
def test_a_page_that_fails_leaves_the_watermark_and_costs_no_page_before_it(
    outside, policy, cast, graph, fault, monkeypatch
):
    monkeypatch.setattr("graph.events.requests.PAGE_SIZE", 2)
    for number in range(5):
        outside.rename(CATALOG, policy.graph_id, f"Name {number}")
    first = look(cast.contoso, most_pages=1)
    assert (len(first.event_ids), first.is_current) == (2, False)
    graph.fault(path="auditEvents", times=9, **fault)
    failed = look(cast.contoso, most_pages=1)
    assert (len(failed.event_ids), failed.is_current) == (0, False)
    assert failed.trouble
    row = EventLog.get(EventLog.log == TenantLog.INTUNE)
    assert (row.read_to, row.error_code, row.pending is None) == (None, None, False)
    graph.clear_faults()
    locks.flushdb()  # what a 429 asked for
    TenantEvent.update(activity="as it was read").execute()
    again = look(cast.contoso)
    assert (len(again.event_ids), again.is_current) == (3, True)
    assert TenantEvent.select().where(TenantEvent.activity == "as it was read").count() == 2
    assert len(attribution.events_of_policy(policy)) == 5


def test_a_page_link_that_is_not_taken_any_more_begins_its_window_anew(outside, policy, cast, graph, monkeypatch):
    monkeypatch.setattr("graph.events.requests.PAGE_SIZE", 1)
    for number in range(3):
        outside.rename(CATALOG, policy.graph_id, f"Name {number}")
    assert len(look(cast.contoso, most_pages=2).event_ids) == 2
    # The first is for the link; the window's own filter is refused once, and asked without.
    graph.fault(kind="status", status=400, path="auditEvents", times=2)
    found = look(cast.contoso)
    assert (len(found.event_ids), found.is_current) == (1, True)


def test_late_events_are_found_though_their_time_was_read_already(outside, policy, cast):
    look(cast.contoso)
    outside.change(CATALOG, policy.graph_id, at=utcnow() - timedelta(minutes=55))
    [late] = look(cast.contoso).event_ids
    assert TenantEventPolicy.get(TenantEventPolicy.event == late).policy_id == policy.id


def test_after_days_without_a_look_each_day_is_kept_by_itself(outside, policy, cast, graph):
    look(cast.contoso)
    old = utcnow() - timedelta(days=3, hours=12)
    EventLog.update(read_to=old).execute()
    for days in (3, 2, 1):
        outside.change(CATALOG, policy.graph_id, at=utcnow() - timedelta(days=days))
    before = graph.requests()["http"]
    found = look(cast.contoso)
    # Four windows of each log; the directory's budget is five requests in ten seconds, two of which were used.
    assert len(found.event_ids) == 3
    assert (found.is_current, graph.requests()["http"] - before) == (False, 7)
    assert 0 < found.retry_after <= 11


def test_a_capture_reads_the_logs_and_succeeds_whatever_they_answer(outside, policy, cast, worker, ended, graph):
    outside.change(CATALOG, policy.graph_id)

    def capture():
        run = actors.backups.capture.start(policy, Actor.person(cast.ada, None)).run
        return ended(run.id, 30).state

    graph.fault(kind="status", status=500, path="auditEvents", times=9)
    graph.change(permissions=[one for one in READ if one != "AuditLog.Read.All"])
    assert capture() == RunState.SUCCEEDED
    assert not TenantEvent.select().exists()
    graph.clear_faults()
    assert capture() == RunState.SUCCEEDED
    assert len(attribution.events_of_policy(policy)) == 1
    EventLog.update(asked_at=utcnow()).execute()
    before = graph.requests()["http"]
    assert capture() == RunState.SUCCEEDED
    assert graph.requests()["http"] - before <= 2  # the policy alone: the logs were looked into a moment ago
    assert Occurrence.select().where(Occurrence.event == NoticeEvent.FOREIGN_WRITE).count() == 0
