"""The planned restore: what needs a hand is a remark, it is cancelled once counted, and waits for nobody."""

import pytest

from actors.rehearsals import planned_restore, rehearse
from actors.rehearsals.awaited_runs import OtherRunAwaited
from db.audit.audit import SYSTEM
from db.models import Rehearsal, Restore, RestoreItem, Run, Tenant
from db.rehearsals import rehearsals
from db.restores import restores
from db.runs import completion
from db.runs.runs import StartedRun
from db.states import RestoreState, RunKind
from tests.support.claimed_runs import claimed
from tests.support.documents import captured_policies, keep_set
from tests.support.restore_steps import as_previewed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_plan_is_counted_and_cancelled(app, cast, monkeypatch):
    monkeypatch.setattr(rehearsals, "FINDINGS_KEPT", 1)
    Tenant.update(four_eyes=True).execute()
    captured = captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []}, {"name": "VPN", "settings": []})
    claim = claimed(rehearse.create_run(cast.contoso, SYSTEM))
    rehearsal, kept = Rehearsal.get(), keep_set(cast.contoso, captured)
    with pytest.raises(OtherRunAwaited):
        planned_restore.plan(claim, rehearsal, kept, rehearse.PLAN, rehearse.REHEARSAL)
    [restore] = Restore.select()
    first, second = RestoreItem.select().order_by(RestoreItem.id)
    # As it is, and before the one that needs a hand: of these a tenant has thousands.
    RestoreItem.create(restore=restore, policy_type=first.policy_type, graph_id="x", name="Same", references={},
                       action="matches", position=-1)  # fmt: skip
    RestoreItem.update(action="create").where(RestoreItem.id == first.id).execute()
    blocked = {"action": "blocked", "reason": "built_in", "message": "It is built in."}
    RestoreItem.update(blocked).where(RestoreItem.id == second.id).execute()
    completion.finish(claimed(StartedRun(Run.get(Run.kind == RunKind.PREVIEW), is_new=True)))
    as_previewed(restore)
    assert restores.awaiting_approval(None, 9) == [], "a rehearsal's plan waits for nobody"
    planned_restore.plan(claim, rehearsal, kept, rehearse.PLAN, rehearse.REHEARSAL)
    assert rehearsal.plan_counts == {"create": 1, "matches": 1, "never": 1}
    [remark] = rehearsals.findings_of(rehearsal, failures=False, limit=9)
    assert (remark.code, remark.message, remark.name) == ("built_in", "It is built in.", second.name)
    assert not rehearsals.has_failures(rehearsal, rehearse.PLAN)
    assert Restore.get_by_id(restore.id).state == RestoreState.CANCELLED
