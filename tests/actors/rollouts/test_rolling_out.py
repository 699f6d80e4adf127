"""A standard rolled out to thirty tenants, ring by ring: each has what the matrix says, and a ring comes back."""

from datetime import timedelta

import pytest

from actors.rollouts import rolling_out, soaking
from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import Occurrence, Restore, RollOut, RollOutTenant, StandardAdoption, Tenant
from db.rollouts import rollout_tenants
from db.standards import adoptions, exceptions
from db.states import CellState, ExceptionKind, NoticeEvent, Ring, RollOutKind, RollOutState, RollOutTenantState
from tests.support.rolled_out import (
    CATALOG,
    KEPT_IN,
    POLICIES,
    cells,
    confirm,
    follow,
    guid,
    held,
    items,
    make_standard,
    make_version,
    parts,
    planned,
    states,
    went_on,
)

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
T, C = RollOutTenantState, CellState
FIREWALL, DEFENDER, OFFICES, MFA = guid(1, 1), guid(1, 2), guid(2, 1), guid(3, 1)
RINGS = {Ring.PILOT: 3, Ring.EARLY: 7, Ring.ALL: 20}


@pytest.fixture(autouse=True)
def goes_on_at_once(monkeypatch):
    monkeypatch.setattr(rolling_out, "PAUSE", timedelta(seconds=0.2))


def person(user):
    return Actor.person(user, "127.0.0.1")


def rolled_out(standard, version, ring, cast, **more):
    """Asked for by Ada, confirmed by Root, and gone on with."""
    rollout = planned(standard, version, ring, person(cast.ada), **more)
    confirm(rollout, person(cast.root))
    return went_on(rollout)


