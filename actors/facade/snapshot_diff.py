"""Contents for pages, which know nothing of them: what a snapshot holds, and what changed between two."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from db.encryption import SealError
from db.models import Snapshot
from db.policies import policies, snapshots
from db.runs import name_cache
from graph.display import labels
from graph.display.diff import Difference as Difference
from graph.display.diff import compare
from graph.display.labels import names_by_id
from graph.display.masking import MASK as MASK
from graph.display.masking import Masking as Masking
from graph.display.masking import mask_secrets as mask_secrets
from graph.display.object_names import names_of_objects, referenced
from graph.display.outline import outline_body, unset_properties
from graph.display.outline_groups import OutlineGroup as OutlineGroup
from graph.display.outline_groups import group_lines
from graph.display.outline_groups import search_lines as search_lines
from graph.policy_types.table import POLICY_TYPES

Hide = Callable[[Any], Any]
words = labels.readable_name


def differences(before: Snapshot, after: Snapshot, hide: Hide | None = None) -> list[Difference]:
    """Compare two snapshots. `hide` masks what the reader may not see, before the comparison. Raises SealError."""
    return _compare(before, _content(before, hide), after, _content(after, hide))


def differences_or_none(before: Snapshot, after: Snapshot, hide: Hide | None = None) -> list[Difference] | None:
    """Compare like `differences`; None where a content cannot be opened."""
    try:
        return differences(before, after, hide)
    except SealError:
        return None


def is_of_assignments(difference: Difference) -> bool:
    return difference.path[:1] == ("assignments",)


def open_contents(snapshots_to_open: Iterable[Snapshot], hide: Hide | None = None) -> dict[int, Any]:
    """Return {snapshot id: content}; None for one that cannot be decrypted: the others can still be read."""
    return {snapshot.id: _open_or_none(snapshot, hide) for snapshot in snapshots_to_open}


def _open_or_none(snapshot: Snapshot, hide: Hide | None) -> Any:
    try:
        return _content(snapshot, hide)
    except SealError:
        return None


def changes_between_neighbours(
    newest_first: Sequence[Snapshot], contents: Mapping[int, Any]
) -> list[list[Difference] | None]:
    """Return what changed from each next snapshot in the list to the one before it; None if one could not be opened."""
    return [
        None
        if None in (contents[newer.id], contents[older.id])
        else _compare(older, contents[older.id], newer, contents[newer.id])
        for newer, older in pairwise(newest_first)
    ]


def _content(snapshot: Snapshot, hide: Hide | None) -> Any:
    content = snapshots.read_snapshot(snapshot)
    return hide(content) if hide else content


def _compare(before: Snapshot, old: Any, after: Snapshot, new: Any) -> list[Difference]:
    names = object_names([(before, old), (after, new)])
    return compare(POLICY_TYPES[after.policy.policy_type], old, new, names)


def object_names(oldest_first: Sequence[tuple[Snapshot, Any]]) -> dict[str, str | None]:
    """Return {id: name} of all that these contents refer to: as their snapshots know them, else as seen last."""
    known = _merged_names(*(snapshot for snapshot, _ in oldest_first))
    names: dict[str, str | None] = {}
    for snapshot, content in oldest_first:
        keys = referenced(snapshot.policy.policy_type, content)
        ids = {object_id for _, object_id in keys}
        policy_names = policies.names_by_key(snapshot.tenant_id, ids)
        seen = name_cache.names_by_id(snapshot.tenant_id, {object_id for object_id in ids if not known.get(object_id)})
        names |= names_of_objects(keys, policy_names, {**known, **seen})
    return {**names, **{object_id: name for object_id, name in known.items() if name or object_id not in names}}


def _merged_names(*oldest_first: Snapshot) -> dict[str, str | None]:
    """Return {id: name} as the newest snapshot knows them, and where it does not, an older one."""
    names: dict[str, str | None] = {}
    for snapshot in oldest_first:
        known = names_by_id(snapshot.references, were_read=snapshot.proof.get("names", "read") == "read")
        names |= {object_id: name or names.get(object_id) for object_id, name in known.items()}
    return names


def readable_lines(snapshot: Snapshot, content: Any) -> tuple[list[OutlineGroup], list[str]]:
    """Return the lines of a content's body for reading, in groups, and the names of what is not set."""
    names = object_names([(snapshot, content)])

    def name_of(holder: str, value: str) -> str | None:
        return names.get(labels.scope_tag_key(value) if holder in labels.SCOPE_TAGS else value)

    return group_lines(outline_body(content["body"], name_of)), unset_properties(content["body"])


def assignment_texts(snapshot: Snapshot, content: Mapping[str, Any] | None) -> list[tuple[bool, str]] | None:
    """Return (is an exclusion, text) of each assignment; None if the type has none, or the content is not open."""
    assigned = content["assignments"] if content else None
    names = object_names([(snapshot, content)]) if assigned else {}
    return assigned and [
        (labels.is_exclusion(assignment), labels.assignment_label(assignment, names)) for assignment in assigned
    ]
