"""The installation hears of a ring, and each tenant that a plan is for hears of its own alone."""

import pytest

from actors.rollouts import rollout_notices
from db.audit.audit import SYSTEM
from db.models import Occurrence
from db.rollouts import rollout_tenants, rollouts
from db.states import NoticeEvent, Ring, RollOutKind, RollOutTenantState
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_each_is_told_once_of_what_is_theirs(cast):
    standard = make_standard()
    ids = [cast.contoso.id, cast.fabrikam.id]
    rollout = rollouts.create(standard, make_version(standard), Ring.PILOT, RollOutKind.ROLL_OUT, ids, SYSTEM)
    first, _ = rollout_tenants.all_of(rollout)
    rollout_tenants.move(first, [RollOutTenantState.WAITING], RollOutTenantState.PREVIEWED, counts={"create": 3})
    for _ in range(2):
        rollout_notices.asked(rollout)
        rollout_notices.stopped(rollout, "1 of 2 tenants failed")
        rollout_notices.ended(rollout)
    told = [(row.event, row.tenant_id, row.facts.get("what"), row.facts.get("counts")) for row in Occurrence.select()]
    assert told == [
        (NoticeEvent.ROLLOUT, None, "asked", None),
        (NoticeEvent.ROLLOUT_PLANNED, cast.contoso.id, None, {"create": 3}),
        (NoticeEvent.ROLLOUT, None, "stopped", None),
        (NoticeEvent.ROLLOUT, None, "previewing", None),
    ]
