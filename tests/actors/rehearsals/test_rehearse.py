"""Rehearsals: every step by itself, what damage they find, and a lab that is as it was when they end."""

from datetime import timedelta

import pytest

from actors import scheduler
from actors.backups import back_up
from actors.plans import plan_builder, plan_items
from actors.rehearsals import awaited_runs, lab_restore, rehearse
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.clock import utcnow
from db.models import BackupSet, Content, Rehearsal, RehearsalFinding, Restore, Run, RunItem, Tenant
from db.policies import snapshots
from db.rehearsals import rehearsals, rules
from db.runs import claims, completion
from db.states import ItemState, RehearsalState, RestoreState, RunKind, RunState
from graph.errors import Rejected
from graph.restore.options import RestoreOptions
from graph.transport import rate_limits
from tests.support.simulated_tenant import READ, WRITE, SimulatedTenant, catalog_policy

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
CONTEXTS = "identity/conditionalAccess/authenticationContextClassReferences"
STRENGTHS = "identity/conditionalAccess/authenticationStrength/policies"
CATALOG, CA = "deviceManagement/configurationPolicies", "identity/conditionalAccess/policies"


def ca_policy():
    return {"id": "7" * 8 + "-1111-4111-8111-" + "7" * 12, "displayName": "Everybody", "state": "enabled",
            "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"], "applications": {
                "includeApplications": ["All"]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}  # fmt: skip


@pytest.fixture
def lab(simulator, cast, graph):
    """Fabrikam, which has agreed to be Contoso's lab."""
    rules.mark_lab(cast.fabrikam, True, SYSTEM)
    rules.name_lab(cast.contoso, cast.fabrikam, SYSTEM)
    return SimulatedTenant.add(simulator, cast.fabrikam, "fabrikam client secret", WRITE)


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch):
    monkeypatch.setattr(awaited_runs, "_PAUSES", ((timedelta(minutes=1), 0.05),))


def rehearsed(tenant, ended, seconds=300):
    """The rehearsal and its run, ended. What it left in the lab, no sweep begins to remove before the test does."""
    with pytest.MonkeyPatch.context() as held:
        held.setattr(rehearsals, "removals_due", lambda *_: [])
        run = ended(rehearse.start(tenant, SYSTEM).run.id, seconds)
    return Rehearsal.get(Rehearsal.run_id == run.id), run


def steps_of(run):
    return {item.policy_type: (item.state, item.message) for item in RunItem.select().where(RunItem.run == run)}


def without_empty(objects):
    """The objects, but for those that Microsoft keeps deleted."""
    return {name: found for name, found in objects.items() if found and "deletedItems" not in name}


def findings(rehearsal):
    return list(RehearsalFinding.select().where(RehearsalFinding.rehearsal == rehearsal))


def test_a_tenant_without_a_lab_is_backed_up_opened_and_planned(cast, graph, ended):
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert (run.state, rehearsal.state) == (RunState.SUCCEEDED, RehearsalState.PASSED), steps_of(run)
    assert list(steps_of(run)) == [rehearse.BACKUP, rehearse.CONTENTS, rehearse.PLAN]
    assert rehearsal.contents_checked == rehearsal.contents_total > 0
    assert rehearsal.plan_counts == {"matches": rehearsal.contents_total}
    assert Restore.get_by_id(rehearsal.plan_restore_id).state == RestoreState.CANCELLED
    assert graph.requests()["writes"] == 0


def test_a_sample_goes_into_the_lab_is_compared_and_removed_again(cast, graph, lab, ended):
    graph.put(CA, ca_policy())
    before = lab.objects()
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert run.state == RunState.SUCCEEDED, (steps_of(run), [one.message for one in findings(rehearsal)])
    assert all(state == ItemState.DONE for state, _ in steps_of(run).values())
    samples = rehearsals.samples_of(rehearsal)
    assert {row.policy_type for row in samples} == {"conditionalAccessPolicies", "configurationPolicies"}
    assert {(row.differences, row.is_removed) for row in samples} == {(0, True)}
    [sent] = [row for row in Restore.get_by_id(rehearsal.lab_restore_id).items if row.name == "Everybody"]
    assert plan_items.content_to_write(sent, RestoreOptions(**sent.restore.options))["body"]["state"] == (
        "enabledForReportingButNotEnforced")  # fmt: skip
    assert lab.requests()["writes"] > 0
    assert without_empty(lab.objects()) == without_empty(before)
    assert graph.requests()["writes"] == 0


