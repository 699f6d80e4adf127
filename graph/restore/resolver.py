"""Resolving references of a backup to objects of the target tenant: never "the first of several", no silent default.

In this order: an item of this restore, the mapping of the two tenants, the same id in the same tenant (or a built-in
object's, which is the same everywhere), the one object of that name.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graph.content.spellings import GUID
from graph.errors import GraphError
from graph.read.readings import ListedPolicy
from graph.references.reference_kinds import (
    AGREEMENTS,
    APPLICATIONS,
    CONTEXT_NUMBERS,
    CONTEXTS,
    DEFINITIONS,
    DIRECTORIES,
    DOMAINS,
    HAVE_OBJECTS,
    PRESENTATIONS,
    PRINCIPALS,
    policy_types_of,
)
from graph.references.references import DROP, Reference, find_holders, fold_id, rewrite_references
from graph.references.stand_ins import is_stand_in
from graph.restore.target_directory import ObjectKey, SourceObject, TargetDirectory, definition_scope, is_looked_up

# c1 to c99 (learn.microsoft.com: authenticationContextClassReference).
MOST_CONTEXTS = 99


class ResolvedBy(StrEnum):
    """Ways in which a reference is resolved, or left."""

    SAME_ID = "same"
    MAPPING = "mapping"
    NAME = "name"
    # By `item` of this restore.
    RESTORED = "restored"
    # The target tenant's own counterpart: its directory id, its domain, its default.
    TENANT = "tenant"
    # The number of an authentication context in the target.
    NUMBER = "number"
    # The object is gone, and the live policy refers to it all the same.
    STANDS = "stands"
    # A hint that leads nowhere keeps its id.
    KEPT = "kept"
    DROPPED = "dropped"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Resolution:
    """A reference and its object in the target tenant. Plans are stored with these field names as keys.

    `why`: a sentence, for STANDS, KEPT, DROPPED and UNRESOLVED.
    """

    kind: str
    id: str
    name: str | None
    # A ResolvedBy; a text of the same value in a plan that was read from the database.
    how: str
    to: str | None = None
    to_name: str | None = None
    item: int | None = None
    is_assignment: bool = False
    why: str = ""
    # It is in what would be written: only then has it to be resolved.
    is_needed: bool = True


def names_in_content(policy_type: str, content: dict[str, Any]) -> dict[ObjectKey, SourceObject]:
    """Return the names that a content itself holds of the objects it refers to: in most policy types there are none."""
    if policy_type not in HAVE_OBJECTS:
        return {}
    names = {
        (reference.kind, reference.id): SourceObject(
            holder["displayName"], holder.get("@odata.type"), within=definition_scope(holder)
        )
        for reference, holder in find_holders(policy_type, content)
        if holder.get("displayName")
    }
    for value in content["body"].get("definitionValues") or ():
        for presentation_value in value.get("presentationValues") or ():
            presentation, definition = presentation_value.get("presentation") or {}, value.get("definition") or {}
            names[PRESENTATIONS, str(presentation.get("id"))] = SourceObject(
                presentation.get("label"), within=str(definition.get("id"))
            )
    return names


@dataclass(frozen=True)
class TenantNames:
    """Names of the two tenants: their directory ids, and {source domain: target domain}."""

    source: str = ""
    target: str = ""
    domains: Mapping[str, str] = field(default_factory=dict)


NO_TENANT_NAMES = TenantNames()


def _refers_to_nothing(reference: Reference) -> bool:
    return False


class Resolver:
    """Resolves the references of one restore.

    `own_items`: the restore's own items, by (policy type, source id). `numbers`: {source's number: target's number} of
    authentication contexts that are matched; the others get a free number.
    """

    def __init__(
        self,
        directory: TargetDirectory,
        sources: Mapping[ObjectKey, SourceObject],
        mapped: Mapping[ObjectKey, str],
        *,
        same_tenant: bool,
        drop_missing: bool,
        own: TenantNames = NO_TENANT_NAMES,
        stands_for_another: Callable[[str, str, str], bool] = lambda policy_type, source_id, target_id: False,
    ) -> None:
        """`stands_for_another(policy type, source id, target id)`: the target is the match of another source object."""
        self._stands_for_another = stands_for_another
        self._directory, self._mapped, self._own = directory, mapped, own
        self._sources = {(kind, fold_id(graph_id)): source for (kind, graph_id), source in sources.items()}
        self._same_tenant, self._drop_missing = same_tenant, drop_missing
        # (policy type, source id) -> (item, its id in the target or None while it is yet to be made); ids as folded.
        self.own_items: dict[ObjectKey, tuple[int, str | None]] = {}
        self.numbers: dict[str, str] = {}
        # Kind -> {id: policy}: there may be thousands of each, and as many references.
        self._by_id: dict[str, dict[str, ListedPolicy]] = {}
        self._numbers_given: set[str] = set()

    def take_away(self, kind: str, graph_ids: Collection[str]) -> None:
        """Resolve from now on as if these objects, which were looked up one by one, were not there."""
        gone = {fold_id(graph_id) for graph_id in graph_ids}
        for key in [key for key in self._directory.by_id if key[0] == kind and fold_id(key[1]) in gone]:
            del self._directory.by_id[key]
        for key, namesakes in self._directory.by_name.items():
            if key[0] == kind:
                self._directory.by_name[key] = [entry for entry in namesakes if fold_id(entry[0]) not in gone]

    def resolve(self, reference: Reference, *, stands: Callable[[Reference], bool] = _refers_to_nothing) -> Resolution:
        """Resolve a reference. `stands(reference)`: in the same tenant, the live policy refers to this very id."""
        source = self._source(reference)
        resolution = self._resolve_by_rule(reference, source)
        is_unsure = resolution.how in (ResolvedBy.UNRESOLVED, ResolvedBy.NAME)
        if is_unsure and not reference.is_hint and stands(reference):
            return self._resolution(
                reference, source, ResolvedBy.STANDS, why=resolution.why or "It is not there any more."
            )
        if resolution.how != ResolvedBy.UNRESOLVED:
            return resolution
        if reference.is_hint and not is_stand_in(reference.id):
            return self._resolution(reference, source, ResolvedBy.KEPT, why=resolution.why)
        if reference.is_assignment and self._drop_missing:
            return self._resolution(reference, source, ResolvedBy.DROPPED, why=resolution.why)
        return resolution

    def _source(self, reference: Reference) -> SourceObject:
        return next((self._sources[key] for key in reference.candidates() if key in self._sources), SourceObject())

    def _resolve_by_rule(self, reference: Reference, source: SourceObject) -> Resolution:
        if reference.kind == CONTEXT_NUMBERS:
            return self._context_number(reference, source)
        for key in reference.candidates():
            if key in self.own_items:
                item, to = self.own_items[key]
                return self._resolution(reference, source, ResolvedBy.RESTORED, to, item=item)
        for mapped in map(self._mapped.get, reference.candidates()):
            if mapped and self._is_there(reference.kind, mapped):
                return self._resolution(reference, source, ResolvedBy.MAPPING, mapped)
        if not self._same_tenant and (own := self._tenant_counterpart(reference)):
            return self._resolution(reference, source, ResolvedBy.TENANT, own)
        if self._keeps_id(reference):
            return self._resolution(reference, source, ResolvedBy.SAME_ID, reference.id)
        if reference.kind == PRESENTATIONS:
            return self._presentation(reference, source)
        return self._by_name(reference, source)

    def _tenant_counterpart(self, reference: Reference) -> str | None:
        """Return the target's counterpart: its directory id, its domain, its own default of that sort."""
        own, low = self._own, reference.id.lower()
        if reference.kind == DIRECTORIES:
            return own.target
        if reference.kind == DOMAINS:
            return own.domains.get(low)
        # “{directory id}_DefaultPlatformRestrictions” (Micke-K/IntuneManagement).
        if not own.source or not low.startswith(f"{own.source.lower()}_"):
            return None
        wanted = f"{own.target}{reference.id[len(own.source) :]}".lower()
        return next(
            (policy.graph_id for policy in self._list_kind(reference.kind) if policy.graph_id.lower() == wanted), None
        )

    def _context_number(self, reference: Reference, source: SourceObject) -> Resolution:
        """Resolve an authentication context's number: that of the target's context of its name, else a free one, never
        an occupied one (KelvinTegelaar/CIPP#5981).
        """
        to = self.numbers.get(reference.id) or self._free_number(reference.id)
        if to is None:
            return self._resolution(
                reference, source, ResolvedBy.UNRESOLVED, why="Every number that a context can have is taken."
            )
        self._numbers_given.add(to)
        return self._resolution(reference, source, ResolvedBy.SAME_ID if to == reference.id else ResolvedBy.NUMBER, to)

    def _free_number(self, own: str) -> str | None:
        """Return a free number; in the context's own tenant its old one, if free: other services may name it."""
        taken = {policy.graph_id for policy in self._list_kind(CONTEXTS)} | self._numbers_given
        candidates = [own] if self._same_tenant else []
        candidates += [f"c{number}" for number in range(1, MOST_CONTEXTS + 1)]
        return next((number for number in candidates if number not in taken), None)

    def _resolution(
        self,
        reference: Reference,
        source: SourceObject,
        how: ResolvedBy,
        to: str | None = None,
        *,
        item: int | None = None,
        why: str = "",
    ) -> Resolution:
        name = self._name(reference.kind, to) if to else None
        return Resolution(reference.kind, reference.id, source.name, how, to, name, item, reference.is_assignment, why)

    def _keeps_id(self, reference: Reference) -> bool:
        if is_stand_in(reference.id):
            return False  # it is made from a name, and no tenant has it
        # An app's id is the same in every tenant that has it, and so is that of a definition that Microsoft ships.
        if self._same_tenant or reference.kind in (APPLICATIONS, DEFINITIONS):
            return self._is_there(reference.kind, reference.id)
        listed = self._find_listed(reference.kind, reference.id)
        return listed is not None and listed.is_built_in

    def _is_there(self, kind: str, graph_id: str) -> bool:
        """Return whether the object exists; an object that Graph cannot be asked for is believed to."""
        if kind == PRESENTATIONS:
            definition = self._sources.get((kind, graph_id), SourceObject()).within
            return self._is_there(DEFINITIONS, definition)
        if policy_types_of(kind):
            return self._find_listed(kind, graph_id) is not None or self._may_be_there(kind)
        return not is_looked_up(kind) or (kind, graph_id) in self._directory.by_id or kind in self._directory.unreadable

    def _may_be_there(self, kind: str) -> bool:
        """Return whether the app may not read such objects: then Graph decides."""
        return kind == AGREEMENTS and isinstance(self._directory.listed.get(kind), GraphError)

    def _list_kind(self, kind: str) -> list[ListedPolicy]:
        return [policy for key in policy_types_of(kind) for policy in self._listed(key)]

    def _listed(self, policy_type: str) -> list[ListedPolicy]:
        listed = self._directory.listed.get(policy_type, [])
        return listed if isinstance(listed, list) else []

    def _name(self, kind: str, graph_id: str) -> str | None:
        listed = self._find_listed(kind, graph_id)
        return listed.name if listed else self._directory.by_id.get((kind, graph_id))

    def _find_listed(self, kind: str, graph_id: str) -> ListedPolicy | None:
        if kind not in self._by_id:
            # Groups are listed as items of the restore alone.
            policies = self._list_kind(kind) or self._listed(kind)
            self._by_id[kind] = {fold_id(listed.graph_id): listed for listed in policies}
        return self._by_id[kind].get(fold_id(graph_id))

    def _by_name(self, reference: Reference, source: SourceObject) -> Resolution:
        if reference.kind == APPLICATIONS and (APPLICATIONS, reference.id) not in self._directory.not_answered:
            why = "The tenant has no enterprise application of this id."
            return self._resolution(reference, source, ResolvedBy.UNRESOLVED, why=why)
        if reference.kind in (DIRECTORIES, DOMAINS):
            why = "Nobody has said which of this tenant's stands for it."
            return self._resolution(reference, source, ResolvedBy.UNRESOLVED, why=why)
        if source.name is None and not source.within:
            return self._resolution(reference, source, ResolvedBy.UNRESOLVED, why="The backup does not know its name.")
        candidates = self._ids_of_name(reference, source)
        if len(candidates) == 1:
            return self._resolution(reference, source, ResolvedBy.NAME, candidates[0])
        why = (
            f"{len(candidates)} of this name are there: say which with a mapping."
            if candidates
            else self._why_absent(reference)
        )
        return self._resolution(reference, source, ResolvedBy.UNRESOLVED, why=why)

    def _why_absent(self, reference: Reference) -> str:
        kind, source = reference.kind, self._source(reference)
        for key in ((kind, reference.id), (kind, str(source.name)), (kind, source.within), (kind, "")):
            if key in self._directory.not_answered:
                return f"It could not be looked up: {self._directory.not_answered[key]}"
        if not policy_types_of(kind) and not is_looked_up(kind):
            return "Microsoft Graph has no list of these: say with a mapping what stands for it."
        refused = [self._directory.listed.get(key) for key in policy_types_of(kind)]
        is_unreadable = kind in self._directory.unreadable or any(
            isinstance(listing, GraphError) for listing in refused
        )
        return "The app may not read what is there." if is_unreadable else "It is not there."

    def _ids_of_name(self, reference: Reference, source: SourceObject) -> list[str]:
        kind = reference.kind
        if kind == DEFINITIONS:
            return self._directory.custom.get((str(source.name), source.within), [])
        if kind == PRINCIPALS:
            return [graph_id for graph_id, _ in self._directory.by_name.get((kind, source.within), [])]
        if not policy_types_of(kind):
            return [graph_id for graph_id, _ in self._directory.by_name.get((kind, str(source.name)), [])]
        # Among the policy types of a kind, only the one that the backup knows.
        known = [key for key in policy_types_of(kind) if (key, reference.id) in self._sources]
        return [
            policy.graph_id
            for key in known or [kind]
            for policy in self._listed(key)
            if _fits_source(policy, source) and not self._stands_for_another(key, reference.id, policy.graph_id)
        ]

    def _presentation(self, reference: Reference, source: SourceObject) -> Resolution:
        its_source = self._sources.get((DEFINITIONS, source.within), SourceObject())
        definition = self._resolve_by_rule(Reference(DEFINITIONS, source.within), its_source)
        if definition.how == ResolvedBy.SAME_ID:
            # Of a definition that Microsoft ships: both have the same ids in every tenant (Micke-K/IntuneManagement
            # imports by the ids that it exported).
            return self._resolution(reference, source, ResolvedBy.SAME_ID, reference.id)
        candidates = self._directory.presentations.get((str(definition.to), str(source.name)), [])
        if len(candidates) == 1:
            return self._resolution(reference, source, ResolvedBy.NAME, candidates[0])
        return self._resolution(
            reference, source, ResolvedBy.UNRESOLVED, why="Its administrative template is not there."
        )


