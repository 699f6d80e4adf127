"""A roll-out as a document says nothing of tenants that its reader may not see."""

import json

import pytest

from db.audit.audit import SYSTEM
from db.models import RollOut
from db.rollouts import rollout_tenants, rollouts
from db.states import Ring, RollOutKind
from tests.support.rolled_out import make_standard, make_version
from web.acts import rollout_document

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_who_sees_a_part_gets_no_word_that_counts_the_others(cast):
    standard = make_standard()
    ids = [cast.contoso.id, cast.fabrikam.id]
    version = make_version(standard)
    made = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, ids, SYSTEM)
    RollOut.update(message="2 of 2 tenants failed").execute()
    rollout = RollOut.get_by_id(made.id)
    part = rollout_document.details(rollout, rollout_tenants.all_of(rollout, ids[:1]), is_whole=False)
    whole = rollout_document.details(rollout, rollout_tenants.all_of(rollout), is_whole=True)
    assert "Fabrikam" not in json.dumps(part)
    assert (part["message"], part["fingerprint"]) == ("", None)
    assert [len(document["tenants"]) for document in (part, whole)] == [1, 2]
    assert whole["message"] == "2 of 2 tenants failed"
