"""Expiries are described by how urgent they are."""

from datetime import datetime, timedelta

import pytest

from db.models import Expiry
from db.tenants import expiries
from graph.microsoft import model
from graph.read.expiries import ABSENT, EXPIRY_KINDS

NOW = datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    ("days", "state", "is_well", "described"),
    [
        (60, "valid", True, ("good", "ends in 60 days")),
        (29, "valid", True, ("warn", "ends in 29 days")),
        (1, "valid", True, ("bad", "ends in 1 day")),
        (0, "valid", True, ("bad", "ends today")),
        (-3, "valid", True, ("bad", "has ended")),
        (60, "revoked", False, ("bad", "ends in 60 days · revoked")),
        (None, "", True, ("good", "is there")),
        (None, "errors", False, ("bad", "errors")),
        (
            None,
            "boundAndValidated · last heard of 2026-02-01",
            True,
            ("good", "bound and validated · last heard of 2026-02-01"),
        ),
    ],
)
def test_expiry_is_described_by_its_days_and_state(days, state, is_well, described):
    ends = None if days is None else NOW + timedelta(days=days, hours=1)
    expiry = Expiry(object_id="x", expires_at=ends, state=state, is_well=is_well)
    assert expiries.describe(expiry, NOW) == described


@pytest.mark.parametrize(
    "kind", [kind for kind in EXPIRY_KINDS.values() if kind.state_property], ids=lambda kind: kind.key
)
def test_each_state_that_microsoft_has_is_said_in_words(kind):
    told = model.properties(model.type_of_collection(kind.path))[kind.state_property]
    states = {*model.enum(told.type)} - {*ABSENT, "unknownFutureValue"} if told.type else set()
    assert states <= expiries.STATES.keys()
    assert {*kind.good_states} - {"0"} <= states


def test_kind_that_could_not_be_read_is_muted():
    assert expiries.describe(Expiry(object_id="", state="not permitted"), NOW) == ("muted", "not permitted")


def test_saving_a_kind_replaces_what_it_had_and_leaves_others(cast):
    def row(kind, object_id):
        return {
            "kind": kind,
            "object_id": object_id,
            "name": object_id,
            "expires_at": None,
            "state": "",
            "is_well": True,
        }

    expiries.save(cast.contoso, ["a", "b"], [row("a", "1"), row("a", "2"), row("b", "3")])
    assert not expiries.are_due(cast.contoso)
    expiries.save(cast.contoso, ["a"], [row("a", "2")])
    assert [expiry.object_id for expiry in expiries.of_tenant(cast.contoso)] == ["2", "3"]
    assert expiries.are_due(cast.fabrikam)
