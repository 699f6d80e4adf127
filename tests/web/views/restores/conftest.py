"""A tenant in which somebody broke something."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import BackupSet, Policy, Snapshot
from db.policies import policies
from db.states import SetState
from tests.support.captures import capture_by_hand


@pytest.fixture
def broken(cast, captured):
    """Contoso a while after its backup: its first policy was changed, its second one deleted, another one made."""
    ago = utcnow() - timedelta(hours=1)
    Policy.update(first_seen_at=ago, last_captured_at=ago).execute()
    Snapshot.update(captured_at=ago, confirmed_at=ago).execute()
    BackupSet.create(
        tenant=cast.contoso,
        state=SetState.COMPLETE,
        selection={},
        completed_at=ago + timedelta(minutes=1),
        types={},
        problems=[],
    )
    (changed, _, good), (deleted, _, right) = captured[:2]
    capture_by_hand(Policy.get_by_id(changed.id), SYSTEM, {"name": changed.name, "settings": [], "description": "Ha"})
    policies.mark_gone(deleted)
    policies.get_or_create(cast.contoso, "configurationPolicies", "made", "Made since", None)
    return good, right
