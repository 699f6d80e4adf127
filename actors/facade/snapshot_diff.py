"""Contents for pages, which know nothing of them: what a snapshot holds, and what changed between two."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

from actors.facade.wording import ENGLISH, Wording, wording_of
from db.encryption import SealError
from db.models import Snapshot
from db.policies import policies, snapshots
from db.runs import name_cache
from graph.display import labels
from graph.display.access_sentences import AccessStory as AccessStory
from graph.display.access_sentences import describe_access
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

CONDITIONAL_ACCESS = "conditionalAccessPolicies"
Hide = Callable[[Any], Any]
# A snapshot with its content, None for one that cannot be opened.
_Opened = tuple[Snapshot, Any]
words = labels.readable_name


def differences(
    before: Snapshot, after: Snapshot, hide: Hide | None = None, *, language: str = ENGLISH
) -> list[Difference]:
    """Compare two snapshots. `hide` masks what the reader may not see, before the comparison. Raises SealError."""
    old, new = _content(before, hide), _content(after, hide)
    return _compare(before, old, after, new, _wording_of([(before, old), (after, new)], language))


def differences_or_none(
    before: Snapshot, after: Snapshot, hide: Hide | None = None, *, language: str = ENGLISH
) -> list[Difference] | None:
    """Compare like `differences`; None where a content cannot be opened."""
    try:
        return differences(before, after, hide, language=language)
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
    newest_first: Sequence[Snapshot], contents: Mapping[int, Any], *, language: str = ENGLISH
) -> list[list[Difference] | None]:
    """Return what changed from each next snapshot in the list to the one before it; None if one could not be opened."""
    opened = [(snapshot, contents[snapshot.id]) for snapshot in newest_first]
    return _compare_opened([(older, newer) for newer, older in pairwise(opened)], language)


def compare_pairs(
    pairs: Sequence[tuple[Snapshot, Snapshot]],
    new_mask: Callable[[], Hide] | None = None,
    *,
    language: str = ENGLISH,
    most_bytes: int | None = None,
) -> list[list[Difference] | None]:
    """Compare the pairs, (before, after), with one look into the catalogue; None where a content cannot be opened.

    `new_mask` makes what masks the two of a pair. `most_bytes`: so much content is opened; the answer is shorter than
    the pairs where those hold more.
    """
    fitting = pairs if most_bytes is None else pairs[: _count_fitting(pairs, most_bytes)]
    opened: list[tuple[_Opened, _Opened]] = []
    for before, after in fitting:
        hide = new_mask() if new_mask else None
        opened.append(((before, _open_or_none(before, hide)), (after, _open_or_none(after, hide))))
    return _compare_opened(opened, language)


def _count_fitting(pairs: Iterable[tuple[Snapshot, Snapshot]], most_bytes: int) -> int:
    sizes = accumulate(before.content.plain_bytes + after.content.plain_bytes for before, after in pairs)
    return sum(size < most_bytes for size in sizes)


def _compare_opened(pairs: Sequence[tuple[_Opened, _Opened]], language: str) -> list[list[Difference] | None]:
    wording = _wording_of(chain.from_iterable(pairs), language)
    return [
        None if None in (old, new) else _compare(before, old, after, new, wording)
        for (before, old), (after, new) in pairs
    ]


def _content(snapshot: Snapshot, hide: Hide | None) -> Any:
    content = snapshots.read_snapshot(snapshot)
    return hide(content) if hide else content


def _compare(before: Snapshot, old: Any, after: Snapshot, new: Any, wording: Wording) -> list[Difference]:
    names = object_names([(before, old), (after, new)])
    return compare(POLICY_TYPES[after.policy.policy_type], old, new, names, wording=wording)


def _wording_of(opened: Iterable[tuple[Snapshot, Any]], language: str) -> Wording:
    """Return Microsoft's words for these contents, with one look into the catalogue."""
    known = ((snapshot.policy.policy_type, content) for snapshot, content in opened if isinstance(content, Mapping))
    return wording_of(known, language)


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


def readable_lines(
    snapshot: Snapshot, content: Any, *, language: str = ENGLISH
) -> tuple[list[OutlineGroup], list[str]]:
    """Return the lines of a content's body for reading, in groups, and the names of what is not set."""
    names, wording = object_names([(snapshot, content)]), _wording_of([(snapshot, content)], language)

    def name_of(holder: str, value: str) -> str | None:
        return names.get(labels.scope_tag_key(value) if holder in labels.SCOPE_TAGS else value)

    lines = outline_body(content["body"], name_of, wording=wording)
    return group_lines(lines, wording=wording), unset_properties(content["body"])


def access_story(snapshot: Snapshot, content: Any) -> AccessStory | None:
    """Return a Conditional Access policy in sentences; None for any other, or one that is not open."""
    if snapshot.policy.policy_type != CONDITIONAL_ACCESS or not isinstance(content, Mapping):
        return None
    return describe_access(content["body"], object_names([(snapshot, content)]))


def access_stories(compared: Sequence[Snapshot], hide: Hide | None = None) -> list[AccessStory]:
    """Return Conditional Access policies in sentences, [] where they are others. Raises SealError."""
    if any(snapshot.policy.policy_type != CONDITIONAL_ACCESS for snapshot in compared):
        return []
    opened = [(snapshot, _content(snapshot, hide)) for snapshot in compared]
    names = object_names(opened)
    return [describe_access(content["body"], names) for _, content in opened]


def assignment_texts(snapshot: Snapshot, content: Mapping[str, Any] | None) -> list[tuple[bool, str]] | None:
    """Return (is an exclusion, text) of each assignment; None if the type has none, or the content is not open."""
    assigned = content["assignments"] if content else None
    names = object_names([(snapshot, content)]) if assigned else {}
    return assigned and [
        (labels.is_exclusion(assignment), labels.assignment_label(assignment, names)) for assignment in assigned
    ]
