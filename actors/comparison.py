"""What pages show of contents, of which they know nothing: what one holds, and what changed between two."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from db import snapshots
from db.models import Snapshot
from db.sealing import SealError
from graph import wording
from graph.compare import Difference as Difference
from graph.compare import compare
from graph.outline import Line, not_set, outline
from graph.policy_types import POLICY_TYPES
from graph.wording import all_names

Hide = Callable[[Any], Any]
words = wording.words


def differences(before: Snapshot, after: Snapshot, hide: Hide | None = None) -> list[Difference]:
    """`hide` masks what the reader may not see, before anything is compared. Raises SealError."""
    return _between(before, _document(before, hide), after, _document(after, hide))


def history(newest_first: Sequence[Snapshot], hide: Hide | None = None) -> list[list[Difference] | None]:
    """What changed with each snapshot since the one that follows it in the list; each content is opened once.

    None: one of the two cannot be opened. The others can still be read.
    """
    opened = [(one, _opened(one, hide)) for one in newest_first]
    return [
        None if new is None or old is None else _between(before, old, after, new)
        for (after, new), (before, old) in pairwise(opened)
    ]


def _opened(snapshot: Snapshot, hide: Hide | None) -> Any:
    try:
        return _document(snapshot, hide)
    except SealError:
        return None


def _document(snapshot: Snapshot, hide: Hide | None) -> Any:
    found = snapshots.body(snapshot)
    return hide(found) if hide else found


def _between(before: Snapshot, old: Any, after: Snapshot, new: Any) -> list[Difference]:
    return compare(
        POLICY_TYPES[after.policy.policy_type],
        old,
        new,
        _names(before, after),
    )


def _names(*oldest_first: Snapshot) -> dict[str, str | None]:
    """What the newest knows; of what it does not, what an older one knew."""
    names: dict[str, str | None] = {}
    for snapshot in oldest_first:
        found = all_names(snapshot.references, were_read=snapshot.proof.get("names", "read") == "read")
        names |= {one: name or names.get(one) for one, name in found.items()}
    return names


def lines(body: dict[str, Any]) -> tuple[list[Line], list[str]]:
    """A body for reading, and the names of what is not set."""
    return outline(body), not_set(body)


def assignments(snapshot: Snapshot) -> list[tuple[bool, str]] | None:
    """(is an exclusion, in words) each; None: a policy of this type has none, or its content cannot be opened."""
    document = _opened(snapshot, None)
    found = document and document["assignments"]
    names = _names(snapshot)
    return found and [(wording.is_exclusion(one), wording.assignment(one, names)) for one in found]
