"""The differences between two contents, setting by setting. Order counts only where it means something."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from graph.content.element_names import element_name
from graph.content.normalise import is_unset, normalise
from graph.content.odata import HOLDERS
from graph.content.places import ASSIGNMENTS, Place, body_place
from graph.definitions.wording import NO_WORDS, Wording
from graph.display.labels import NamesById, names_in, readable_value, setting_label
from graph.display.outline import decode_property
from graph.policy_types.policy_type import PolicyType

Path = tuple[str, ...]
Kind = Literal["added", "removed", "changed"]

_ABSENT = object()
NO_NAMES: NamesById = {}


@dataclass(frozen=True)
class Difference:
    """One difference. `path` leads into the content; `label` names the setting in words; the values are JSON.

    `exact`: both values as the content has them, where words stand for them.
    """

    path: Path
    label: str
    kind: Kind
    before: Any
    after: Any
    exact: tuple[Any, Any] | None = None


def compare(
    policy_type: PolicyType, before: Any, after: Any, names: NamesById = NO_NAMES, *, wording: Wording = NO_WORDS
) -> list[Difference]:
    """Return the differences; `names` replace the ids that the contents refer to, where they are known."""
    normalised = normalise(policy_type, before), normalise(policy_type, after)
    return compare_normalised(policy_type, before, after, normalised, names, wording=wording)


def compare_normalised(
    policy_type: PolicyType,
    before: Any,
    after: Any,
    normalised: tuple[Any, Any],
    names: NamesById = NO_NAMES,
    *,
    wording: Wording = NO_WORDS,
) -> list[Difference]:
    """Return the differences of two contents. `normalised`: both, for whoever has them already."""
    differences = list(_differences_of_contents(policy_type, *normalised))
    if not differences:
        return []
    words = _Words({**names_in(before), **names_in(after), **names}, wording, _kind(after) or _kind(before))
    return [_make_readable(difference, words) for difference in differences]


def _differences_of_contents(policy_type: PolicyType, old: Any, new: Any) -> Iterator[Difference]:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield from _differences((), old, new, Place())
        return
    for name, place in {"body": body_place(policy_type), "assignments": ASSIGNMENTS}.items():
        yield from _differences((name,), old[name], new[name], place)


def _differences(path: Path, old: Any, new: Any, place: Place) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _object_differences(path, old, new, place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(path, old, new, place)
    else:
        yield _difference(path, old, new)


def _object_differences(path: Path, old: dict[str, Any], new: dict[str, Any], place: Place) -> Iterator[Difference]:
    for name in sorted({*old, *new}):
        inner = (*path, name)
        if name not in old and is_unset(new[name]):
            continue  # the service adds such properties to old policies by itself
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        old_value, new_value = _fill_absent_list(before, after), _fill_absent_list(after, before)
        if old_value is not _ABSENT and new_value is not _ABSENT:
            yield from _differences(inner, old_value, new_value, place.inside(new if name in new else old, name))
        else:
            yield _difference(inner, old_value, new_value)


def _fill_absent_list(side: Any, other_side: Any) -> Any:
    """Return [] for an absent list: its elements are then reported one by one."""
    return [] if side is _ABSENT and isinstance(other_side, list) else side


def _list_differences(path: Path, old: list[Any], new: list[Any], place: Place) -> Iterator[Difference]:
    if is_set_of_elements(old, new, place):
        named_old, named_new = (dict(zip(element_names(side, place), side, strict=True)) for side in (old, new))
        for name in sorted({*named_old, *named_new}):
            yield from _element_differences(
                (*path, name), named_old.get(name, _ABSENT), named_new.get(name, _ABSENT), place
            )
        return
    for number in range(max(len(old), len(new))):
        yield from _element_differences(
            (*path, str(number)),
            old[number] if number < len(old) else _ABSENT,
            new[number] if number < len(new) else _ABSENT,
            place,
        )


def is_set_of_elements(old: list[Any], new: list[Any], place: Place) -> bool:
    """Tell whether the elements of two lists are paired by their names, in whichever order they stand."""
    if any(isinstance(element, HOLDERS) for element in (*old, *new)):
        return place.keys is not None
    return place.is_set


def _element_differences(path: Path, old: Any, new: Any, place: Place) -> Iterator[Difference]:
    if old is _ABSENT or new is _ABSENT:
        yield _difference(path, old, new)
    else:
        yield from _differences(path, old, new, place)


def element_names(items: list[Any], place: Place) -> list[str]:
    """Return what each element is called in a path; a number is added where several have the same name."""
    names: dict[str, None] = {}
    for item in items:
        name = element_name(item, place.keys or ())
        copies = 1
        while name in names:
            copies += 1
            name = f"{element_name(item, place.keys or ())} ({copies})"
        names[name] = None
    return list(names)


def _difference(path: Path, old: Any, new: Any) -> Difference:
    kind: Kind = "added" if old is _ABSENT else "removed" if new is _ABSENT else "changed"
    return Difference(path, "", kind, None if old is _ABSENT else old, None if new is _ABSENT else new)


@dataclass(frozen=True)
class _Words:
    names: NamesById
    wording: Wording
    # The OData type of the policy.
    kind: str


def _kind(content: Any) -> str:
    body = content.get("body") if isinstance(content, dict) else None
    return str(body.get("@odata.type") or "") if isinstance(body, dict) else ""


def _make_readable(difference: Difference, words: _Words) -> Difference:
    last = difference.path[-1] if difference.path else ""
    exact = [decode_property(last, side) for side in (difference.before, difference.after)]
    before, after = (
        readable_value(side, difference.path, words.names, wording=words.wording, kind=words.kind) for side in exact
    )
    label = setting_label(difference.path, words.names, wording=words.wording, kind=words.kind)
    is_in_words = [before, after] != exact
    return replace(
        difference, label=label, before=before, after=after, exact=(exact[0], exact[1]) if is_in_words else None
    )
