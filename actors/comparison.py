"""What pages show of contents, of which they know nothing: what one holds, and what changed between two."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from db import snapshots
from db.models import Snapshot
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


def history(newest_first: Sequence[Snapshot], hide: Hide | None = None) -> list[list[Difference]]:
    """What changed with each snapshot since the one that follows it in the list; each content is opened once."""
    opened = [(one, _document(one, hide)) for one in newest_first]
    return [_between(*older, *newer) for newer, older in pairwise(opened)]


def _document(snapshot: Snapshot, hide: Hide | None) -> Any:
    found = snapshots.body(snapshot)
    return hide(found) if hide else found


def _between(before: Snapshot, old: Any, after: Snapshot, new: Any) -> list[Difference]:
    return compare(
        POLICY_TYPES[after.policy.policy_type],
        old,
        new,
        {**all_names(before.references), **all_names(after.references)},
    )


def lines(body: dict[str, Any]) -> tuple[list[Line], list[str]]:
    """A body for reading, and the names of what is not set."""
    return outline(body), not_set(body)


def assignments(snapshot: Snapshot, document: dict[str, Any]) -> list[tuple[bool, str]] | None:
    """(is an exclusion, in words) each; None: a policy of this type has none."""
    found = document["assignments"]
    names = all_names(snapshot.references)
    return found and [(wording.is_exclusion(one), wording.assignment(one, names)) for one in found]
