"""A roll-out that stopped is taken up for the tenants in which nothing was written, and for no others."""

import pytest

from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import AuditEvent, Restore, RollOut, RollOutTenant, Run, Standard
from db.rollouts import rollout_tenants, rollouts, taking_up
from db.standards import adoptions, standards
from db.states import RestoreState, Ring, RollOutKind, RollOutState, RollOutTenantState, RunKind, RunState
from tests.support.rolled_out import make_standard, make_version, parts

pytestmark = pytest.mark.usefixtures("lock_order")
S, T = RollOutState, RollOutTenantState
# (how a tenant stood when it stopped, whether its live run had begun, how it stands once it is taken up)
TENANTS = (
    (T.LEFT_OUT, False, T.WAITING),
    (T.FAILED, False, T.WAITING),
    (T.FAILED, True, T.FAILED),
    (T.DONE, True, T.DONE),
)


@pytest.fixture
def stopped(cast):
    standard = make_standard()
    version = make_version(standard)
    for tenant in (cast.contoso, cast.fabrikam):
        adoptions.adopt(standard, tenant, Ring.PILOT, SYSTEM)

    def stop(*stood):
        ids = [cast.contoso.id, cast.fabrikam.id][: len(stood)]
        rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, ids, SYSTEM)
        for part, (state, has_begun) in zip(parts(rollout).values(), stood, strict=True):
            about = {"source_directory_id": "s", "source_name": "s", "options": {}, "state": RestoreState.PREVIEWED}
            restore = Restore.create(tenant=part.tenant_id, **about)
            if has_begun:
                live = {"kind": RunKind.RESTORE, "state": RunState.FAILED, "dedupe_key": str(restore.id)}
                Run.create(tenant=part.tenant_id, restore_id=restore.id, **live)
            rollout_tenants.move(part, [part.state], state, restore=restore, confirmed_mark="m", counts={"create": 1})
        rollouts.move(rollout, [S.PREVIEWING], S.STOPPED)
        return rollout

    return stop


def test_only_tenants_in_which_nothing_was_written_are_planned_anew(stopped, cast):
    for state, has_begun, after in TENANTS:
        rollout = stopped((state, has_begun), (T.LEFT_OUT, False))
        taking_up.take_up(rollout, Actor.person(cast.ada, None))
        part = parts(rollout)[cast.contoso.id]
        assert (part.state, part.restore_id is None) == (after, after == T.WAITING), (state, has_begun)
        now = RollOut.get_by_id(rollout.id)
        assert (now.state, now.asked_by_id, now.confirmed_at) == (S.PREVIEWING, cast.ada.id, None)
        assert part.confirmed_mark is None, "what failed before does not stop it again"
        left = Restore.select().where((Restore.tenant == cast.contoso) & (Restore.state == RestoreState.PREVIEWED))
        assert left.exists() == (after != T.WAITING), "no plan of it is carried out by hand any longer"
        rollouts.stop(rollout, SYSTEM, "the end of it")
        RollOut.delete().execute()
        Restore.delete().execute()
    assert AuditEvent.select().where(AuditEvent.action == "rollout:taken-up").count() == len(TENANTS)


def test_what_is_refused(stopped, cast):
    rollout = stopped((T.LEFT_OUT, False), (T.WRITING, True))
    for refusal, prepare in (
        ("still being written", lambda: None),
        ("No tenant is left", lambda: RollOutTenant.update(state=T.DONE).execute()),
        ("is running by now", lambda: (RollOutTenant.update(state=T.LEFT_OUT).execute(), _set(rollout, S.RUNNING))),
        ("came after it", lambda: (_set(rollout, S.STOPPED), stopped((T.DONE, True)))),
        ("is archived", lambda: standards.archive(Standard.get(), SYSTEM)),
    ):
        prepare()
        with pytest.raises(Invalid, match=refusal):
            taking_up.take_up(rollout, SYSTEM)
        assert taking_up.can_take_up(RollOut.get_by_id(rollout.id)) is False or refusal == "still being written"


def _set(rollout, state):
    RollOut.update(state=state).where(RollOut.id == rollout.id).execute()
