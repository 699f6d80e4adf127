"""Finds what the objects that a standard refers to (groups, locations, filters …) are in a tenant, without Graph.

Found is what cannot be another: the object itself, where the tenant has it; what a roll-out wrote in its place; the one
of its name, where a whole list of such objects is known. The names of groups are not: a person says it, or a preview
looks in the tenant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from db.models import StandardAdoption, StandardVersion, Tenant
from db.policies import policies
from db.restores import mappings
from db.restores.mappings import ObjectKey
from db.standards import versions
from db.states import ParameterKind, PolicyState
from db.tenants import coverage
from graph.content.spellings import GUID
from graph.references.reference_kinds import policy_types_of
from graph.restore.resolver import ResolvedBy

# What a roll-out resolved in one of these ways is what it wrote.
_WROTE = (ResolvedBy.NAME, ResolvedBy.NUMBER, ResolvedBy.TENANT, ResolvedBy.SAME_ID)
Found = Mapping[ObjectKey, tuple[str, str | None]]


def parameters(of_versions: Sequence[StandardVersion]) -> dict[ObjectKey, Mapping[str, Any]]:
    """Return (kind, id) -> parameter of the objects that the versions refer to."""
    return {
        (str(row["object"]["kind"]), str(row["object"]["id"])): row
        for version in of_versions
        for row in version.parameters or ()
        if row["kind"] == ParameterKind.OBJECT and row.get("object")
    }


def found(
    adoption: StandardAdoption, of_versions: Sequence[StandardVersion]
) -> tuple[Found, dict[ObjectKey, str | None]]:
    """Find an object of the tenant for each parameter that has none yet.

    Return (kind, id) -> what was found, and (kind, id) -> name of every such parameter.
    """
    wanted = parameters(of_versions)
    mapped = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)
    missing = [key for key in wanted if key not in mapped]
    if not missing:
        return {}, {}
    names = names_of(of_versions)
    is_source = any(version.source_tenant_id == adoption.tenant_id for version in of_versions)
    written = mappings.resolved_in_restores(adoption.tenant, adoption.standard.uid, _WROTE)
    there = dict(_itself(adoption.tenant, missing, is_source=is_source))
    there |= dict(_of_its_name(adoption.tenant, [key for key in missing if key not in there], names))
    there |= {key: written[key] for key in missing if key in written}
    return there, {key: names.get(key) for key in missing}


def names_of(of_versions: Sequence[StandardVersion]) -> dict[ObjectKey, str | None]:
    """Return (kind, id) -> name of the objects, as where they were taken from knew them."""
    return {
        (kind, object_id): name
        for version in of_versions
        for item in versions.items(version)
        for kind, names in (item.references or {}).items()
        for object_id, name in (names or {}).items()
        if name
    }


def _itself(
    tenant: Tenant, keys: Iterable[ObjectKey], *, is_source: bool
) -> Iterator[tuple[ObjectKey, tuple[str, str | None]]]:
    """Yield the objects that the tenant has themselves: its own, and those that Microsoft has put into every tenant."""
    for kind, object_id in keys:
        rows = [policies.find_by_graph_id(tenant, policy_type, object_id) for policy_type in policy_types_of(kind)]
        there = [row for row in rows if row is not None and row.state == PolicyState.PRESENT]
        is_one = is_source or GUID.fullmatch(object_id) is not None
        if any(is_one or row.is_built_in for row in there):
            yield (kind, object_id), (object_id, str(there[0].name))
        elif not rows and is_one and (name := mappings.object_name(tenant, (kind, object_id))):
            yield (kind, object_id), (object_id, name)


def _of_its_name(
    tenant: Tenant, keys: Iterable[ObjectKey], names: Mapping[ObjectKey, str | None]
) -> Iterator[tuple[ObjectKey, tuple[str, str | None]]]:
    """Yield the one object of the name, of kinds that the tenant's own lists hold whole."""
    for kind, object_id in keys:
        types, name = policy_types_of(kind), (names.get((kind, object_id)) or "").strip()
        if not name or len(types) != 1 or not coverage.was_listed(tenant, types[0]):
            continue
        alike = [row for row in policies.present_of_type(tenant, types[0]) if str(row.name).strip() == name]
        if len(alike) == 1:
            yield (kind, object_id), (str(alike[0].graph_id), str(alike[0].name))
