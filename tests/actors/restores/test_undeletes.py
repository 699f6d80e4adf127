"""Objects that Microsoft still keeps deleted come back with their id: what is written, refused, lost and undone."""

import pytest

from actors.restores import live_restore
from db.audit.audit import SYSTEM
from db.models import Restore, Run, Write
from db.restores import restore_items
from db.runs import claims, completion, run_progress
from db.states import RunKind
from db.tenants import bin_refusals
from tests.support import servers
from tests.support.outside_changes import Outside
from tests.support.restore_steps import executed, items_of, plan_of, previewed, undone
from tests.support.told import told_of
from tests.support.undeletes import (
    ACCESS,
    CA,
    GROUPS,
    LOCATIONS,
    WHERE,
    an_id,
    group_body,
    held,
    office,
    policy_body,
    told_by,
)

WATCHED = "enabledForReportingButNotEnforced"
STATES = {"as captured": "enabled", "report only": WATCHED, "off": "disabled"}
pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


@pytest.mark.parametrize("choice", STATES)
def test_policies_come_back_with_their_ids_and_never_on_by_surprise(lost, plan, contoso, ended, choice):
    contoso.change(flags={"undelete_wrapped": choice == "off"})
    as_deleted = {"a": "enabled", "b": WATCHED, "c": "disabled"}
    snapshots = [lost(CA, policy_body(letter), policy_body(letter, state)) for letter, state in as_deleted.items()] + [
        lost(CA, policy_body("d", "disabled"), policy_body("d"))
    ]
    restore = plan(*snapshots, conditional_access=choice)
    assert set(plan_of(restore).values()) == {"undelete"}
    on = {
        item.name for item in restore_items.items(restore) if "says nowhere in which state" in " ".join(told_of(item))
    }
    assert on == ({"CA d"} if choice == "as captured" else {"CA a", "CA d"})
    assert "a new one is made, with another id" in told_by(restore)
    before = contoso.requests()["created"]
    restore, run = executed(restore, ended)
    assert {one.outcome for one in items_of(run).values()} == {"undeleted"}
    assert {item.verified for item in restore_items.items(restore)} == {True}
    assert held(contoso) == {**dict.fromkeys(map(an_id, "abc"), STATES[choice]), an_id("d"): "disabled"}
    assert contoso.requests()["created"] == before, "nothing new was made"

    undo = previewed(undone(restore), ended)
    assert set(plan_of(undo).values()) == {"remove"}
    executed(undo, ended)
    assert not held(contoso)
    assert set(plan_of(plan(*snapshots)).values()) == {"undelete"}, "an undo has put them into the bin again"


def test_a_location_and_what_names_it_come_back_and_find_each_other(lost, plan, contoso, ended):
    policy = lost(CA, policy_body("a", locations=[an_id("d")]))
    place = lost(WHERE, office(), office(displayName="Renamed"))
    restore = plan(policy, place)
    assert plan_of(restore) == {"CA a": "undelete", "Office d": "undelete"}
    assert [item.name for item in restore_items.items(restore)] == ["Office d", "CA a"], "the location comes first"
    restore, run = executed(restore, ended)
    assert {one.outcome for one in items_of(run).values()} == {"undeleted"}
    assert contoso.objects()[LOCATIONS][an_id("d")]["displayName"] == "Office d"
    sent = [write.path for write in Write.select().where(Write.item == restore_items.items(restore)[1])]
    assert len(sent) == 1, "the policy was deleted as it was captured: nothing but bringing it back is sent"


@pytest.mark.parametrize("kind", [{}, {"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"B\"",
                                        "membershipRuleProcessingState": "On"}])  # fmt: skip
