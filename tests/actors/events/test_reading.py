"""The two audit logs of a tenant, read from the simulator: once, page by page, and never at the cost of a run."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

import actors.backups.capture
from actors.events import reading
from actors.plans import drafts
from actors.queue.broker import locks
from actors.tenants import connection_check, graph_clients
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.database import database
from db.events import attribution, event_logs
from db.models import EventLog, Occurrence, Policy, TenantEvent, TenantEventPolicy, Write
from db.policies import policies
from db.states import DoerKind, NoticeEvent, RunState, TenantLog
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.demo import demo_tenants
from tests.support.captures import capture_by_hand
from tests.support.outside_changes import ANNA, PIPELINE, Outside
from tests.support.restore_steps import executed, options, previewed
from tests.support.simulated_tenant import READ, WRITE, catalog_policy, collection_of

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


def test_where_nobody_answers_the_other_log_is_not_waited_for_too(outside, cast, graph, monkeypatch):
    monkeypatch.setattr("graph.transport.client.TIMEOUT", 2)
    graph.fault(kind="delay", seconds=3, path="auditEvents")
    before = graph.requests()["http"]
    found = look(cast.contoso)
    assert (found.is_current, found.refused, graph.requests()["http"] - before) == (False, (), 1)
    assert found.trouble == "Microsoft Graph did not answer in time."
    assert look(cast.contoso).is_current


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
        return ended(run.id).state

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


def test_two_workers_together_never_ask_the_directorys_log_more_than_it_allows(outside, cast, graph):
    graph.change(flags={"throttle": True})
    # Twenty days behind, a day a request: four who read at once want more than the log gives.
    row = event_logs.get(cast.contoso, TenantLog.ENTRA)
    EventLog.update(read_to=utcnow() - timedelta(days=20)).where(EventLog.id == row.id).execute()
    tenants = [cast.contoso] * 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(_look_in_a_thread, tenants))
    asked = graph.requests()
    assert (asked["throttled"], any(one.retry_after for one in found)) == (0, True)
    row = EventLog.get(EventLog.log == TenantLog.ENTRA)
    assert row.error_code is None
    graph.change(flags={"throttle": False})


def _look_in_a_thread(tenant):
    with database.connection_context():
        return look(tenant)


def test_a_restore_of_ours_is_recognised_and_another_write_under_our_app_is_foreign(
    outside, policy, cast, graph, worker, ended, quick
):
    graph.change(permissions=WRITE)
    graph_clients.clear_cache()
    outside.change(CATALOG, policy.graph_id, at=utcnow() - timedelta(hours=1))
    content = {**catalog_policy(policy.graph_id, policy.name), "description": "as it was"}
    content.pop("assignments")
    snapshot = capture_by_hand(policy, Actor.person(cast.ada, None), content)[1]
    restore, run = executed(previewed(drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM), ended), ended)
    assert run.state == RunState.SUCCEEDED
    look(cast.contoso)
    anna, *ours = attribution.events_of_policy(policy)
    assert (anna.doer_name, anna.restore_id) == (ANNA["name"], None)
    assert ours
    assert {(event.restore_id, event.is_foreign) for event in ours} == {(restore.id, False)}
    assert {event.correlation_id for event in ours} <= {write.client_request_id for write in Write.select()}
    assert not Occurrence.select().where(Occurrence.event == NoticeEvent.FOREIGN_WRITE).exists()
    # Somebody has our credential: nothing of ours was sent in that hour.
    Write.update(sent_at=utcnow() - timedelta(hours=1), answered_at=None).execute()
    outside.change(CATALOG, policy.graph_id, by={"kind": "app", "name": "Us", "app_id": cast.contoso.client_id})
    [event] = look(cast.contoso).event_ids
    assert TenantEvent.get_by_id(event).is_foreign
    assert Occurrence.select().where(Occurrence.event == NoticeEvent.FOREIGN_WRITE).count() == 1


def test_a_change_of_every_policy_type_finds_its_policy_and_who_made_it(outside, cast, graph, quick):
    held = demo_tenants()[0].collections
    for path in {collection_of(row) for row in POLICY_TYPES.values()}:
        graph.put(path, next(iter(held[path].values())))
    ids = {}
    for policy_type, row in POLICY_TYPES.items():
        token, item = next(iter(graph.objects()[collection_of(row)].items()))
        profiles = item.get("enrollmentProfiles")
        ids[policy_type] = f"{token}/{profiles[0]['id']}" if profiles else token
        policies.get_or_create(cast.contoso, policy_type, ids[policy_type], "Some name", None)
        outside.change(policy_type, ids[policy_type], by=ANNA)
        if row.assignments != "none":
            outside.assign(policy_type, ids[policy_type], by=PIPELINE)
    assert look(cast.contoso).is_current
    told, untold = {}, set()
    for row in Policy.select().where(Policy.tenant == cast.contoso):
        if ids.get(row.policy_type) == row.graph_id:
            events = attribution.events_of_policy(row)
            told[row.policy_type] = {event.doer_name for event in events}
            untold |= {row.policy_type for event in events if row.policy_type not in event.policy_types}
    assigned = {key for key, row in POLICY_TYPES.items() if row.assignments != "none"}
    assert told == {key: {ANNA["name"], *([PIPELINE["name"]] if key in assigned else ())} for key in POLICY_TYPES}
    assert untold == set()
    # Nothing is told twice: not a Conditional Access policy by its twin, nor one policy's event at another.
    access = Policy.get((Policy.tenant == cast.contoso) & (Policy.policy_type == "conditionalAccessPolicies"))
    assert len(attribution.events_of_policy(access)) == 1
