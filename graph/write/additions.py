"""Properties that the service has added since a backup was made, so that the backup does not know them.

They are no difference by themselves, wherever they stand (microsoftgraph/microsoft-graph-docs#16097: signInFrequency
got two more). A property that the backup holds as null it does know.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from graph.content.normalise import canonical_json, element_key, is_unset, normalise, normalise_value
from graph.content.odata import HOLDERS
from graph.content.places import ASSIGNMENTS, Place, body_place, property_place
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType
from graph.remembering import pack

# In longer lists no element is paired by trial: it would take too long.
_MOST_TRIALS = 200


def without_additions(policy_type: PolicyType, live: dict[str, Any], *backups: dict[str, Any]) -> dict[str, Any]:
    """Return the live body without the properties that none of the backups' bodies has."""
    body: dict[str, Any] = _without_additions(live, backups, body_place(policy_type))
    return body


def is_unchanged(policy_type: PolicyType, before: Any, after: Any) -> bool:
    """Return whether nothing changed between two readings, but that unset properties appeared or disappeared.

    A property that appears with a value is a change: the reading before does not have it, and it may be somebody's.
    """
    if normalise(policy_type, before) == normalise(policy_type, after):
        return True
    if not (isinstance(before.get("body"), dict) and isinstance(after.get("body"), dict)):
        return False
    first, second = before["body"], after["body"]
    for _ in range(2):
        first, second = second, _without_additions(first, [second], body_place(policy_type), is_kept=_is_something)
    if first == before["body"] and second == after["body"]:
        return False  # nothing was left out: what differs is a change
    return bool(normalise(policy_type, {**before, "body": first}) == normalise(policy_type, {**after, "body": second}))


def _is_something(value: Any) -> bool:
    return not is_unset(value)


def assignments_without_additions(live: Any, *backups: Any) -> Any:
    return _without_additions(live, backups, ASSIGNMENTS)


# is_kept(value): a property that no backup has stays all the same.
IsKept = Callable[[Any], bool]


def _keep_none(value: Any) -> bool:
    return False


def _without_additions(live: Any, backups: Sequence[Any], place: Place, is_kept: IsKept = _keep_none) -> Any:
    if live in backups:
        return live  # as most of a policy is: it has nothing that the backup does not have
    if isinstance(live, dict):
        alike = [backup for backup in backups if isinstance(backup, dict) and _is_of_one_type(live, backup)]
        return _object_without_additions(live, alike, place, is_kept) if alike else live
    if isinstance(live, list) and any(isinstance(element, dict) for element in live):
        return _list_without_additions(live, [backup for backup in backups if isinstance(backup, list)], place, is_kept)
    return live


def _is_of_one_type(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Return whether both may be of one type; an object of another type has nothing in common with the backup's."""
    kinds = [value.get("@odata.type") for value in (left, right)]
    return None in kinds or kinds[0] == kinds[1]


def _object_without_additions(
    live: dict[str, Any], backups: Sequence[dict[str, Any]], place: Place, is_kept: IsKept
) -> dict[str, Any]:
    actual = model.type_of(live, place.declared)
    return {
        name: _without_additions(
            inner, [backup[name] for backup in backups if name in backup], property_place(actual, name), is_kept
        )
        if isinstance(inner, HOLDERS)
        else inner
        for name, inner in live.items()
        if any(name in backup for backup in backups) or is_kept(inner)
    }


def _list_without_additions(live: list[Any], backups: Sequence[list[Any]], place: Place, is_kept: IsKept) -> list[Any]:
    partners: list[list[Any]] = [[] for _ in live]
    for backup in backups:
        for position, partner in _pairs(live, backup, place):
            partners[position].append(partner)
    return [_without_additions(element, partners[position], place, is_kept) for position, element in enumerate(live)]


def _pairs(live: list[Any], backup: list[Any], place: Place) -> Iterator[tuple[int, Any]]:
    """Yield (position in the live list, its element of the backup), paired by what identifies them, else by place."""
    if place.keys is None:
        yield from enumerate(backup[: len(live)])
    elif place.keys:
        yield from _pairs_by_key(live, backup, place)
    elif len(live) <= _MOST_TRIALS:
        yield from _pairs_by_trial(live, backup, place)


def _pairs_by_key(live: list[Any], backup: list[Any], place: Place) -> Iterator[tuple[int, Any]]:
    """Pair what is the same first, in its place or another: that is most of a policy, and needs no key."""
    in_place = {
        position for position, (element, other) in enumerate(zip(live, backup, strict=False)) if element == other
    }
    yield from ((position, backup[position]) for position in in_place)
    alike: dict[bytes, list[Any]] = {}
    for _, element in _others(backup, in_place):
        alike.setdefault(pack(element), []).append(element)
    left = []
    for position, element in _others(live, in_place):
        same = alike.get(pack(element))
        if same:
            yield position, same.pop(0)
        else:
            left.append((position, element))
    unpaired = _by_key(list(chain.from_iterable(alike.values())), place) if left else {}
    for position, element in left:
        same = unpaired.get(element_key(element, place))
        if same:
            yield position, same.pop(0)


def _others(elements: list[Any], positions: Collection[int]) -> list[tuple[int, Any]]:
    return [(position, element) for position, element in enumerate(elements) if position not in positions]


def _by_key(items: list[Any], place: Place) -> dict[str, list[Any]]:
    by_key: dict[str, list[Any]] = {}
    for element in items:
        by_key.setdefault(element_key(element, place), []).append(element)
    return by_key


def _pairs_by_trial(live: list[Any], backup: list[Any], place: Place) -> Iterator[tuple[int, Any]]:
    """Pair elements that only their whole value identifies: alike but for additions."""
    candidates = [(canonical_json(normalise_value(element, place)), element) for element in backup]
    for position, element in enumerate(live):
        for at, (text, partner) in enumerate(candidates):
            if canonical_json(normalise_value(_without_additions(element, [partner], place), place)) == text:
                yield position, candidates.pop(at)[1]
                break
