"""A policy that somebody changed against a standard is put back by itself, as a person would, and no other way."""

import pytest

import actors.backups.capture
from actors import scheduler
from actors.changes import assessment
from actors.keeping import by_itself, putting_back
from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import AuditEvent, Change, Occurrence, Policy, Restore, Run, StandardAdoption, StandardCell
from db.standards import keeping as choices
from db.states import KeepChoice, RestoreState, Ring, RunKind
from tests.support import servers
from tests.support.restore_steps import executed, previewed
from tests.support.rolled_out import CATALOG, cells, firewall, follow, guid, make_standard, make_version

pytestmark = [
    pytest.mark.usefixtures("app", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
KEY, HERE = guid(1, 1), guid(7, 1)


@pytest.fixture
def kept(simulator, worker, ended):
    """kept(description): the cell once the tenant's policy says that, and was read and compared."""
    standard = make_standard()
    version = make_version(standard, {KEY: ("configurationPolicies", firewall())})
    [(tenant, simulated)] = follow(simulator, standard, {Ring.PILOT: 1})
    StandardAdoption.update(version=version).execute()
    policy = Policy.create(tenant=tenant, policy_type="configurationPolicies", graph_id=HERE, name="Firewall")

    def say(description=None):
        said = {} if description is None else {"description": description}
        simulated.put(CATALOG, {**firewall(), "id": HERE, **said})
        ended(actors.backups.capture.start(policy, SYSTEM).run.id)
        assessment.assess(tenant.id)
        return cells(standard, tenant)[KEY]

    say.simulated, say.now = simulated, lambda: cells(standard, tenant)[KEY]
    return say


def description_of(simulated):
    return simulated.objects()[CATALOG][HERE].get("description", "")


def test_what_was_put_back_by_hand_is_put_back_by_itself_and_a_plan_that_would_do_more_is_not(kept, ended, cast):
    max_ = Actor.person(cast.max, None)
    assert kept().state == "aligned"
    with pytest.raises(Invalid, match="by hand once"):
        by_itself.choose(kept.now(), KeepChoice.PUT_BACK, max_)
    assert kept("by somebody").state == "differs"
    restore = previewed(putting_back.draft([Change.get(Change.state == "open")], max_), ended)
    executed(restore, ended)
    wanted = description_of(kept.simulated)
    assert wanted != "by somebody"
    assert kept.now().state == "aligned"
    by_itself.choose(kept.now(), KeepChoice.PUT_BACK, max_)
    # By itself, while the scheduler sweeps: previewed, captured, written, read back and told.
    assert kept("by somebody again").state == "differs"
    unasked = Restore.select().where(Restore.is_by_itself)
    servers.wait_for(lambda: scheduler.sweep() or unasked.exists(), "The draft")
    ended(Run.get((Run.restore_id == unasked.get().id) & (Run.kind == RunKind.PREVIEW)).id)
    # A sweep that had read it before its plan came takes the plan, and not that none could be made.
    as_a_sweep_saw_it = unasked.get()
    as_a_sweep_saw_it.state = RestoreState.DRAFT
    by_itself.go_on(as_a_sweep_saw_it)
    is_finished = Restore.state == RestoreState.FINISHED
    servers.wait_for(lambda: scheduler.sweep() or unasked.where(is_finished).exists(), "The restore")
    assessment.assess(restore.tenant_id)
    done = unasked.get()
    assert (description_of(kept.simulated), done.created_by_id, done.rollout_id) == (wanted, None, None)
    assert done.safety_set_id
    assert done.reason.startswith("Put back by itself: Standard Baseline, version 1")
    assert Occurrence.select().where((Occurrence.event == "restore_done") & (Occurrence.tenant == done.tenant)).exists()
    cell = kept.now()
    assert (cell.state, cell.keep) == ("aligned", "put_back")
    assert not Change.select().where(Change.state == "open").exists()
    # What is no longer there would be made anew: that is for a person.
    assert kept("and again").state == "differs"
    kept.simulated.delete(CATALOG, HERE)
    fell = StandardCell.select().where(StandardCell.keep == KeepChoice.TELL)
    servers.wait_for(lambda: scheduler.sweep() or fell.exists(), "The plan that would do more")
    assert {row.state for row in unasked} == {"finished", "cancelled"}
    event = AuditEvent.select().where(AuditEvent.action == "keeping:chosen").order_by(AuditEvent.id.desc()).get()
    assert (event.actor, event.details["why"]) == (SYSTEM.name, by_itself.MORE_THAN_THAT)
    assert HERE not in kept.simulated.objects()[CATALOG]


def test_conditional_access_is_never_put_back_by_itself(kept, worker):
    cell = kept()
    # Else a comparison that the capture asked for may come after what is written here, and undo it.
    worker.pause()
    cell.policy_type = "namedLocations"
    with pytest.raises(Invalid) as e:
        by_itself.choose(cell, KeepChoice.PUT_BACK, SYSTEM)
    assert str(e.value) == by_itself.why_not(cell) == by_itself.NEVER
    StandardCell.update(policy_type="conditionalAccessPolicies", keep=KeepChoice.PUT_BACK, state="differs").execute()
    [adoption] = StandardAdoption.select()
    Change.create(tenant=adoption.tenant, policy=cell.policy, kind="changed", state="open")
    choices_due = choices.due()
    assert [row.id for row in choices_due] == [adoption.id]
    assert by_itself.begin_due(choices_due[0]) is None
    assert StandardCell.get().keep == KeepChoice.TELL