def test_three_rings_of_thirty_tenants_end_as_the_matrix_says_and_the_first_comes_back(simulator, cast):
    standard = make_standard(at_once=8)
    first = make_version(standard)
    made = follow(simulator, standard, RINGS)
    pilot, early, others = made[:3], made[3:10], made[10:]

    # Before the pilot ring has it, no other may, unless somebody says why.
    with pytest.raises(Invalid, match="not rolled out to the ring “pilot” yet"):
        rolling_out.ask(standard, first, Ring.EARLY, SYSTEM)
    before = [held(simulated) for _, simulated in pilot]
    done = rolled_out(standard, first, Ring.PILOT, cast)
    assert done.state == RollOutState.FINISHED, states(done)
    _equals_the_matrix(standard, pilot, {FIREWALL: C.ALIGNED, DEFENDER: C.ALIGNED, OFFICES: C.ALIGNED, MFA: C.DIFFERS})
    # Conditional Access arrived report-only, with the tenant's own location, and is switched on by a second step.
    assert {body["state"] for body in _all(pilot, POLICIES)} == {"enabledForReportingButNotEnforced"}
    done = rolled_out(standard, first, Ring.PILOT, cast, kind=RollOutKind.SWITCH_ON)
    assert {body["state"] for body in _all(pilot, POLICIES)} == {"enabled"}, states(done)
    _equals_the_matrix(standard, pilot, dict.fromkeys((FIREWALL, DEFENDER, OFFICES, MFA), C.ALIGNED))

    # One tenant fails, one has an exception, and one asks for a second approval by somebody who decided nothing.
    (broken, at_broken), (excepted, _), (careful, _) = early[:3]
    _except(standard, excepted, DEFENDER)
    Tenant.update(four_eyes=True).where(Tenant.id == careful.id).execute()
    done = planned(standard, first, Ring.EARLY, person(cast.ada))
    _refuse(at_broken)
    confirm(done, person(cast.root), "CAB 13")
    done = went_on(done)
    assert done.state == RollOutState.FINISHED, states(done)
    found = parts(done)
    assert found[broken.id].state == T.FAILED
    assert all(found[tenant.id].state == T.DONE for tenant, _ in early[1:]), states(done)
    assert Restore.get_by_id(found[careful.id].restore_id).approved_by_id == cast.root.id
    _equals_the_matrix(standard, early[2:], {FIREWALL: C.ALIGNED, MFA: C.DIFFERS})
    _equals_the_matrix(standard, [early[1]], {FIREWALL: C.ALIGNED, DEFENDER: C.EXCEPTED})
    _equals_the_matrix(standard, [early[0]], {FIREWALL: C.MISSING, DEFENDER: C.MISSING, OFFICES: C.ALIGNED})
    # Something is open in the ring: the next one is not offered. Somebody goes on all the same, and says why.
    at_broken.clear_faults()
    why_not = soaking.offer_of(standard, first, Ring.ALL, RollOutKind.ROLL_OUT).why_not
    assert why_not == "Not as the standard wants in the ring “early”: 2 policies. Look at the matrix."
    done = rolled_out(standard, first, Ring.ALL, cast, early="the ring is known")
    assert done.state == RollOutState.FINISHED, states(done)
    _equals_the_matrix(standard, others, {FIREWALL: C.ALIGNED, DEFENDER: C.ALIGNED, OFFICES: C.ALIGNED, MFA: C.DIFFERS})

    # A second version: what another hand changed since is left alone, and said.
    second = make_version(standard, items(count=3))
    tenant, simulated = pilot[1]
    [theirs] = [body for body in _all([pilot[1]], CATALOG) if body["name"] == "Firewall"]
    simulated.put(CATALOG, {**theirs, "description": "as Zoe likes it", "lastModifiedDateTime": "2026-11-27T10:00:00Z"})
    as_it_was = [held(side) for _, side in pilot]
    done = rolled_out(standard, second, Ring.PILOT, cast)
    part = parts(done)[tenant.id]
    assert [conflict["item_key"] for conflict in part.conflicts] == [FIREWALL]
    assert held(simulated) == as_it_was[1]
    _equals_the_matrix(standard, [pilot[0], pilot[2]], dict.fromkeys((FIREWALL, DEFENDER, OFFICES, MFA), C.ALIGNED))
    assert len(held(pilot[0][1])[CATALOG, "Firewall"]["settings"]) == 3

    # The ring comes back, field by field, and its tenants are held to the version before.
    rolling_out.roll_back(done, person(cast.root), "INC-1")
    done = went_on(done)
    assert done.state == RollOutState.ROLLED_BACK, states(done)
    assert [held(side) for _, side in pilot] == as_it_was
    held_to = StandardAdoption.select().where(StandardAdoption.ring == Ring.PILOT)
    assert {row.version_id for row in held_to} == {first.id}
    assert before == [{}] * 3
    told = [row.facts["what"] for row in Occurrence.select().where(Occurrence.event == NoticeEvent.ROLLOUT)]
    assert told.count("asked") == 5
    assert {"finished", "rolled_back"} <= set(told)


def _refuse(simulated):
    """The tenant takes no new settings catalog policy from now on."""
    simulated.fault(kind="status", path="configurationPolicies$", status=400, times=50)


def _except(standard, tenant, key):
    asked = exceptions.ask(standard, key, ExceptionKind.LEAVE_OUT, "another product does it", SYSTEM, tenant=tenant)
    exceptions.approve(asked, SYSTEM, needs_another=False)


def _all(some, collection):
    return [body for _, simulated in some for body in simulated.objects()[collection].values()]


def _equals_the_matrix(standard, some, expected):
    """Each cell says what it should, and what it says is what the simulator has."""
    wanted = items()
    for tenant, simulated in some:
        found = cells(standard, tenant)
        assert {key: found[key].state for key in expected} == expected, (tenant.name, _why(found))
        there = simulated.objects()
        for key, cell in found.items():
            policy_type, body = wanted[key]
            names = [one.get("name") or one.get("displayName") for one in there.get(KEPT_IN[policy_type], {}).values()]
            is_there = (body.get("name") or body["displayName"]) in names
            assert is_there == (cell.state in (C.ALIGNED, C.DIFFERS)), (tenant.name, key, cell.state, names)


