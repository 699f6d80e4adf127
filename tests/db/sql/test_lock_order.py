"""Transactions that meet at the same rows: who goes first, who waits, who is told what."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import peewee as pw
import pytest

import actors.plans.preview
from actors.plans import drafts
from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.database import database as handle
from db.database import is_deadlock, lock_rows, transaction
from db.errors import Invalid, SwitchedOff
from db.housekeeping import tenant_switch
from db.models import Policy, Restore, Run, RunItem, Snapshot, Tenant, User
from db.policies import policies, snapshots
from db.restores import approvals, restore_drafts, restore_items
from db.restores.restore_drafts import RestoreSource
from db.runs import child_runs, claims, completion, run_items, runs
from db.runs.run_items import NewRunItem
from db.states import PolicyState, RunKind, SiteRole
from tests.support import lock_watch, servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import as_previewed, options
from web import error_pages

# SQLite has one writer at a time: there nothing meets.
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def beside(act, *args):
    """The future of an act with a connection of its own."""

    def connected():
        with handle.connection_context():
            return act(*args)

    pool = ThreadPoolExecutor(1)
    future = pool.submit(connected)
    pool.shutdown(wait=False)
    return future


def waits():
    """Some connection waits for another one's row."""
    return handle.execute_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]


def until_it_waits():
    servers.wait_for(waits, "The other's wait")


# --- the order -------------------------------------------------------------------------------------------------------


def test_the_watch_finds_what_goes_against_the_order(database, monkeypatch):
    with lock_watch.watched(monkeypatch) as wrong:
        with database.atomic():
            lock_rows(Tenant, Tenant.id == 1)
            Run.update(waiting="x").where(Run.id == 1).execute()
            RunItem.update(tries=1).where(RunItem.run == 1).execute()
        assert not wrong
        with database.atomic():
            Run.update(waiting="x").where(Run.id == 1).execute()
            lock_rows(Tenant, Tenant.id == 1)
        with database.atomic():
            RunItem.update(tries=1).where(RunItem.run == 1).execute()
            Run.update(waiting="x").where(Run.id == 1).execute()
    assert [sentence.split(":")[0] for sentence in wrong] == ["tenant after ['run']", "run after ['run_item']"]


def facts(*numbers):
    return [
        {"graph_id": f"{number:08}", "name": f"Policy {number}", "odata_type": None, "platform": None,
         "is_built_in": False, "modified_at": None}
        for number in numbers
    ]  # fmt: skip


@on_postgresql
def test_a_list_takes_its_policies_in_one_order_however_graph_gave_them(cast):
    """Else the two would wait for each other: the list for the first, having the last; this one for the last."""
    policies.record_listing(cast.contoso, "windowsFeatureUpdateProfiles", facts(*range(10)))
    first, *_, last = Policy.select().where(Policy.policy_type == "windowsFeatureUpdateProfiles").order_by(Policy.id)
    with handle.atomic():
        lock_rows(Policy, Policy.id == first.id)
        other = beside(
            policies.record_listing, cast.contoso, "windowsFeatureUpdateProfiles", facts(*reversed(range(10)))
        )
        until_it_waits()
        lock_rows(Policy, Policy.id == last.id)
    other.result(60)


@on_postgresql
def test_a_part_that_fails_and_the_end_of_its_whole_do_not_wait_for_each_other(cast):
    items = [NewRunItem("configurationPolicies", f"Policy {number}") for number in range(4)]
    start = runs.start(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="x", items=items, actor=SYSTEM)
    whole = claims.take_claim(start.run.id, RunKind.BACK_UP)
    [part] = child_runs.create_children(
        whole, [[item.id for item in run_items.unsettled_items(whole.run)]], with_rest=False
    )
    held = claims.take_claim(part.id, RunKind.BACK_UP_PART)
    with handle.atomic():
        completion.lock_ending_rows(whole.run)
        other = beside(child_runs.fail_child, held, "x", "It failed.", None)
        until_it_waits()
        completion.fail_unsettled_items(whole.run, "y", "The whole was given up.", None)
    other.result(60)
    assert {item.reason for item in RunItem.select().where(RunItem.run == whole.run)} == {"y"}