def test_a_group_comes_back_whole_and_is_left_as_it_is(lost, plan, contoso, ended, kind):
    snapshot = lost(GROUPS, group_body(**kind), group_body(**kind, description="as deleted"))
    assert plan_of(plan(snapshot)) == {"SG e": "blocked: not_chosen"}
    assert plan_of(plan(snapshot, groups="kept", deleted="new")) == {"SG e": "blocked: not_chosen"}
    restore = plan(snapshot, groups="kept")
    assert plan_of(restore) == {"SG e": "undelete"}
    assert "no new one is made" in told_by(restore)
    assert "comes back as it was deleted: Description" in told_by(restore)
    assert ("goes on, or stays paused" in told_by(restore)) == bool(kind)
    _, run = executed(restore, ended)
    [item] = items_of(run).values()
    assert (item.outcome, item.reason) == ("undeleted", "differs")
    assert "as the backup has it: Description" in item.message or "than the backup has it: Description" in item.message
    assert contoso.objects()["groups"][an_id("e")]["description"] == "as deleted"
    assert Write.select().count() == 1


def test_what_may_not_be_brought_back_is_made_anew_or_left(lost, plan, contoso, cast):
    snapshot = lost(GROUPS, group_body())
    roles = lost(GROUPS, group_body("b"), group_body("b", isAssignableToRole=True))
    synced = lost(GROUPS, group_body("c"), group_body("c", onPremisesSyncEnabled=True))
    assert plan_of(plan(snapshot, roles, synced, groups="empty")) == {
        "SG e": "undelete", "SG b": "recreate", "SG c": "recreate",
    }  # fmt: skip


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_what_microsoft_refuses_to_bring_back_is_made_anew_and_says_so(lost, plan, contoso, cast, ended, status):
    contoso.change(flags={"undelete_refused": {"policies": status, "namedLocations": status}})
    restore = plan(lost(CA, policy_body("a", locations=[an_id("d")])), lost(WHERE, office()))
    _, run = executed(restore, ended)
    rows = items_of(run)
    assert {row.outcome for row in rows.values()} == {"recreated"}, [row.message for row in rows.values()]
    assert all("A new one was made, with another id" in row.message for row in rows.values())
    assert ("stands in its way" in rows["CA a"].message) == (status == 409), "nobody changes what lies in a bin"
    [made] = contoso.objects()[ACCESS].values()
    [place] = contoso.objects()[LOCATIONS]
    assert made["id"] != an_id("a")
    assert made["conditions"]["locations"]["excludeLocations"] == [place], "it names the new location"
    assert (CA in bin_refusals.refusals(cast.contoso)) == (status == 403)


def test_an_id_decides_before_a_name_and_both_are_told(lost, plan, contoso, ended):
    snapshot = lost(CA, policy_body())
    contoso.put(ACCESS, {**policy_body("b"), "displayName": "CA a"})
    contoso.put(ACCESS, {**policy_body("c"), "displayName": "CA a"})
    restore = plan(snapshot)
    assert plan_of(restore) == {"CA a": "undelete"}
    assert "afterwards there is one more of the name" in told_by(restore)
    executed(restore, ended)
    assert held(contoso).keys() == set(map(an_id, "abc"))


def test_one_that_was_made_again_and_deleted_comes_back_as_the_last(lost, plan, contoso, ended):
    snapshot = lost(CA, policy_body())
    executed(plan(snapshot, deleted="new"), ended)
    [again] = held(contoso)
    Outside(contoso).remove(CA, again)
    restore = plan(snapshot)
    assert [(item.action, item.target_id) for item in restore_items.items(restore)] == [("undelete", again)]
    executed(restore, ended)
    assert list(held(contoso)) == [again]


