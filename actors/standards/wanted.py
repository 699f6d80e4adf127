"""The contents that a standard's version wants of a tenant: with the tenant's values, and with its exceptions.

Contents speak the standard's ids, as restores of it do; `TenantIds` says what they are in the tenant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actors.standards.tenant_ids import TenantIds
from db.encryption import SealError
from db.models import Snapshot, StandardAdoption, StandardException, StandardItem, StandardVersion
from db.policies import policies, snapshots
from db.standards import exceptions, tenant_reading, versions
from db.states import ExceptionKind
from graph.changes.ignored_paths import Path, path_of
from graph.policy_types.table import POLICY_TYPES
from graph.restore.target_directory import ObjectKey
from graph.standards.own_values import keep_own
from graph.standards.rendering import render
from graph.write.write_requests import PolicyContent


@dataclass(frozen=True)
class Wanted:
    """An item as a tenant is to have it.

    `content`: with the tenant's own values at `own_paths`, to be written. `rendered`: without, to be compared.
    `own_objects`: objects that only the tenant has, which its own values refer to: each stands for itself.
    """

    item: StandardItem
    content: PolicyContent
    rendered: PolicyContent
    own_paths: tuple[Path, ...] = ()
    exception: StandardException | None = None
    own_objects: frozenset[ObjectKey] = frozenset()

    @property
    def is_left_out(self) -> bool:
        return self.exception is not None and self.exception.kind == ExceptionKind.LEAVE_OUT


def wanted_of(adoption: StandardAdoption, version: StandardVersion) -> dict[str, Wanted]:
    """Return item key -> what is wanted, in the order of the version. Nothing is asked of Graph.

    Raises SealError where a content of the standard cannot be opened.
    """
    return WantedItems(adoption, version).all()


class WantedItems:
    """The items of a version for one tenant, opened one by one: `ids` knows its objects."""

    def __init__(self, adoption: StandardAdoption, version: StandardVersion) -> None:
        self._adoption, self._version = adoption, version
        self.items = versions.items(version)
        self.exceptions: Mapping[str, StandardException] = exceptions.in_force(adoption)
        is_source = tenant_reading.is_source(adoption.tenant_id, version.standard_id)
        self.ids = TenantIds(adoption.tenant, adoption.standard, self.items, is_source=is_source)

    def is_left_out(self, item: StandardItem) -> bool:
        exception = self.exceptions.get(item.key)
        return exception is not None and exception.kind == ExceptionKind.LEAVE_OUT

    def all(self) -> dict[str, Wanted]:
        return {item.key: self.of(item) for item in self.items}

    def of(self, item: StandardItem, live: PolicyContent | None = None) -> Wanted:
        """Return what is wanted of an item. `live`: the tenant's newest content of it, where it is opened already."""
        rendered = render(
            item.policy_type,
            versions.read(item),
            item.key,
            self._version.parameters or (),
            self._adoption.values or {},
        )
        exception = self.exceptions.get(item.key)
        own_paths = own_paths_of(exception)
        if exception is None or not own_paths or item.policy_type not in POLICY_TYPES:
            return Wanted(item, rendered, rendered, (), exception)
        live = live or self._newest(item)
        if live is None:  # it is not there: it is made as the standard has it
            return Wanted(item, rendered, rendered, own_paths, exception)
        content = self._with_own(item, rendered, live, own_paths)
        own_objects = self.ids.own_objects(item.policy_type, content, rendered)
        return Wanted(item, content, rendered, own_paths, exception, own_objects)

    def _with_own(
        self, item: StandardItem, rendered: PolicyContent, live: PolicyContent, paths: Iterable[Path]
    ) -> PolicyContent:
        """Paths are of the tenant: elements of lists may be called by its ids."""
        here = keep_own(POLICY_TYPES[item.policy_type], self.ids.to_tenant(item, rendered), live, tuple(paths))
        return self.ids.to_standard(item.policy_type, here)

    def _newest(self, item: StandardItem) -> PolicyContent | None:
        """Return the newest content of the tenant's policy; None where there is none, or it cannot be opened."""
        target = self.ids.target_of(item)
        policy = policies.find_by_graph_id(self._adoption.tenant, item.policy_type, target) if target else None
        newest: Snapshot | None = snapshots.latest(policy) if policy else None
        try:
            return snapshots.read_snapshot(newest) if newest else None
        except SealError:
            return None


def own_paths_of(exception: StandardException | None) -> tuple[Path, ...]:
    """Return the places where the tenant's own value stays; none of an item that is left out as a whole."""
    if exception is None or exception.kind != ExceptionKind.OTHERWISE:
        return ()
    return tuple(path_of(path) for path in exception.paths or () if path)