def a_run(tenant, kind):
    return runs.start(tenant=tenant, kind=kind, dedupe_key=kind, items=[], actor=SYSTEM).run


@on_postgresql
def test_a_heartbeat_and_the_end_of_several_runs_do_not_wait_for_each_other(cast):
    whole = a_run(cast.contoso, RunKind.BACK_UP)
    [part, *_] = child_runs.create_children(claims.take_claim(whole.id, whole.kind), [], with_rest=True)
    later = a_run(cast.contoso, RunKind.SYNC)
    tokens = [claims.take_claim(run.id, run.kind).token for run in (part, later)]

    def end():
        with handle.atomic():
            completion.lock_ending_rows(whole, later)

    with handle.atomic():
        lock_rows(Run, Run.id == part.id)
        beating = beside(claims.record_heartbeat, tokens)
        until_it_waits()
        ending = beside(end)
        servers.wait_for(lambda: waits() > 1, "The end's wait")
    for other in (beating, ending):
        other.result(60)


# --- decided by what is there when it is written ---------------------------------------------------------------------


@pytest.fixture
def draft(app, cast):
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    _, snapshot = capture_by_hand(policy, SYSTEM)
    return drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM)


@on_postgresql
@pytest.mark.parametrize("change", ["options", "items"])
def test_what_a_preview_that_just_started_plans_for_is_not_changed(draft, change):
    acts = {
        "options": lambda: restore_drafts.change_options(Restore.get_by_id(draft.id), options(existing="skip"), SYSTEM),
        "items": lambda: restore_drafts.remove_other_items(
            draft, [item.id for item in restore_items.items(draft)], SYSTEM
        ),
    }
    with handle.atomic():
        actors.plans.preview.start(draft, SYSTEM)
        other = beside(acts[change])
        until_it_waits()
    with pytest.raises(Invalid, match="is being previewed"):
        other.result(60)
    assert Restore.get_by_id(draft.id).options == draft.options


def test_a_plan_of_other_options_is_neither_approved_nor_executed(draft, cast):
    """Whoever changed them, and however: the plan says what it was made for."""
    as_previewed(draft)
    Restore.update(options=options(existing="skip")).where(Restore.id == draft.id).execute()
    seen = Restore.get_by_id(draft.id)
    with pytest.raises(Invalid, match="Otherwise than when it was previewed: its options"):
        approvals.approve(seen, Actor.person(cast.root, None), "seen", 24)
    with pytest.raises(Invalid, match="Otherwise than when it was previewed: its options"):
        actors.restores.live_restore.start(seen, SYSTEM, reason="ticket")
    Restore.update(options=draft.options).where(Restore.id == draft.id).execute()
    approvals.approve(seen, Actor.person(cast.root, None), "seen", 24)


@on_postgresql
def test_four_eyes_that_are_switched_on_meanwhile_count(draft, cast):
    seen = as_previewed(draft)
    assert seen.tenant.four_eyes is False
    with handle.atomic():
        Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
        other = beside(lambda: actors.restores.live_restore.start(seen, SYSTEM, reason="ticket"))
        until_it_waits()
    with pytest.raises(Invalid, match="whether four eyes are asked for"):
        other.result(60)


def started(tenant):
    return runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key="x", items=[], actor=SYSTEM).run


@on_postgresql
def test_a_run_that_starts_while_its_tenant_is_switched_off_is_cancelled(cast):
    with handle.atomic():
        run = started(cast.contoso)
        other = beside(tenant_switch.switch_off, cast.contoso, SYSTEM)
        until_it_waits()
    assert (other.result(60), Run.get_by_id(run.id).state) == (1, "cancelled")


@on_postgresql
def test_a_tenant_that_is_being_switched_off_starts_nothing(cast):
    with handle.atomic():
        tenant_switch.switch_off(cast.contoso, SYSTEM)
        other = beside(started, cast.contoso)
        until_it_waits()
    with pytest.raises(SwitchedOff):
        other.result(60)


@on_postgresql
def test_two_admins_do_not_take_each_others_role(cast):
    second = User.create(email="second@example.com", name="Second", site_role=SiteRole.ADMIN)
    with handle.atomic():
        users.change(second, SYSTEM, site_role=SiteRole.NONE)
        other = beside(lambda: users.change(cast.root, SYSTEM, site_role=SiteRole.NONE))
        until_it_waits()
    with pytest.raises(Invalid, match="last active admin"):
        other.result(60)


