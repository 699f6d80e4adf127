"""What a restore removes is let go of late: what names it is put back by the same restore, or was so just now."""

import json
import time

import pytest

import actors.backups.look
from actors.changes import bringing_back
from actors.restores.removals import Hold, find_hold
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import RestoreItem
from graph.errors import Forbidden, Rejected
from graph.policy_types.table import POLICY_TYPES
from tests.actors.changes.test_bringing_back import CA, HIDEOUT, attack, state_of
from tests.actors.restores.test_round_trips import back_up, stage
from tests.support.restore_steps import executed, previewed
from tests.support.simulated_tenant import collection_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
__all__ = ["stage"]


def test_what_a_policy_still_names_is_removed_once_that_policy_was_put_back(stage, worker, ended, quick):
    """An answer to the policy was lost, and Microsoft let go of the location late: the location stayed for good."""
    ours, theirs = stage.connect("Fabrikam")
    back_up(ours, ended)
    at, was = utcnow(), state_of(theirs)
    time.sleep(0.1)
    attack(theirs)
    ended(actors.backups.look.start(ours, SYSTEM).run.id, 120)
    restore = previewed(bringing_back.draft(bringing_back.find(ours, at), SYSTEM, removes_added=True), ended)

    access = theirs.objects()[collection_of(POLICY_TYPES[CA])]
    names_it = next(key for key, one in access.items() if HIDEOUT in json.dumps(one))
    theirs.fault(kind="lost_before", path=f"conditionalAccess/policies/{names_it}$")
    theirs.fault(kind="lost", status=400, path=f"namedLocations/{HIDEOUT}$", times=2)
    _, run = executed(restore, ended, guard_reason="the test wants every policy")
    assert run.state == "succeeded", run.error_message
    assert state_of(theirs) == was

    removed = RestoreItem.get(RestoreItem.restore == restore, RestoreItem.target_id == HIDEOUT)
    assert find_hold(removed, run, Rejected("rejected", "It is referenced.")) == Hold.JUST_NOW
    assert find_hold(removed, run, Forbidden("forbidden", "No.")) is None, "which passes by nothing"
