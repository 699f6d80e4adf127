"""The places where two contents of a policy differ, without any value: its place, its label in words, and how.

What one of the two readings could not read is no difference: assignments, a part that was withheld, members of a group
that are kept only since somebody wants them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graph.changes.ignored_paths import ANY, Path, is_ignored, path_of, text_of, without_positions
from graph.content.element_names import element_name
from graph.content.odata import HOLDERS
from graph.definitions.wording import NO_WORDS, Wording, property_key
from graph.display.diff import Difference, compare
from graph.display.labels import NamesById, names_in, setting_label
from graph.policy_types.enrollment import DEVICE_GROUPS, IS_DEFAULT, MESSAGES
from graph.policy_types.policy_type import PolicyType

# What the proof of a reading calls a part that it could not read (graph/read/children.py) -> where it would be.
_WITHHELD = (
    (re.compile("The messages of its"), ("body", MESSAGES)),
    (re.compile("The device group that devices join"), ("body", DEVICE_GROUPS)),
    (re.compile("Whether it is the default profile"), ("body", IS_DEFAULT)),
)
_WITHHELD_ELEMENT = re.compile(r"(\w+)\[(.*)\]")
# Parts that a backup holds only where somebody wants it to.
_OPTIONAL_PARTS = {"groups": ("members",)}
_COPY = re.compile(r" \(\d+\)$")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class ChangedPlace:
    """A place that differs. `how`: "added", "removed" or "changed"."""

    path: Path
    label: str
    how: str

    def as_json(self) -> dict[str, str]:
        return {"path": text_of(self.path), "label": self.label, "how": self.how}

    @property
    def is_of_assignments(self) -> bool:
        return self.path[:1] == ("assignments",)


def changed_places(
    policy_type: PolicyType,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    names: NamesById,
    unread: Collection[Path] = (),
    *,
    wording: Wording = NO_WORDS,
) -> list[ChangedPlace]:
    """Return the places that differ, each once. `unread`: what either reading could not read (`unread_paths`)."""
    not_read = [*unread, *_never_in_both(policy_type, before, after)]
    found = compare(policy_type, before, after, names, wording=wording)
    known = [difference for difference in found if not is_ignored(difference.path, not_read)]
    return places_of(known, before, after, names, wording=wording)


def places_of(
    differences: Iterable[Difference],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    names: NamesById,
    *,
    wording: Wording = NO_WORDS,
) -> list[ChangedPlace]:
    """Return the places of these differences between the two contents, each once."""
    kind = str(after["body"].get("@odata.type") or "") if isinstance(after.get("body"), dict) else ""
    words = {**names_in(before), **names_in(after), **names}
    label_of = partial(setting_label, names=words, wording=wording, kind=kind)
    return list(dict.fromkeys(_without_value(difference, names, label_of) for difference in differences))


def _never_in_both(policy_type: PolicyType, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Path]:
    """Return the places of parts that only one of the two readings was to read, or could read."""
    missing: list[Path] = []
    if (before.get("assignments") is None) != (after.get("assignments") is None):
        missing.append(("assignments",))
    bodies = [content["body"] for content in (before, after) if isinstance(content.get("body"), dict)]
    for name in _OPTIONAL_PARTS.get(policy_type.key, ()):
        if len({name in body for body in bodies}) > 1:
            missing.append(("body", name))
    return missing


def unread_paths(*proofs: Mapping[str, Any]) -> list[Path]:
    """Return the places that these proofs of readings say they do not hold."""
    withheld = [part for proof in proofs for part in (proof.get("secrets") or {}).get("withheld") or ()]
    return [_unread_path(str(part.get("where") or "")) for part in withheld if part.get("where")]


def _unread_path(where: str) -> Path:
    for words, path in _WITHHELD:
        if words.match(where):
            return path
    element = _WITHHELD_ELEMENT.fullmatch(where)
    return ("body", element[1], element[2]) if element else ("body", *where.split("."))


def _without_value(difference: Difference, names: NamesById, label_of: Callable[[Path], str]) -> ChangedPlace:
    """Return the place of a difference without its value.

    In a list of plain values an element is named after its own value: it loses that name, unless it is an object's id.
    """
    path, label = without_positions(difference.path), difference.label
    last = difference.path[-1] if difference.path else ""
    if path != difference.path or _is_value(difference, last, names):
        hidden = _is_value(difference, last, names)
        path = (*path[:-1], ANY) if hidden else path
        label = label_of(tuple(part for part in path if part != ANY))
    return ChangedPlace(_storable(path), label[:_LONGEST_LABEL], difference.kind)


_LONGEST_LABEL = 300


def _is_value(difference: Difference, last: str, names: NamesById) -> bool:
    if len(difference.path) < 3 or last in names or _GUID.fullmatch(last):
        return False
    if difference.path[0] == "assignments":
        return False
    side = difference.after if difference.before is None else difference.before
    is_whole_element = difference.kind != "changed" and not isinstance(side, HOLDERS)
    # Of two equal ones, the second has a number behind it (graph/display/diff.py).
    name = _COPY.sub("", last).casefold()
    own_names = {element_name(side).casefold(), str(side).casefold()} if is_whole_element else set()
    return last.startswith(("{", "[")) or not own_names.isdisjoint((name, last.casefold()))


def _storable(path: Sequence[str]) -> Path:
    """Return the path without elements that are a whole object as text: such have no name."""
    return tuple(ANY if element.startswith(("{", "[")) else element for element in path)


def label_in_words(path: str, kept: str, wording: Wording, kind: str = "") -> str:
    """Return the label of a place that was kept, made anew where Microsoft's words are known for a setting in it.

    `kept`: the label as it was made, with the names of that day. `kind`: the OData type of the policy.
    """
    parts = tuple(part for part in path_of(path) if part != ANY)
    is_known = any(wording.definition(part) for part in parts)
    own = parts[1:2] if parts[:1] == ("body",) else ()
    if not is_known and not (kind and own and wording.definition(property_key(kind, own[0]))):
        return kept
    return setting_label(parts, {}, wording=wording, kind=kind)[:_LONGEST_LABEL]