@pytest.mark.parametrize("since", ["brought back", "deleted again", "purged"])
def test_what_has_changed_in_the_bin_since_the_preview_is_not_touched(lost, plan, contoso, ended, since):
    restore = plan(lost(CA, policy_body()))
    contoso.delete("identity/conditionalAccess/deletedItems/policies", an_id("a"))
    if since != "purged":
        contoso.put(ACCESS, policy_body(state="disabled"))
    if since == "deleted again":
        Outside(contoso).remove(CA, an_id("a"))
    _, run = executed(restore, ended)
    [row] = items_of(run).values()
    assert row.outcome == ("recreated" if since == "purged" else "conflict"), row.message
    assert len(held(contoso)) == (0 if since == "deleted again" else 1)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        # The answer never comes, and it was brought back, or was not.
        ({"kind": "lost", "status": 504, "path": "/restore$"}, "undeleted"),
        ({"kind": "lost", "status": 0, "path": "/restore$"}, "undeleted"),
        ({"kind": "lost_before", "path": "/restore$"}, "undeleted"),
        ({"kind": "lost", "status": 504, "path": f"conditionalAccess/policies/{an_id('a')}$"}, "undeleted"),
        ({"kind": "status", "status": 429, "retry_after": "1", "path": "/restore$"}, "undeleted"),
        ({"kind": "status", "status": 503, "path": f"conditionalAccess/policies/{an_id('a')}$"}, "undeleted"),
    ],
)
def test_whatever_is_lost_on_the_way_is_settled_by_reading(lost, plan, contoso, ended, fault, outcome):
    restore = plan(lost(CA, policy_body(description="x"), policy_body()), conditional_access="off")
    contoso.fault(**fault)
    _, run = executed(restore, ended)
    [row] = items_of(run).values()
    assert row.outcome == outcome, row.message
    assert held(contoso) == {an_id("a"): "disabled"}


def test_a_policy_that_cannot_be_switched_after_it_is_back_is_said_to_be_possibly_on(lost, plan, contoso, ended):
    restore = plan(lost(CA, policy_body()), conditional_access="report only")
    contoso.fault(kind="lost_before", path=f"conditionalAccess/policies/{an_id('a')}$", times=60)
    restore, run = executed(restore, ended)
    [row] = items_of(run).values()
    assert (row.state, row.reason) == ("uncertain", "possibly_on"), row.message
    assert "possibly ON" in row.message
    undo = previewed(undone(restore), ended)
    assert plan_of(undo) == {"CA a": "remove"}


@pytest.mark.parametrize("end", ["stopped", "given up"])
def test_whoever_ends_a_run_before_the_state_is_settled_is_told_that_it_is_possibly_on(lost, plan, contoso, ended, end):
    """One that was deleted while it was off is no exception: in which state it comes back is told nowhere."""
    contoso.change(flags={"undelete_state": "enabled"})
    as_deleted = policy_body(state="enabled" if end == "stopped" else "disabled")
    restore = plan(lost(CA, as_deleted), lost(WHERE, office()), conditional_access="off")
    contoso.fault(
        kind="status", status=429, retry_after="60", path=f"conditionalAccess/policies/{an_id('a')}$", times=60
    )
    run = live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket").run
    servers.wait_for(lambda: held(contoso) == {an_id("a"): "enabled"}, "The policy")
    servers.wait_for(lambda: run_progress.waiting_reason(Run.get_by_id(run.id)), "The wait for Graph")
    if end == "stopped":
        completion.request_cancel(run, SYSTEM)
        ended(run.id)
    else:
        completion.fail(claims.take_claim(run.id, RunKind.RESTORE), "worker_died", "The worker died 5 times.")
    rows = items_of(Run.get_by_id(run.id))
    assert (rows["CA a"].state, rows["CA a"].reason) == ("uncertain", "possibly_on"), rows["CA a"].message
    assert "is possibly ON against the plan" in rows["CA a"].message
    assert rows["Office d"].outcome == "undeleted"
    contoso.change(flags={"undelete_state": ""})


def test_what_is_made_anew_is_not_possibly_on_while_it_is_made(lost, plan, contoso, ended):
    contoso.change(flags={"undelete_refused": {"policies": 400}})
    restore = plan(lost(CA, policy_body()), conditional_access="off")
    run = live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket").run
    servers.wait_for(lambda: restore_items.items(restore)[0].undelete_refusal, "The refusal")
    assert items_of(run)["CA a"].reason != "possibly_on"
    assert items_of(ended(run.id))["CA a"].outcome == "recreated"
