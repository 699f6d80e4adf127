"""A content with a tenant's own values at some places, and the standard's everywhere else."""

import copy
from collections.abc import Collection, Mapping
from typing import Any

from graph.changes.ignored_paths import ANY, Path
from graph.content.normalise import normalise_value
from graph.content.places import ASSIGNMENTS, Place, body_place
from graph.display.diff import element_names, is_set_of_elements
from graph.policy_types.driver_approvals import INVENTORY
from graph.policy_types.enrollment import DEVICE_GROUPS, MESSAGES
from graph.policy_types.policy_type import PolicyType

Content = dict[str, Any]

_ABSENT: Any = object()
# Comparing turns these lists into something else (graph/content/normalise.py), so no path leads into them: each is the
# tenant's as a whole.
_WHOLE = frozenset({INVENTORY, MESSAGES, DEVICE_GROUPS, "relationships", "notificationTemplates"})


def keep_own(
    policy_type: PolicyType, want: Mapping[str, Any], live: Mapping[str, Any], paths: Collection[Path]
) -> Content:
    """Return a copy of `want` with the live values at these places, which comparing the two has named.

    What the tenant does not have there is left out. A place that is in neither of the two changes nothing.
    """
    places = {"body": body_place(policy_type), "assignments": ASSIGNMENTS}
    kept: Content = copy.deepcopy(dict(want))
    for name, place in places.items():
        inner = _below(name, paths)
        if inner and name in live:
            kept[name] = _kept(kept.get(name), live[name], inner, place, is_body=name == "body")
    return kept


def _below(name: str, paths: Collection[Path]) -> list[Path]:
    """Return what is left of the paths that lead to this property or element."""
    return [path[1:] for path in paths if path and path[0] in (ANY, name)]


def _kept(want: Any, live: Any, paths: Collection[Path], place: Place, *, is_body: bool = False) -> Any:
    if () in paths:
        return live if live is _ABSENT else copy.deepcopy(live)
    if isinstance(want, dict) and isinstance(live, dict):
        return _kept_object(want, live, paths, place, is_body=is_body)
    if isinstance(want, list) and isinstance(live, list):
        return _kept_list(want, live, paths, place)
    return want


def _kept_object(want: Content, live: Content, paths: Collection[Path], place: Place, *, is_body: bool) -> Content:
    kept = dict(want)
    for name in {*want, *live}:
        inner = _below(name, paths)
        if inner and is_body and name in _WHOLE:
            inner = [()]
        value = _inside(want, live, name, inner, place)
        if value is _ABSENT:
            kept.pop(name, None)
        else:
            kept[name] = value
    return kept


def _inside(want: Content, live: Content, name: str, paths: Collection[Path], place: Place) -> Any:
    mine, theirs = want.get(name, _ABSENT), live.get(name, _ABSENT)
    if not paths:
        return mine
    # A list that is not there is compared as an empty one.
    if mine is _ABSENT and isinstance(theirs, list):
        mine = []
    elif theirs is _ABSENT and isinstance(mine, list):
        theirs = []
    return _kept(mine, theirs, paths, place.inside(want if name in want else live, name))


def _kept_list(want: list[Any], live: list[Any], paths: Collection[Path], place: Place) -> list[Any]:
    mine, theirs = ([normalise_value(element, place) for element in side] for side in (want, live))
    if not is_set_of_elements(mine, theirs, place):
        return _kept_in_order(want, live, paths, place)
    named = dict(zip(element_names(mine, place), want, strict=True))
    live_named = dict(zip(element_names(theirs, place), live, strict=True))
    # In the standard's order; what only the tenant has comes last.
    kept = [
        _kept(named.get(name, _ABSENT), live_named.get(name, _ABSENT), inner, place)
        if (inner := _below(name, paths))
        else named.get(name, _ABSENT)
        for name in [*named, *(name for name in live_named if name not in named)]
    ]
    return [element for element in kept if element is not _ABSENT]


def _kept_in_order(want: list[Any], live: list[Any], paths: Collection[Path], place: Place) -> list[Any]:
    """Positions have no names in a path: the list is the tenant's as a whole, or its elements are paired by place."""
    if any(len(path) == 1 and path[0] == ANY for path in paths):
        return copy.deepcopy(live)
    return [
        _kept(element, live[position], inner, place)
        if position < len(live) and (inner := _below(str(position), paths))
        else element
        for position, element in enumerate(want)
    ]