def test_a_lab_whose_limit_lets_one_request_through_at_a_time_comes_to_its_end(cast, graph, lab, ended, monkeypatch):
    """Contexts are looked at before they are made, and the whole sample is read back: all of that in turn."""
    monkeypatch.setitem(rate_limits.LIMITS, rate_limits.AUTHENTICATION, (1, 0.5))
    graph.put(CONTEXTS, {"id": "c1", "displayName": "Payroll", "description": "", "isAvailable": True})
    graph.put(STRENGTHS, {"id": "5" * 8 + "-1111-4111-8111-" + "5" * 12, "displayName": "Keys", "description": "",
                          "policyType": "custom", "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2"],
                          "combinationConfigurations": []})  # fmt: skip
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert run.state == RunState.SUCCEEDED, (steps_of(run), [one.message for one in findings(rehearsal)])
    made = {row.policy_type for row in rehearsals.samples_of(rehearsal) if row.is_removed}
    assert {"authenticationContextClassReferences", "authenticationStrengths"} <= made


def test_each_content_that_does_not_open_or_is_another_is_a_finding_of_its_policy(cast, graph, ended):
    graph.put(CATALOG, catalog_policy("00000003-0000-4000-8000-000000000000", "Third", 3))
    backed_up = ended(back_up.start(cast.contoso, SYSTEM).run.id)
    numbers = backup_sets.snapshot_ids(backup_sets.find_of_run(backed_up))
    sealed, other, whole = snapshots.load_with_contents(numbers)
    Content.update(sealed=b"not what it was").where(Content.id == sealed.content_id).execute()
    wrong, _ = snapshots._seal_content(cast.contoso.id, {"body": {"id": "x"}, "assignments": []},
                                       other.content.fingerprint)  # fmt: skip
    Content.update(sealed=wrong).where(Content.id == other.content_id).execute()
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert (run.state, rehearsal.state) == (RunState.PARTIAL, RehearsalState.FINDINGS)
    of_contents = [row for row in findings(rehearsal) if row.step == rehearse.CONTENTS]
    assert {(row.code, row.name, row.is_failure) for row in of_contents} == {
        ("sealed", sealed.name, True), ("fingerprint", other.name, True)}  # fmt: skip
    assert whole.name not in {row.name for row in of_contents}
    assert rehearsal.contents_checked == 3
    state, said = steps_of(run)[rehearse.CONTENTS]
    assert (state, said) == (ItemState.FAILED, f"3 of 3 contents were opened and compared. {rehearse.FOUND}")


def test_what_may_not_be_read_is_named_and_fails_nothing(cast, graph, ended):
    """The report said that nothing was found wrong, and nothing of the policies that no backup holds."""
    graph.change(permissions=[one for one in READ if one != "Policy.Read.All"])
    graph_clients.clear_cache()
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert rehearsal.state == RehearsalState.PASSED, steps_of(run)
    unread = [row for row in findings(rehearsal) if row.step == rehearse.BACKUP]
    assert "conditionalAccessPolicies" in {row.policy_type for row in unread}
    assert not any(row.is_failure for row in unread)


def test_an_incomplete_set_that_names_no_problem_is_a_finding():
    [finding] = rehearse._problems_of(BackupSet(id=7, state="incomplete", problems=[]))
    assert (finding.code, finding.is_failure) == ("not_whole", True)
    assert rehearse._problems_of(BackupSet(id=7, state="complete", problems=[])) == []


def test_what_the_lab_made_otherwise_is_found_and_removed(cast, graph, lab, ended, monkeypatch):
    def changed_in_between(claim, rehearsal, step):
        [made] = lab.objects()[CATALOG].values()
        lab.put(CATALOG, {**made, "description": "Somebody was here"})
        return compare(claim, rehearsal, step)

    compare = lab_restore.compare
    monkeypatch.setattr(lab_restore, "compare", changed_in_between)
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert run.state == RunState.PARTIAL
    [finding] = findings(rehearsal)
    assert (finding.step, finding.code) == (rehearse.LAB_COMPARE, "differs")
    assert finding.message.endswith("is otherwise than planned: Description.")
    assert steps_of(run)[rehearse.LAB_REMOVE][0] == ItemState.DONE
    assert not lab.objects()[CATALOG]


@pytest.mark.parametrize("column", ["four_eyes", "is_active"])
def test_a_lab_that_may_not_be_written_to_is_not(cast, graph, lab, ended, column):
    Tenant.update({column: column == "four_eyes"}).where(Tenant.id == cast.fabrikam.id).execute()
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert rehearsal.state == RehearsalState.FINDINGS
    assert steps_of(run)[rehearse.LAB_RESTORE][0] == ItemState.FAILED
    assert steps_of(run)[rehearse.LAB_REMOVE] == (ItemState.DONE, "Nothing was made in the lab.")
    assert lab.requests()["writes"] == 0


