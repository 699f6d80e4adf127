"""Removing from the lab: what was drafted and never written is cancelled, and nothing is asked of the lab."""

import pytest

from actors.plans import drafts
from actors.rehearsals import lab_removal, rehearse
from db.audit.audit import SYSTEM
from db.models import Rehearsal, Restore
from db.rehearsals import rehearsals
from db.states import RestoreState
from tests.support.claimed_runs import claimed
from tests.support.documents import captured_policies
from tests.support.restore_steps import options

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_draft_that_was_never_written_is_cancelled(app, cast):
    [snapshot] = captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []})
    claim = claimed(rehearse.create_run(cast.contoso, SYSTEM))
    rehearsal = Rehearsal.get()
    assert lab_removal.remove(claim, rehearsal, rehearse.LAB_REMOVE, SYSTEM) == lab_removal.NOTHING
    draft = drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM)
    rehearsals.note(rehearsal, lab_restore_id=draft.id)
    for _ in range(2):
        assert lab_removal.remove(claim, rehearsal, rehearse.LAB_REMOVE, SYSTEM) == lab_removal.NOTHING
    assert rehearsal.lab_cleared_at is not None
    assert [row.state for row in Restore.select()] == [RestoreState.CANCELLED]
