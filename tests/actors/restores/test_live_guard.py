"""The guard against locking everybody out, asked again by a live run: what a tenant becomes after its plan was made."""

import pytest

from db.audit.audit import SYSTEM
from db.restores import restore_rules
from graph.write import readiness
from tests.support.restore_steps import executed, items_of, plan_of
from tests.support.undeletes import (
    CA,
    GROUPS,
    MEMBER,
    an_id,
    group_body,
    held,
    policy_body,
)

pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


def everybody_but(*groups):
    body = policy_body()
    body["conditions"]["users"] = {"includeUsers": ["All"], "excludeGroups": list(groups)}
    return body


def test_the_guard_judges_what_comes_back_as_it_was_deleted(lost, plan, contoso, cast, ended):
    restore_rules.change(cast.contoso, False, f"user {MEMBER} Mia", SYSTEM)
    body = everybody_but()
    restore = plan(lost(CA, {**body, "state": "disabled"}, body))
    assert plan_of(restore) == {"CA a": "undelete: guard"}
    _, run = executed(restore, ended)
    assert items_of(run)["CA a"].outcome == "blocked"
    assert not held(contoso)


def test_a_group_that_somebody_has_emptied_stops_a_plan_and_the_run_of_an_earlier_plan(
    lost, plan, contoso, cast, ended
):
    restore_rules.change(cast.contoso, False, f"group {an_id('e')} SG e", SYSTEM)
    contoso.put("groups", group_body(members=[{"id": MEMBER}]))
    policy = lost(CA, everybody_but(an_id("e")))
    before = plan(policy)
    assert plan_of(before) == {"CA a": "undelete"}
    contoso.put("groups", group_body(members=[]))
    _, run = executed(before, ended)
    assert (items_of(run)["CA a"].outcome, items_of(run)["CA a"].reason) == ("blocked", "guard")
    assert "Nobody is in “SG e”." in items_of(run)["CA a"].message
    assert not held(contoso)
    after = plan(policy)
    assert plan_of(after) == {"CA a": "undelete: guard"}
    executed(after, ended, guard_reason="nobody works here yet")
    assert held(contoso)


@pytest.mark.parametrize("members", [[{"id": MEMBER}], []], ids=["with a member", "emptied"])
def test_the_guard_counts_on_a_group_that_comes_back_and_then_looks_who_came_with_it(
    lost, plan, contoso, cast, ended, members, monkeypatch
):
    monkeypatch.setattr(readiness, "USUAL_PATIENCE", 1)
    restore_rules.change(cast.contoso, False, f"group {an_id('e')} SG e", SYSTEM)
    chosen = [lost(CA, everybody_but(an_id("e"))), lost(GROUPS, group_body(members=members))]
    assert plan_of(plan(chosen[0])) == {"CA a": "undelete: guard"}, "the group stays where it is"
    restore = plan(*chosen, groups="kept")
    assert plan_of(restore) == {"SG e": "undelete", "CA a": "undelete"}
    _, run = executed(restore, ended)
    assert items_of(run)["SG e"].outcome == "undeleted"
    assert items_of(run)["CA a"].outcome == ("undeleted" if members else "blocked"), items_of(run)["CA a"].message