def test_a_cancelled_rehearsal_leaves_nothing_in_the_lab(cast, graph, lab, ended, monkeypatch):
    """The run ends at once; what it had made goes by a run of its own, which the scheduler starts."""

    def cancel(claim, _rehearsal, _step):
        completion.request_cancel(claim.run, SYSTEM)
        raise rehearse.StepFailed("stopped", "Cancelled just here.")

    monkeypatch.setattr(lab_restore, "compare", cancel)
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert (run.state, rehearsal.state) == (RunState.CANCELLED, RehearsalState.CANCELLED)
    assert lab.objects()[CATALOG]
    scheduler.sweep()
    removal = Run.get_by_id(Rehearsal.get_by_id(rehearsal.id).removal_run_id)
    assert ended(removal.id).state == RunState.SUCCEEDED
    rehearsal = Rehearsal.get_by_id(rehearsal.id)
    assert (rehearsal.state, bool(rehearsal.lab_cleared_at)) == (RehearsalState.CANCELLED, True)
    assert not lab.objects()[CATALOG]


def test_another_worker_goes_on_where_one_was_killed(cast, graph, lab, ended, monkeypatch):
    """Killed at the worst moment of each step: after its work, before it is recorded as done. Nothing is made twice."""
    died = set()

    def die_once(claim, rehearsal, item, message):
        if item.policy_type in died:
            return finish(claim, rehearsal, item, message)
        died.add(item.policy_type)
        Run.update(heartbeat_at=utcnow() - timedelta(minutes=1)).where(Run.id == claim.run.id).execute()
        raise claims.ClaimLost  # nothing more is recorded, as of a worker that is gone

    finish = rehearse._finish
    monkeypatch.setattr(rehearse, "_finish", die_once)
    rehearsal, run = rehearsed(cast.contoso, ended)
    assert died == set(rehearse.TITLES)
    assert (run.state, run.attempts) == (RunState.SUCCEEDED, 0), (steps_of(run), run.error_message)
    assert lab.requests()["created"] == {CATALOG: 1}
    assert (rehearsal.findings, rehearsal.contents_checked) == (0, rehearsal.contents_total)
    assert not lab.objects()[CATALOG]
    assert Restore.select().where(Restore.rehearsal_id == rehearsal.id).count() == 3
    assert Run.select().where(Run.kind == RunKind.BACK_UP).count() == 1


def test_what_cannot_be_removed_is_told_with_its_id(cast, graph, lab, ended, monkeypatch):
    """As when somebody takes the lab's app its permission away in the midst of it."""

    def compare_and_forbid(claim, rehearsal, step):
        message = compare(claim, rehearsal, step)
        lab.change(permissions=READ)
        graph_clients.clear_cache()
        return message

    compare = lab_restore.compare
    monkeypatch.setattr(lab_restore, "compare", compare_and_forbid)
    rehearsal, run = rehearsed(cast.contoso, ended)
    [made] = lab.objects()[CATALOG]
    [finding] = [row for row in findings(rehearsal) if row.code == "left_in_lab"]
    assert finding.message.startswith(f"{made} is still in the lab, and has to be removed there by hand")
    assert (run.state, rehearsal.state, rehearsal.lab_cleared_at) == (RunState.PARTIAL, RehearsalState.FINDINGS, None)
    lab.change(permissions=WRITE)
    graph_clients.clear_cache()
    scheduler.sweep()
    assert ended(Rehearsal.get_by_id(rehearsal.id).removal_run_id).state == RunState.SUCCEEDED
    assert not lab.objects()[CATALOG]


def test_a_removal_whose_preview_failed_is_tried_again_with_another(cast, graph, lab, ended, monkeypatch):
    """Each try looked at the preview that had failed, and none asked the lab again."""

    def fail_of_undo(claim, restore, client):
        if restore.undo_of_id is not None:
            raise Rejected("lab_away", "The lab does not answer.")
        return open_builder(claim, restore, client)

    open_builder = plan_builder.open_builder
    with monkeypatch.context() as away:
        away.setattr(plan_builder, "open_builder", fail_of_undo)
        rehearsal, run = rehearsed(cast.contoso, ended)
        assert (rehearsal.state, rehearsal.lab_cleared_at) == (RehearsalState.FINDINGS, None), steps_of(run)
        assert lab.objects()[CATALOG]
    scheduler.sweep()
    assert ended(Rehearsal.get_by_id(rehearsal.id).removal_run_id).state == RunState.SUCCEEDED
    assert not lab.objects()[CATALOG]
    states = [row.state for row in Restore.select().where(Restore.undo_of.is_null(False)).order_by(Restore.id)]
    assert states == [RestoreState.CANCELLED, RestoreState.FINISHED]
