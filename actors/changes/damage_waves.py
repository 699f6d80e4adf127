"""The waves in which damage is brought back, by the contents where a policy type alone does not tell."""

import zlib
from collections.abc import Mapping
from typing import Any

from db.encryption import SealError
from db.models import Content
from db.policies import change_recording, snapshots
from db.sql.value_lists import batched
from graph.write.emergency_order import depends_on_body, emergency_wave

# Contents in memory at once.
_AT_ONCE = 50


def find(policy_types: Mapping[int, str]) -> dict[int, int]:
    """Return policy id -> its wave. `policy_types`: policy id -> its type.

    What is endpoint security in a settings catalog its template says, in each of its contents alike.
    """
    waves = {policy_id: emergency_wave(policy_type, {}) for policy_id, policy_type in policy_types.items()}
    unclear = [policy_id for policy_id, policy_type in policy_types.items() if depends_on_body(policy_type)]
    for some in batched(unclear, _AT_ONCE):
        newest = change_recording.newest_snapshots(some)
        contents = snapshots.contents_by_id(snapshot.content_id for snapshot in newest.values())
        for policy_id, snapshot in newest.items():
            if body := _body(contents[snapshot.content_id]):
                waves[policy_id] = emergency_wave(policy_types[policy_id], body)
    return waves


def _body(content: Content) -> dict[str, Any]:
    """Return the policy's body; {} of a content that does not open: its type alone has to tell."""
    try:
        body: dict[str, Any] = snapshots.open_content(content)["body"]
    except (SealError, zlib.error, ValueError):
        return {}
    return body