# --- lists that overtake each other ----------------------------------------------------------------------------------


def test_a_list_that_another_one_overtook_knows_nothing_of_what_that_one_saw(cast):
    began = utcnow()
    policies.record_listing(cast.contoso, "mobileApps", facts(1, 2))
    policies.record_listing(cast.contoso, "mobileApps", facts(2, 3))
    gone = policies.record_listing(cast.contoso, "mobileApps", facts(1, 2), began=began)
    states = {policy.graph_id[-1]: policy.state for policy in Policy.select().where(Policy.policy_type == "mobileApps")}
    assert (gone, states) == (0, {"1": PolicyState.GONE, "2": PolicyState.PRESENT, "3": PolicyState.PRESENT})
    assert policies.record_listing(cast.contoso, "mobileApps", facts(1)) == 2


def test_a_list_counts_although_the_clock_was_set_back_since_the_last_one(cast):
    policies.record_listing(cast.contoso, "mobileApps", facts(1), began=utcnow() + timedelta(hours=3))
    renamed = [{**facts(1)[0], "name": "renamed"}]
    policies.record_listing(cast.contoso, "mobileApps", renamed)
    assert Policy.get(Policy.policy_type == "mobileApps").name == "renamed"


# --- deadlocks all the same ------------------------------------------------------------------------------------------


def meeting(cast, turns):
    """Two acts that take two rows in opposite orders, and at the first `turns` wait until each has one."""
    rows, both, count = [cast.contoso.id, cast.fabrikam.id], threading.Barrier(2, timeout=30), []

    @transaction
    def act(first, second):
        handle.execute_sql("SET LOCAL deadlock_timeout = '50ms'")
        count.append(first)
        lock_rows(Tenant, Tenant.id == first)
        if count.count(first) <= turns:
            both.wait(60)
        lock_rows(Tenant, Tenant.id == second)

    return [beside(act, *rows), beside(act, *reversed(rows))], count


@on_postgresql
def test_an_act_that_a_deadlock_took_back_is_run_once_more(cast):
    others, count = meeting(cast, turns=1)
    for one in others:
        one.result(60)
    assert len(count) == 3


@on_postgresql
def test_whoever_meets_a_deadlock_again_is_told_to_try_again_and_not_that_the_database_is_gone(app, cast):
    def within():
        with handle.atomic():  # not the outermost: only the whole can be run again
            act()

    @transaction
    def act():
        handle.execute_sql("SET LOCAL deadlock_timeout = '50ms'")
        lock_rows(Tenant, Tenant.id == cast.fabrikam.id)
        has_one.set()
        lock_rows(Tenant, Tenant.id == cast.contoso.id)

    has_one = threading.Event()
    with handle.atomic():
        handle.execute_sql("SET LOCAL deadlock_timeout = '10s'")
        lock_rows(Tenant, Tenant.id == cast.contoso.id)
        other = beside(within)
        assert has_one.wait(60)
        time.sleep(0.01)
        lock_rows(Tenant, Tenant.id == cast.fabrikam.id)
    with pytest.raises(pw.OperationalError) as caught:
        other.result(60)
    assert is_deadlock(caught.value)
    with app.test_request_context(headers={"Accept": "application/json"}):
        app.preprocess_request()
        page, code = error_pages._database_gone(caught.value)
    assert (code, page.json["error"]["title"]) == (409, "Two acts met")


def test_a_restore_of_what_is_let_go_of_just_then_is_not_made_and_says_what_to_do(app, captured, cast):
    _policy, _run, snapshot = captured[0]
    found = restore_drafts.new_items_from_snapshots(snapshots.load_with_policies([snapshot.id]))
    Snapshot.delete().execute()
    with pytest.raises(pw.IntegrityError) as caught:
        restore_drafts.create(cast.contoso, RestoreSource("elsewhere", "a set"), found, {}, SYSTEM)
    assert not Restore.select().exists()
    with app.test_request_context(headers={"Accept": "application/json"}):
        app.preprocess_request()
        page, code = app.handle_user_exception(caught.value)
    assert (code, page.json["error"]["title"]) == (409, "Two acts met")
