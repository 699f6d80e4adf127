"""What a tenant shows and a backup does not know at all: properties that the service has added since it was made.

They are no difference by themselves, wherever they stand (microsoftgraph/microsoft-graph-docs#16097: signInFrequency
got two more). What the backup holds as null it does know.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graph.content.normalise import canonical, clean, is_nothing, key_of, normalise
from graph.content.places import ASSIGNMENTS, Place, body_of, place_in
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType

# Lists of more have no element looked for by trial.
_MOST_TRIALS = 200


def without_additions(policy_type: PolicyType, live: dict[str, Any], *backups: dict[str, Any]) -> dict[str, Any]:
    """The live body without what none of the backups' bodies has."""
    found: dict[str, Any] = _without_additions(live, backups, body_of(policy_type))
    return found


def is_unchanged(policy_type: PolicyType, before: Any, after: Any) -> bool:
    """Nothing happened between two readings: but that the service tells, or tells no more, of properties unset.

    What it adds with a value is kept as a change: the reading before does not have it, and it may be somebody's.
    """
    if normalise(policy_type, before) == normalise(policy_type, after):
        return True
    if not (isinstance(before.get("body"), dict) and isinstance(after.get("body"), dict)):
        return False
    one, other = before["body"], after["body"]
    for _ in range(2):
        one, other = other, _without_additions(one, [other], body_of(policy_type), is_kept=_is_something)
    return bool(normalise(policy_type, {**before, "body": one}) == normalise(policy_type, {**after, "body": other}))


def _is_something(value: Any) -> bool:
    return not is_nothing(value)


def assignments_without_additions(live: Any, *backups: Any) -> Any:
    return _without_additions(live, backups, ASSIGNMENTS)


# Whether a property that no backup has stays all the same.
IsKept = Callable[[Any], bool]


def _keep_none(value: Any) -> bool:
    return False


def _without_additions(live: Any, backups: Sequence[Any], place: Place, is_kept: IsKept = _keep_none) -> Any:
    if isinstance(live, dict):
        alike = [one for one in backups if isinstance(one, dict) and _is_of_one_type(live, one)]
        return _object_without_additions(live, alike, place, is_kept) if alike else live
    if isinstance(live, list) and any(isinstance(one, dict) for one in live):
        return _list_without_additions(live, [one for one in backups if isinstance(one, list)], place, is_kept)
    return live


def _is_of_one_type(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Of another type, all of it is another thing."""
    kinds = [value.get("@odata.type") for value in (one, other)]
    return None in kinds or kinds[0] == kinds[1]


def _object_without_additions(
    live: dict[str, Any], backups: Sequence[dict[str, Any]], place: Place, is_kept: IsKept
) -> dict[str, Any]:
    actual = model.type_of(live, place.declared)
    return {
        name: _without_additions(inner, [one[name] for one in backups if name in one], place_in(actual, name), is_kept)
        if isinstance(inner, dict | list)
        else inner
        for name, inner in live.items()
        if any(name in one for one in backups) or is_kept(inner)
    }


def _list_without_additions(live: list[Any], backups: Sequence[list[Any]], place: Place, is_kept: IsKept) -> list[Any]:
    partners: list[list[Any]] = [[] for _ in live]
    for backup in backups:
        for position, partner in _pairs(live, backup, place):
            partners[position].append(partner)
    return [_without_additions(one, partners[position], place, is_kept) for position, one in enumerate(live)]


def _pairs(live: list[Any], backup: list[Any], place: Place) -> Iterator[tuple[int, Any]]:
    """(position in the live list, its element of the backup): by what identifies it, else by its place."""
    if place.keys is None:
        yield from enumerate(backup[: len(live)])
    elif place.keys:
        left = _by_key(backup, place)
        for position, one in enumerate(live):
            same = left.get(key_of(one, place))
            if same:
                yield position, same.pop(0)
    elif len(live) <= _MOST_TRIALS:
        yield from _pairs_by_trial(live, backup, place)


def _by_key(items: list[Any], place: Place) -> dict[str, list[Any]]:
    named: dict[str, list[Any]] = {}
    for one in items:
        named.setdefault(key_of(one, place), []).append(one)
    return named


def _pairs_by_trial(live: list[Any], backup: list[Any], place: Place) -> Iterator[tuple[int, Any]]:
    """Where only its whole value identifies an element: what is like one of the backup's but for additions."""
    wanted = [(canonical(clean(one, place)), one) for one in backup]
    for position, one in enumerate(live):
        for at, (text, partner) in enumerate(wanted):
            if canonical(clean(_without_additions(one, [partner], place), place)) == text:
                yield position, wanted.pop(at)[1]
                break