def _in_order(rollout, made):
    """(tenant, its side): the one that failed first."""
    found = parts(rollout)
    return sorted(made, key=lambda pair: found[pair[0].id].state != T.FAILED)


def _why(found):
    return {row.name: (row.state, row.why, row.places) for row in found.values()}


def test_it_stops_by_itself_where_too_many_fail_and_nothing_further_begins(simulator, cast):
    standard = make_standard(at_once=1, stop_percent=20)
    version = make_version(standard)
    made = follow(simulator, standard, {Ring.PILOT: 4})
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    for _, simulated in made:
        _refuse(simulated)
    # Who asked for it does not confirm it, nor does anybody who has seen other plans.
    for actor, plan, why in (
        (person(cast.ada), None, "somebody else has to confirm"),
        (SYSTEM, None, "by a second person"),
        (person(cast.root), "0" * 64, "The plans are others"),
    ):
        with pytest.raises(Invalid, match=why):
            confirm(rollout, actor, plan=plan)
    assert not Restore.select().where(Restore.started_at.is_null(False)).exists()
    seen = rollout_tenants.plans_fingerprint(rollout_tenants.planned(rollout))
    confirm(rollout, person(cast.root), plan=seen)
    rollout = went_on(rollout)
    assert (rollout.state, rollout.message) == (
        RollOutState.STOPPED,
        "Stopped by itself: 1 of 4 tenants failed, more than 20 %.",
    )
    assert sorted(part.state for part in parts(rollout).values()) == [T.FAILED, *[T.LEFT_OUT] * 3]
    assert sum(bool(simulated.objects().get(CATALOG)) for _, simulated in made) == 0
    for act in (lambda: rolling_out.go_on(rollout, SYSTEM), lambda: rolling_out.pause(rollout, SYSTEM)):
        with pytest.raises(Invalid, match="is stopped by now"):
            act()
    # Taken up again, it goes on with what is left, once that is confirmed anew: but for who objects, and who left the
    # ring. What failed in part stays as it is, and does not stop it again.
    failing, gets_it, objecting_one, moved = _in_order(rollout, made)
    for _, simulated in made:
        simulated.clear_faults()
    RollOutTenant.update(objection="A freeze").where(RollOutTenant.tenant == objecting_one[0]).execute()
    adoptions.set_ring(StandardAdoption.get(StandardAdoption.tenant == moved[0]), Ring.ALL, SYSTEM)
    rolling_out.take_up(rollout, person(cast.ada))
    rollout = went_on(rollout)
    assert rollout.state == RollOutState.PREVIEWED, states(rollout)
    with pytest.raises(Invalid, match="somebody else has to confirm"):
        confirm(rollout, person(cast.ada))
    with pytest.raises(Invalid, match="say how many tenants have a plan: 1"):
        rolling_out.confirm(rollout, person(cast.root), "CAB 13", tenants=3)
    assert held(gets_it[1]) == {}, "nothing is written before it is confirmed anew"
    confirm(rollout, person(cast.root))
    rollout = went_on(rollout)
    found = parts(rollout)
    assert rollout.state == RollOutState.FINISHED, states(rollout)
    expected = [(failing, T.FAILED), (gets_it, T.DONE), (objecting_one, T.OBJECTED), (moved, T.LEFT_OUT)]
    assert [found[tenant.id].state for (tenant, _), _ in expected] == [state for _, state in expected]
    assert (CATALOG, "Firewall") in held(gets_it[1])
    assert [held(simulated) for _, simulated in (objecting_one, moved)] == [{}, {}]
    with pytest.raises(Invalid, match="is finished by now"):
        rolling_out.take_up(rollout, person(cast.ada))
    # Rolled back, the locations that the failing tenant got are gone as well.
    rolling_out.roll_back(rollout, person(cast.root), "INC-2")
    assert went_on(rollout).state == RollOutState.ROLLED_BACK
    assert {undo.reason for undo in Restore.select().where(Restore.undo_of.is_null(False))} == {"INC-2"}
    assert [held(simulated) for _, simulated in made] == [{}] * 4
    assert RollOut.select().count() == 1
