"""What a run found about one person: sealed, and gone after a few days."""

from datetime import timedelta

import pytest

from db.assignments import look_ups
from db.clock import utcnow
from db.models import AssignmentLookUp


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_look_up_is_sealed_and_expires(captured):
    run = captured[0][1]
    look_ups.create(run, {"kind": "person", "name": "ann@contoso.example"})
    look_ups.save(run, {"kind": "person", "name": "ann@contoso.example", "found": {"groups": []}})
    assert look_ups.find(run.id)["found"] == {"groups": []}
    assert b"ann@" not in bytes(AssignmentLookUp.get().sealed)
    assert look_ups.delete_old() == 0
    AssignmentLookUp.update(made_at=utcnow() - look_ups.KEPT - timedelta(minutes=1)).execute()
    assert look_ups.delete_old() == 1
    look_ups.save(run, {"kind": "person"})
    assert look_ups.find(run.id) is None
