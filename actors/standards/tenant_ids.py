"""The ids of a standard's objects in one tenant, and back: no request of Graph, from what was seen of the tenant.

In the order of a restore's plan (graph/restore/resolver.py): the mapping, the tenant's own counterpart, the same id,
the one object of that name. An id that stands for nothing stays, and so counts as a difference.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

from actors.reading import source_ids
from db.models import Standard, StandardItem, Tenant
from db.policies import policies
from db.restores import mappings
from db.runs import name_cache
from graph.content.spellings import GUID
from graph.references.reference_kinds import APPLICATIONS, DIRECTORIES, PRINCIPALS, policy_types_of
from graph.references.references import Reference, find_references, fold_id, rewrite_references
from graph.references.stand_ins import is_stand_in
from graph.restore.target_directory import ObjectKey, SourceObject
from graph.write.write_requests import PolicyContent

# How the names of a directory are kept -> the kind of reference.
_KINDS = {"filters": "assignmentFilters", "principals": PRINCIPALS}


class TenantIds:
    """Turns contents of one standard into what they are in one tenant, and the tenant's into the standard's."""

    def __init__(
        self, tenant: Tenant, standard: Standard, items: Iterable[StandardItem], *, is_source: bool = False
    ) -> None:
        """`is_source`: the standard was first taken from this tenant, so its ids are the tenant's own."""
        self._tenant, self._is_source = tenant, is_source
        self._items = {(item.policy_type, fold_id(item.key)) for item in items}
        targets = mappings.targets_by_key(tenant, standard.uid)
        self.targets: dict[ObjectKey, str] = {(kind, fold_id(key)): target for (kind, key), target in targets.items()}
        # (kind, id in the tenant) -> id in the standard; of what a mapping does not say, as it was found on the way.
        self._back = {(kind, fold_id(target)): source for (kind, source), target in self.targets.items()}
        self._known = {source: kind for kind, source in self.targets if GUID.search(source)}
        self._known_back = {target: kind for kind, target in self._back if GUID.search(target)}

    def to_tenant(self, item: StandardItem, content: PolicyContent) -> PolicyContent:
        """Return an item's content with the ids that its objects have in the tenant."""
        sources = source_ids.sources_in(item.policy_type, item.references or {}, content)

        def replace(reference: Reference) -> str:
            target = self._target(reference, sources)
            if target is None:
                return reference.id
            self._back.setdefault((reference.kind, fold_id(target)), reference.id)
            return target

        return rewrite_references(item.policy_type, content, replace, self._known)

    def to_standard(self, policy_type: str, content: PolicyContent) -> PolicyContent:
        """Return the tenant's content with the standard's ids; what only the tenant has keeps its id."""

        def replace(reference: Reference) -> str:
            keys = ((kind, fold_id(object_id)) for kind, object_id in reference.candidates())
            return next((self._back[key] for key in keys if key in self._back), reference.id)

        return rewrite_references(policy_type, content, replace, self._known_back)

    def own_objects(self, policy_type: str, content: PolicyContent, base: PolicyContent) -> frozenset[ObjectKey]:
        """Return the tenant's own objects that a content in the standard's ids refers to, and `base` does not."""
        before = {reference.id for reference in find_references(policy_type, base)}
        added = find_references(policy_type, content)
        own = [ref for ref in added if ref.id not in before and not ref.is_hint and not self._mapped(ref)]
        return frozenset((reference.kind, reference.id) for reference in own)

    def target_of(self, item: StandardItem) -> str | None:
        """Return the Graph id of the tenant's policy that the item is; None: nobody has said so yet."""
        return self.targets.get((item.policy_type, fold_id(item.key)))

    # --- one reference -----------------------------------------------------------------------------------------------

    def _mapped(self, reference: Reference) -> str | None:
        keys = ((kind, fold_id(object_id)) for kind, object_id in reference.candidates())
        return next((self.targets[key] for key in keys if key in self.targets), None)

    def _target(self, reference: Reference, sources: Mapping[ObjectKey, SourceObject]) -> str | None:
        mapped = self._mapped(reference)
        if mapped:
            return mapped
        if reference.kind == DIRECTORIES:
            return str(self._tenant.directory_id)
        if reference.kind == APPLICATIONS or self._is_here(reference):
            return reference.id
        if any(key in self._items for key in reference.candidates()):
            return None  # an item whose policy nobody has confirmed yet: never by its name alone
        source = next((sources[key] for key in reference.candidates() if key in sources), SourceObject())
        found = self._ids_of(reference.kind, source)
        return next(iter(found)) if len(found) == 1 else None

    def _is_here(self, reference: Reference) -> bool:
        """Tell whether the tenant has the very id; a small number is one only in the tenant that it was given in."""
        if is_stand_in(reference.id) or not (self._is_source or GUID.fullmatch(reference.id)):
            return False
        return any((kind, fold_id(object_id)) in self._ids_here for kind, object_id in reference.candidates())

    def _ids_of(self, kind: str, source: SourceObject) -> set[str]:
        if kind == PRINCIPALS:
            return self._by_name.get((kind, source.within), set()) if source.within else set()
        if not source.name:
            return set()
        kinds = (kind, *policy_types_of(kind))
        return set().union(*(self._by_name.get((key, source.name.strip()), ()) for key in kinds))

    @cached_property
    def _by_name(self) -> dict[ObjectKey, set[str]]:
        """Return (kind, name) -> ids of the tenant's objects, as they were seen last."""
        found: dict[ObjectKey, set[str]] = {}
        for kind, object_id, name in self._seen:
            found.setdefault((kind, name.strip()), set()).add(object_id)
        return found

    @cached_property
    def _ids_here(self) -> set[ObjectKey]:
        return {(kind, fold_id(object_id)) for kind, object_id, _ in self._seen}

    @cached_property
    def _seen(self) -> list[tuple[str, str, str]]:
        of_directory = [
            (_KINDS.get(kind, kind), object_id, name) for kind, object_id, name in name_cache.known_names(self._tenant)
        ]
        return of_directory + policies.names_of_present(self._tenant)
