"""A ring's turn comes when the ring before it has the version, some days have passed, and nothing is open there."""

from datetime import timedelta

import pytest

from actors.rollouts import soaking
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import RollOut, Standard, StandardCell
from db.rollouts import rollouts
from db.standards import adoptions, cells
from db.states import CellState, Ring, RollOutKind, RollOutState
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_comes_next_of_a_version_and_why_not_yet(cast):
    standard = make_standard()
    Standard.update(soak_days=7, look_days=3).execute()
    standard = Standard.get_by_id(standard.id)
    version = make_version(standard)
    first = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    adoptions.adopt(standard, cast.fabrikam, Ring.ALL, SYSTEM)

    def told():
        return [(offer.ring, offer.kind, offer.why_not) for offer in soaking.offers(standard, version)]

    pilot, others = told()
    assert pilot == (Ring.PILOT, RollOutKind.ROLL_OUT, "")
    # Nobody is in the ring between: it is not waited for.
    assert others == (Ring.ALL, RollOutKind.ROLL_OUT, "Version 1 was not rolled out to the ring “pilot” yet.")
    rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, [cast.contoso.id], SYSTEM)
    ended = utcnow() - timedelta(days=4)
    RollOut.update(state=RollOutState.FINISHED, ended_at=ended).execute()
    # What the cells say is from before: nobody has seen yet what was written.
    assert [why for _, _, why in told()] == [
        "Not compared yet in the ring “pilot”: 1 tenant. That takes some minutes."
    ] * 2
    cells.save(first, [], first.due_since)
    pilot, others = told()
    assert pilot == (Ring.PILOT, RollOutKind.SWITCH_ON, ""), "three days of looking are over"
    assert others[2].startswith("The ring “pilot” is looked at until")
    Standard.update(soak_days=4).execute()
    standard = Standard.get_by_id(standard.id)
    assert told()[1][2] == ""
    StandardCell.create(
        adoption=first, item_key="k", policy_type="t", name="n", state=CellState.NOT_READABLE, why="not read"
    )
    assert told()[1][2].startswith("Not as the standard wants in the ring “pilot”: 1 policy.")
    with pytest.raises(Invalid, match="say why it comes early"):
        soaking.require_offered(soaking.offer_of(standard, version, Ring.ALL, RollOutKind.ROLL_OUT))
