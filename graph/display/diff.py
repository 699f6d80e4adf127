"""What changed between two contents, by setting name; moved and unordered things are no change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from graph.content.element_names import element_name
from graph.content.normalise import is_unset, normalise
from graph.content.places import ASSIGNMENTS, Place, body_place
from graph.display.labels import Names, label, value
from graph.display.outline import decoded
from graph.policy_types.policy_type import PolicyType

Path = tuple[str, ...]
Kind = Literal["added", "removed", "changed"]

_ABSENT = object()
NOBODY: Names = {}


@dataclass(frozen=True)
class Difference:
    """`path` into the content; `label` names the setting in words; the values are JSON."""

    path: Path
    label: str
    kind: Kind
    before: Any
    after: Any


def compare(policy_type: PolicyType, before: Any, after: Any, names: Names = NOBODY) -> list[Difference]:
    """`names` stand for the ids that both refer to, where they are known."""
    old, new = normalise(policy_type, before), normalise(policy_type, after)
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [_readable(one, names) for one in _between((), old, new, Place())]
    places = {"body": body_place(policy_type), "assignments": ASSIGNMENTS}
    return [
        _readable(one, names)
        for name, place in places.items()
        for one in _between((name,), old[name], new[name], place)
    ]


def _between(path: Path, old: Any, new: Any, place: Place) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _between_objects(path, old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _between_arrays(path, old, new, place)
    else:
        yield _difference(path, old, new)


def _between_objects(path: Path, old: dict[str, Any], new: dict[str, Any], place: Place) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        inner = (*path, name)
        if name not in old and is_unset(new[name]):
            continue  # the service adds such properties to old policies by itself
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        one, other = _filled(before, after), _filled(after, before)
        if one is not _ABSENT and other is not _ABSENT:
            yield from _between(inner, one, other, place.inside(new if name in new else old, name))
        else:
            yield _difference(inner, one, other)


def _filled(one: Any, other: Any) -> Any:
    """An absent list is an empty one: what came and went is told element by element."""
    return [] if one is _ABSENT and isinstance(other, list) else one


def _between_arrays(path: Path, old: list[Any], new: list[Any], place: Place) -> Iterator[Difference]:
    if _is_set(old, new, place):
        named_old, named_new = _by_identity(old, place), _by_identity(new, place)
        for name in sorted({*named_old, *named_new}):
            yield from _maybe((*path, name), named_old.get(name, _ABSENT), named_new.get(name, _ABSENT), place)
        return
    for number in range(max(len(old), len(new))):
        yield from _maybe(
            (*path, str(number)),
            old[number] if number < len(old) else _ABSENT,
            new[number] if number < len(new) else _ABSENT,
            place,
        )


def _is_set(old: list[Any], new: list[Any], place: Place) -> bool:
    if any(isinstance(one, dict | list) for one in (*old, *new)):
        return place.keys is not None
    return place.is_set


def _maybe(path: Path, old: Any, new: Any, place: Place) -> Iterator[Difference]:
    if old is _ABSENT or new is _ABSENT:
        yield _difference(path, old, new)
    else:
        yield from _between(path, old, new, place)


def _by_identity(items: list[Any], place: Place) -> dict[str, Any]:
    """Element by what names it; several of one name are told apart by their number."""
    named: dict[str, Any] = {}
    for item in items:
        name = element_name(item, place.keys or ())
        copies = 1
        while name in named:
            copies += 1
            name = f"{element_name(item, place.keys or ())} ({copies})"
        named[name] = item
    return named


def _difference(path: Path, old: Any, new: Any) -> Difference:
    kind: Kind = "added" if old is _ABSENT else "removed" if new is _ABSENT else "changed"
    return Difference(path, "", kind, None if old is _ABSENT else old, None if new is _ABSENT else new)


def _readable(found: Difference, names: Names) -> Difference:
    last = found.path[-1] if found.path else ""
    before, after = (value(decoded(last, one), found.path, names) for one in (found.before, found.after))
    return replace(found, label=label(found.path, names), before=before, after=after)
