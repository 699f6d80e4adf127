"""The difference between a tenant's policy and the standard's item, whole and with values, from the newest snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.facade import snapshot_diff
from actors.facade.wording import wording_of
from actors.standards.cell_places import DifferingPlaces
from actors.standards.wanted import WantedItems
from db.encryption import SealError
from db.models import Snapshot, StandardAdoption, StandardVersion
from db.policies import policies, snapshots
from db.standards import versions
from graph.changes.ignored_paths import is_ignored
from graph.display.diff import Difference
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_requests import remaining_differences

Hide = Callable[[Any], Any]

# Of an exception, all assignments are one place: a tenant has its own, or the standard's.
ASSIGNMENTS = {"path": "assignments", "label": "Assignments", "how": "changed"}


@dataclass(frozen=True)
class ItemDifference:
    """An item beside the newest snapshot of the tenant's policy: before is the tenant's, after is the standard's.

    `counted`: what the standard wants otherwise. `excused`: where an exception lets the tenant have its own.
    `snapshot` None: there is nothing to compare. `is_lost`: a content cannot be opened.
    """

    version: StandardVersion
    name: str
    policy_type: str
    snapshot: Snapshot | None
    counted: list[Difference]
    excused: list[Difference]
    is_lost: bool = False


def version_of(adoption: StandardAdoption) -> StandardVersion | None:
    """Return the version that the tenant is held to, or before any roll-out the newest one."""
    held: StandardVersion | None = adoption.version
    return held or versions.newest(adoption.standard)


class ItemDifferences:
    """Compares items of the version that a tenant is held to, one by one."""

    def __init__(self, adoption: StandardAdoption) -> None:
        self._adoption, self._version = adoption, version_of(adoption)
        self._wanted = WantedItems(adoption, self._version) if self._version else None
        self._items = {item.key: item for item in self._wanted.items} if self._wanted else {}

    def of(self, item_key: str, hide: Hide, language: str) -> ItemDifference | None:
        """Compare one item, or return None where the version has no such item. `hide` masks both sides."""
        version, wanted, item = self._version, self._wanted, self._items.get(item_key)
        if version is None or wanted is None or item is None:
            return None
        target = wanted.ids.target_of(item)
        policy = policies.find_by_graph_id(self._adoption.tenant, item.policy_type, target) if target else None
        newest = snapshots.latest(policy) if policy else None
        if newest is None or item.policy_type not in POLICY_TYPES:
            return ItemDifference(version, item.name, item.policy_type, None, [], [])
        try:
            live = snapshots.read_snapshot(newest)
            found = wanted.of(item, live)
        except SealError:
            return ItemDifference(version, item.name, item.policy_type, newest, [], [], is_lost=True)
        want = wanted.ids.to_tenant(item, found.rendered)
        want = want if version.with_assignments else {**want, "assignments": None}
        names = snapshot_diff.object_names([(newest, want), (newest, live)])
        wording = wording_of([(item.policy_type, want), (item.policy_type, live)], language)
        differences = remaining_differences(
            POLICY_TYPES[item.policy_type], hide(live), hide(want), with_assignments=True, names=names, wording=wording
        )
        counted = [row for row in differences if not is_ignored(row.path, found.own_paths)]
        excused = [row for row in differences if is_ignored(row.path, found.own_paths)]
        return ItemDifference(version, item.name, item.policy_type, newest, counted, excused)


def difference_of(adoption: StandardAdoption, item_key: str, hide: Hide, language: str) -> ItemDifference | None:
    """Compare one item, as `ItemDifferences` does."""
    return ItemDifferences(adoption).of(item_key, hide, language)


def choosable_places(adoption: StandardAdoption, item_key: str) -> list[Mapping[str, str]]:
    """Return {"path", "label", "how"} of each place that an exception may leave to the tenant: all that differ now.

    What one allows already is among them. Empty where there is nothing to compare, or it cannot be opened.
    """
    version = version_of(adoption)
    wanted = WantedItems(adoption, version) if version else None
    item = next((row for row in wanted.items if row.key == item_key), None) if wanted else None
    target = wanted.ids.target_of(item) if wanted and item else None
    if version is None or wanted is None or item is None or target is None or item.policy_type not in POLICY_TYPES:
        return []
    policy = policies.find_by_graph_id(adoption.tenant, item.policy_type, target)
    newest = snapshots.latest(policy) if policy else None
    if newest is None:
        return []
    try:
        live = snapshots.read_snapshot(newest)
        want = wanted.ids.to_tenant(item, wanted.of(item, live).rendered)
    except SealError:
        return []
    want = want if version.with_assignments else {**want, "assignments": None}
    places = DifferingPlaces(POLICY_TYPES[item.policy_type], newest, live, want).counted
    found: list[Mapping[str, str]] = [place.as_json() for place in places if not place.is_of_assignments]
    return found + ([ASSIGNMENTS] if len(found) < len(places) else [])
