"""A policy that somebody made before the moment is never removed as added since, where the tenant's dates say so."""

from datetime import timedelta

import pytest

from actors.changes import added_since, bringing_back, newest_bodies
from actors.changes.added_since import AddedProof
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Change, Policy, Snapshot
from db.policies import moments, policies
from db.states import ChangeKind, LaterChangeKind
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOW = utcnow().replace(microsecond=0)
MOMENT = NOW - timedelta(hours=6)
CATALOG, ACCESS = "configurationPolicies", "conditionalAccessPolicies"


def ago(hours):
    return NOW - timedelta(hours=hours)


def added(tenant, policy_type, made, *, missed=8):
    """A policy that was seen first four hours ago and changed five hours ago. `made`: hours ago, or None."""
    row = policies.get_or_create(tenant, policy_type, f"new-{policy_type}", "New", None)
    body = {"name": "New"} | ({"createdDateTime": f"{ago(made).isoformat()}Z"} if made else {})
    _, snapshot = capture_by_hand(row, SYSTEM, body)
    Snapshot.update(captured_at=ago(4), confirmed_at=ago(4), modified_at=ago(5)).where(
        Snapshot.id == snapshot.id
    ).execute()
    Policy.update(first_seen_at=ago(4), last_seen_at=NOW, modified_at=ago(5), last_captured_at=ago(4)).where(
        Policy.id == row.id
    ).execute()
    Change.delete().where(Change.policy == row).execute()
    Change.create(tenant=tenant, policy=row, kind=ChangeKind.ADDED, since_at=ago(missed), seen_at=ago(4))
    return row


# Its type, when it was made and when a list was read that did not have it, in hours ago; how sure it is.
CASES = {
    "made before the moment": (CATALOG, 7, 8, AddedProof.BEFORE),
    "made after it": (CATALOG, 5, 8, AddedProof.SURE),
    "with no date": (CATALOG, None, 8, AddedProof.UNSURE),
    "missing from a list that came later, whatever its date": (CATALOG, 7, 5, AddedProof.SURE),
    "what may be back from a bin": (ACCESS, 7, 8, AddedProof.UNSURE),
    "what is not back from a bin": (ACCESS, 5, 8, AddedProof.SURE),
}


@pytest.mark.parametrize("case", CASES)
def test_the_date_of_its_creation_tells(cast, case):
    policy_type, made, missed, proof = CASES[case]
    Policy.delete().where(Policy.tenant == cast.contoso).execute()
    old = policies.get_or_create(cast.contoso, CATALOG, "old", "Old", None)
    Policy.update(first_seen_at=ago(20)).where(Policy.id == old.id).execute()
    row = added(cast.contoso, policy_type, made, missed=missed)
    assert added_since.find(moments.moment(cast.contoso, MOMENT)) == {row.id: proof}

    [deed] = [deed for deed in bringing_back.find(cast.contoso, MOMENT).deeds if deed.policy_id == row.id]
    is_known_to_be_old = proof == AddedProof.BEFORE
    assert deed.kind == (LaterChangeKind.CHANGED if is_known_to_be_old else LaterChangeKind.NEW)
    assert (deed.is_possible, deed.is_unsure) == (not is_known_to_be_old, proof != AddedProof.SURE)
    assert deed.snapshot_id is None


def test_a_content_that_does_not_open_proves_nothing(cast, monkeypatch):
    row = added(cast.contoso, CATALOG, 7)
    monkeypatch.setattr(newest_bodies.snapshots, "open_content", lambda content: _damaged())
    assert added_since.find(moments.moment(cast.contoso, MOMENT))[row.id] == AddedProof.UNSURE


def _damaged():
    raise ValueError
