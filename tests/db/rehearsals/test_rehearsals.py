"""Rows of rehearsals: findings are counted beyond what is kept, and a run that ends leaves its lab's rest due."""

import pytest

from actors.rehearsals import rehearse
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Rehearsal
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import FINDINGS_KEPT, REMOVAL_TRIES, NewFinding
from db.runs import completion
from db.states import RehearsalState
from tests.support.claimed_runs import claimed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_findings_are_counted_beyond_what_is_kept_and_replaced_when_a_step_is_done_again(app, cast):
    claimed(rehearse.create_run(cast.contoso, SYSTEM))
    rehearsal = Rehearsal.get()
    many = [NewFinding("sealed", "It does not open.", name="x" * 2000)] * (FINDINGS_KEPT + 7)
    rehearsals.add_findings(rehearsal, "contents", many)
    assert Rehearsal.get().findings == len(many)
    assert len(rehearsals.findings_of(rehearsal, failures=True, limit=9999)) == FINDINGS_KEPT
    for _ in range(2):
        rehearsals.replace_findings(rehearsal, "contents", many[:3])
    assert len(rehearsals.findings_of(rehearsal, failures=True, limit=9999)) == 3


def test_what_needs_a_hand_takes_no_room_from_a_later_failure(app, cast):
    """Else a rehearsal of a tenant with many such policies has passed, whatever became of its sample."""
    claimed(rehearse.create_run(cast.contoso, SYSTEM))
    rehearsal = Rehearsal.get()
    known = [NewFinding("blocked", "It is known.", is_failure=False)] * FINDINGS_KEPT
    rehearsals.add_findings(rehearsal, "plan", known)
    rehearsals.add_findings(rehearsal, "lab_compare", [NewFinding("differs", "It is otherwise.")])
    assert rehearsals.has_failures(rehearsal, "lab_compare")
    assert not rehearsals.has_failures(rehearsal, "plan")
    assert [row.code for row in rehearsals.findings_of(rehearsal, failures=True)] == ["differs"]


@pytest.mark.parametrize(("tries", "cleared", "is_due"), [
    (0, False, True), (REMOVAL_TRIES - 1, False, True), (REMOVAL_TRIES, False, False), (0, True, False),
])  # fmt: skip
def test_what_is_left_in_a_lab_is_due_to_go_until_it_was_tried_often(app, cast, tries, cleared, is_due):
    claim = claimed(rehearse.create_run(cast.contoso, SYSTEM))
    rehearsal = Rehearsal.get()
    rehearsals.note(rehearsal, lab_restore_id=5, removal_tries=tries, lab_cleared_at=utcnow() if cleared else None)
    completion.fail(claim, "worker_died", "The worker died.")
    rehearsal = Rehearsal.get()
    assert (rehearsal.state, bool(rehearsal.removal_due_at)) == (RehearsalState.FAILED, is_due)
    assert rehearsals.find_of_run(claim.run) == rehearsal
    if is_due:
        Rehearsal.update(removal_due_at=utcnow()).execute()
        [due] = rehearsals.removals_due(utcnow())
        assert [rehearsals.claim_removal(due) for _ in range(2)] == [True, False]
        assert rehearsals.removals_due(utcnow()) == []
