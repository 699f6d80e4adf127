"""The bodies of policies as they were seen last."""

from collections.abc import Iterator, Sequence
from typing import Any

from db.policies import change_recording, snapshots
from db.sql.value_lists import batched

# Contents in memory at once.
_AT_ONCE = 50


def read(policy_ids: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (policy id, its body) of those that have a snapshot whose content opens."""
    for some in batched(policy_ids, _AT_ONCE):
        newest = change_recording.newest_snapshots(some)
        contents = snapshots.contents_by_id(snapshot.content_id for snapshot in newest.values())
        for policy_id, snapshot in newest.items():
            try:
                body = snapshots.open_content(contents[snapshot.content_id])["body"]
            except snapshots.NOT_OPENED:
                continue
            yield policy_id, body