def _fits_source(policy: ListedPolicy, source: SourceObject) -> bool:
    """Return whether a policy has the source's name, and its type and platform where both are known."""
    return (
        policy.name.strip() == str(source.name).strip()
        and (source.odata_type is None or policy.odata_type is None or policy.odata_type == source.odata_type)
        and (source.platform is None or policy.platform is None or policy.platform == source.platform)
    )


def replace_references(
    policy_type: str, content: dict[str, Any], resolutions: Iterable[Resolution], created: Mapping[int, str]
) -> dict[str, Any]:
    """Return the content with each id replaced. `created`: restore item -> Graph id.

    A reference to an item that is yet to be created keeps the backup's id: a preview compares, and writes nothing.
    """
    # A hint gives way to a reference that its place declares.
    in_order = sorted(resolutions, key=lambda resolution: resolution.how != ResolvedBy.KEPT)
    stand_ins = {
        (resolution.kind, resolution.id, resolution.is_assignment): _stand_in(resolution, created)
        for resolution in in_order
    }
    if all(stand_in == object_id for (_, object_id, _), stand_in in stand_ins.items()):
        return {**content, "body": dict(content["body"])}  # as in most restores into a policy's own tenant

    def replace(reference: Reference) -> Any:
        return stand_ins.get((reference.kind, reference.id, reference.is_assignment), reference.id)

    return rewrite_references(policy_type, content, replace, kinds_by_id(in_order))


def _stand_in(resolution: Resolution, created: Mapping[int, str]) -> Any:
    """Return the id that is written; DROP where the assignment with it is left out."""
    if resolution.how == ResolvedBy.DROPPED:
        return DROP
    # What was to come back with its id, and was made anew instead, has another one than was planned.
    return created.get(resolution.item or 0) or resolution.to or resolution.id


def kinds_by_id(resolutions: Iterable[Resolution]) -> dict[str, str]:
    """Return {id or domain: kind of its object} (graph.references.references.KnownIds)."""
    return {
        resolution.id.lower(): resolution.kind
        for resolution in resolutions
        if resolution.kind == DOMAINS or GUID.search(resolution.id)
    }
