"""Contents of a tenant or an import, taken for a standard: in the standard's ids, and without secrets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any, cast

from actors.reading import source_ids
from db.errors import Invalid
from db.models import RestoreItem, Standard, StandardAdoption, StandardVersion, Tenant
from db.restores import mappings
from db.runs import name_cache
from db.tenants import tenants
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import DIRECTORIES, GROUPS
from graph.references.references import Reference, find_references
from graph.restore.resolver import TenantNames
from graph.standards import taking
from graph.standards.rendering import rendered_name
from graph.standards.turning_back import turn_back
from graph.write.write_rules import WRITE_RULES

ObjectKey = tuple[str, str]
# (id of the snapshot or the imported policy, its name, why it cannot be taken)
Refusal = tuple[int, str, str]


class CannotBeTaken(Invalid):
    """Some of the chosen policies cannot be a standard's. `refused`: each with the reason."""

    def __init__(self, refused: Sequence[Refusal]) -> None:
        self.refused = tuple(refused)
        _, name, why = self.refused[0]
        more = f" So it is with {len(refused) - 1} more." if len(refused) > 1 else ""
        super().__init__(f"“{name[:80]}” cannot be in a standard: {why}{more} No version was made.")


@dataclass(frozen=True)
class PolicyToTake:
    """A policy as its tenant, or an import, has it. `row`: of its snapshot or imported policy."""

    row: int
    policy_type: str
    graph_id: str
    name: str
    content: Mapping[str, Any]
    references: Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True)
class TakenItem:
    """A policy as the standard has it. `left_out`: the secrets that stayed behind."""

    key: str
    policy_type: str
    name: str
    content: dict[str, Any]
    references: dict[str, dict[str, str]]
    left_out: tuple[str, ...] = field(default=())


class VersionSource:
    """The source of contents: what is known of it, and what its ids are in the standard."""

    def __init__(self, standard: Standard, directory_id: str, before: StandardVersion | None) -> None:
        self._standard, self.directory_id = standard, directory_id
        self.tenant: Tenant | None = tenants.find_by_directory_id(directory_id) if directory_id else None
        self._known_objects = source_ids.known_sources(directory_id)
        self._parameters: list[dict[str, Any]] = before.parameters if before else []
        self._labels = {
            (parameter["object"]["kind"], parameter["object"]["id"]): str(parameter["label"])
            for parameter in self._parameters
            if parameter["object"] and parameter["object"]["id"] not in parameter["label"]
        }
        # What this tenant has for the standard's: (kind, its id in small letters) -> the standard's id.
        self._turned: dict[ObjectKey, str] = {}
        self._values: Mapping[str, Any] = {}
        if self.tenant:
            for mapping in mappings.of_pair(self.tenant, standard.uid):
                self._turned[mapping.kind, mapping.target_id.lower()] = mapping.source_id
            is_it = (StandardAdoption.standard == standard) & (StandardAdoption.tenant == self.tenant)
            adoption = StandardAdoption.get_or_none(is_it)
            self._values = adoption.values if adoption else {}

    @property
    def domains(self) -> list[str]:
        return sorted(name_cache.domains_of_directory(self.directory_id))

    @cached_property
    def _known_ids(self) -> dict[str, str]:
        return source_ids.kinds_by_id(self._known_objects, TenantNames(self.directory_id))

    def key_of(self, policy: PolicyToTake) -> str:
        """Return the key that the policy has in the standard: its own id, where it is new there."""
        return self._turned.get((policy.policy_type, policy.graph_id.lower()), policy.graph_id)

    def _standard_id(self, reference: Reference) -> str:
        if reference.kind == DIRECTORIES and reference.id == self.directory_id.lower():
            return str(self._standard.uid)
        turned = (self._turned.get((kind, object_id.lower())) for kind, object_id in reference.candidates())
        return next((standard_id for standard_id in turned if standard_id), reference.id)

    def take(self, policy: PolicyToTake, *, with_assignments: bool, is_harmless: bool) -> TakenItem | Refusal:
        """Return the policy as the standard has it, or why it cannot be taken."""
        if why := _never(policy):
            return (policy.row, policy.name, why)
        key, names = self.key_of(policy), self._names(policy)
        known = self._known_ids
        taken = taking.take(
            policy.policy_type,
            policy.content,
            key,
            self._standard_id,
            known,
            with_assignments=with_assignments,
            is_harmless=is_harmless,
        )
        if taken.refused:
            return (policy.row, policy.name, taken.refused)
        content = turn_back(policy.policy_type, taken.content, key, self._parameters, self._values)
        found = find_references(policy.policy_type, dict(policy.content), policy.graph_id, known)
        references: dict[str, dict[str, str]] = {}
        for reference in found:
            standard_id = self._standard_id(reference)
            # What the standard calls it already: in other tenants it is looked for by that.
            if name := self._labels.get((reference.kind, standard_id)) or names.get((reference.kind, reference.id)):
                references.setdefault(reference.kind, {})[standard_id] = name
        if apps := policy.references.get("principals"):
            references["principals"] = {graph_id: str(app) for graph_id, app in apps.items() if app}
        name = rendered_name(policy.policy_type, content)
        return TakenItem(key, policy.policy_type, name, content, references, taken.left_out)

    def _names(self, policy: PolicyToTake) -> dict[ObjectKey, str]:
        """Return the names of what the policy refers to, as the source knows them."""
        as_item = cast(RestoreItem, SimpleNamespace(**{name: getattr(policy, name) for name in _OF_ITEMS}))
        known = self._known_objects | source_ids.sources_named_by(as_item, dict(policy.content))
        return {
            (kind, object_id.lower()): str(source.name) for (kind, object_id), source in known.items() if source.name
        }


_OF_ITEMS = ("policy_type", "graph_id", "name", "references")


def _never(policy: PolicyToTake) -> str:
    if policy.policy_type == GROUPS:
        return "Groups are not copied: each tenant says which of its own groups stands for it."
    if policy.policy_type not in POLICY_TYPES:
        return "This version of Tenantkeep does not know its policy type."
    return WRITE_RULES[policy.policy_type].cannot_restore


def take_all(
    source: VersionSource, policies: Iterable[PolicyToTake], *, with_assignments: bool, harmless: Iterable[int] = ()
) -> list[TakenItem]:
    """Take policies. `harmless`: rows whose scripts and files somebody has looked at. Raises CannotBeTaken, Invalid."""
    looked_at = frozenset(harmless)
    answers = [
        source.take(policy, with_assignments=with_assignments, is_harmless=policy.row in looked_at)
        for policy in policies
    ]
    refused = [answer for answer in answers if not isinstance(answer, TakenItem)]
    if refused:
        raise CannotBeTaken(refused)
    taken: dict[str, TakenItem] = {}
    for item in (answer for answer in answers if isinstance(answer, TakenItem)):
        if item.key in taken:
            raise Invalid(
                f"“{item.name[:80]}” and “{taken[item.key].name[:80]}” are the same item of the standard. "
                "Choose one of them."
            )
        taken[item.key] = item
    return list(taken.values())
