"""The places where a tenant's policy differs from a standard: which count, and which an exception allows."""

from collections.abc import Collection, Mapping
from functools import cached_property

from actors.facade import snapshot_diff
from actors.facade.wording import Wording, wording_of
from db.models import Snapshot
from graph.changes.differences import ChangedPlace, places_of, unread_paths
from graph.changes.ignored_paths import Path, is_ignored
from graph.display.diff import Difference
from graph.policy_types.policy_type import PolicyType
from graph.write.write_requests import PolicyContent, remaining_differences

# So many are kept with a cell: whoever wants all opens the difference.
MOST_PLACES = 5
_OPPOSITE = {"added": "removed", "removed": "added"}


class DifferingPlaces:
    """The differences between a tenant's content and the wanted one. Both have the tenant's ids.

    Read as what happened to the standard: "added" is what only the tenant has.
    """

    def __init__(
        self,
        policy_type: PolicyType,
        snapshot: Snapshot,
        live: PolicyContent,
        want: PolicyContent,
        own_paths: Collection[Path] = (),
    ) -> None:
        self._policy_type, self._snapshot = policy_type, snapshot
        self._live, self._want, self._own_paths = live, want, own_paths
        unread = unread_paths(snapshot.proof or {})
        if live.get("assignments") is None:
            unread.append(("assignments",))
        # Names and words are looked up only where something differs: most policies do not.
        found = remaining_differences(policy_type, live, want, with_assignments=True)
        if found:
            found = remaining_differences(
                policy_type, live, want, with_assignments=True, names=self._names, wording=self._wording
            )
        self.has_unread = any(is_ignored(difference.path, unread) for difference in found)
        self._read = [difference for difference in found if not is_ignored(difference.path, unread)]

    @cached_property
    def _names(self) -> dict[str, str]:
        names = snapshot_diff.object_names([(self._snapshot, self._want), (self._snapshot, self._live)])
        return {object_id: name for object_id, name in names.items() if name}

    @cached_property
    def _wording(self) -> Wording:
        return wording_of([(self._policy_type.key, self._want), (self._policy_type.key, self._live)])

    @cached_property
    def counted(self) -> list[ChangedPlace]:
        """Return the places that no exception allows, each once."""
        return self._places(self._differences(excused=False))

    @cached_property
    def excused(self) -> list[ChangedPlace]:
        return self._places(self._differences(excused=True))

    def _differences(self, *, excused: bool) -> list[Difference]:
        return [row for row in self._read if is_ignored(row.path, self._own_paths) == excused]

    def _places(self, differences: list[Difference]) -> list[ChangedPlace]:
        if not differences:
            return []
        return places_of(differences, self._want, self._live, self._names, wording=self._wording)

    @property
    def shown(self) -> list[Mapping[str, str]]:
        """Return the first of those that count, as a cell keeps them."""
        return [_as_json(place) for place in self.counted[:MOST_PLACES]]

    @property
    def shown_excused(self) -> list[Mapping[str, str]]:
        return [_as_json(place) for place in self.excused[:MOST_PLACES]]


def _as_json(place: ChangedPlace) -> Mapping[str, str]:
    """`remaining_differences` reads from the tenant to the standard: a plan does. A cell reads the other way."""
    return {**place.as_json(), "how": _OPPOSITE.get(place.how, place.how)}
