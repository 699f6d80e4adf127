"""Finds the policy of the target tenant that each item of a restore is. Our own rows tell policies of one name apart.

A policy that lived beside another is another policy, whatever it is called. One that appeared after the other was gone
may have been made again by hand: it is taken for it, where no other policy of the name could be.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from db.models import Mapping as MappingRow
from db.models import Policy, Restore, RestoreItem, Tenant
from db.policies import policies, snapshots
from db.restores import mappings
from db.states import PolicyState
from db.tenants import tenants
from graph.errors import GraphError
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.references.references import Reference
from graph.restore.matching import MAPPING, Match, MatchKey, NameCopies, SoughtPolicy, copy_key, match_policies
from graph.write.write_requests import PolicyContent, chosen_id
from graph.write.write_rules import WRITE_RULES


class TargetMatcher:
    """The matches of one restore. Those of a policy type are worked out together, when one of them is asked for."""

    def __init__(
        self, restore: Restore, items: Sequence[RestoreItem], contents: Mapping[RestoreItem, PolicyContent]
    ) -> None:
        self._items, self._contents = items, contents
        self._same_tenant = restore.source_directory_id == restore.tenant.directory_id
        self._source = tenants.find_by_directory_id(restore.source_directory_id)
        self._mapped = mappings.targets_by_key(restore.tenant, restore.source_directory_id)
        self._declined = mappings.declined(restore.tenant, restore.source_directory_id)
        self._matches: dict[str, dict[int, Match]] = {}
        self._histories: dict[str, _History] = {}
        # (policy type, id in the target) -> id of the policy in the source that it stands for.
        self._claimed: dict[mappings.ObjectKey, str] = {}
        self._copy_keys: dict[int, MatchKey] = {}
        self._mapped_for_others: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def match(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> Match:
        if item.policy_type not in self._matches:
            self._matches[item.policy_type] = self._match(item.policy_type, listed)
        return self._matches[item.policy_type][item.id]

    def copies(self, item: RestoreItem, prefix: str, listed: Sequence[ListedPolicy]) -> NameCopies:
        key = self._copy_key(item, prefix)
        alike = [other for other in self._items if other.policy_type == item.policy_type and other.content_id]
        there = tuple(policy.graph_id for policy in listed if policy.key == key)
        return NameCopies(there, sum(self._copy_key(other, prefix) == key for other in alike))

    def mappings_used(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[tuple[str, str, str]]:
        """Return (kind, id in the source, id in the target) of the mappings that these plans were made with."""
        followed = self._mappings_followed(planned)
        targets = {(kind, to) for kind, _, to in followed}
        used = {(kind, source_id, to) for (kind, source_id), to in self._mapped.items() if (kind, to) in targets}
        return used | {step for kind, source_id, _ in followed for step in self._steps(kind, source_id)}

    def mapping_authors(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[int]:
        """Return the ids of the users who set the source tenant's own mappings that these plans followed."""
        author_ids: set[int | None] = set()
        for kind, graph_id, _ in () if self._same_tenant else self._mappings_followed(planned):
            graph_id_now, seen = graph_id, set[str]()
            while graph_id_now not in seen and (row := self._source_mappings.get((kind, graph_id_now))):
                author_ids.add(row.set_by_id)
                seen.add(graph_id_now)
                graph_id_now = row.source_id
        return {author_id for author_id in author_ids if author_id is not None}

    def _mappings_followed(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[tuple[str, str, str]]:
        followed = {
            (item.policy_type, item.graph_id, plan["target_id"]) for item, plan in planned if self._is_mapped(item)
        }
        for _, plan in planned:
            followed |= {
                (resolution["kind"], resolution["id"], resolution["to"])
                for resolution in plan["resolutions"]
                if resolution["how"] == MAPPING
            }
        return followed

    def _steps(self, kind: str, source_id: str) -> Iterator[tuple[str, str, str]]:
        """Go from mapping to mapping: an object that was created again and again was mapped each time."""
        for to in self._successors(kind, source_id):
            yield kind, source_id, to
            source_id = to

    def _is_mapped(self, item: RestoreItem) -> bool:
        match = self._matches.get(item.policy_type, {}).get(item.id)
        return match is not None and match.how == MAPPING

    def _copy_key(self, item: RestoreItem, prefix: str) -> MatchKey:
        if item.id not in self._copy_keys:
            body = self._contents[item]["body"]
            self._copy_keys[item.id] = copy_key(POLICY_TYPES[item.policy_type], body, prefix)
        return self._copy_keys[item.id]

    def stands_for_another(self, policy_type: str, graph_id: str, target_id: str) -> bool:
        """Tell whether this target stands for a policy other than `graph_id`: a namesake that is no match for it.

        Only items whose match was asked for count.
        """
        history = self._history(policy_type)
        if self._claimed.get((policy_type, target_id), graph_id) != graph_id:
            return True
        source_ids = {
            source_id
            for (kind, source_id), target in self._mapped.items()
            if (kind, target) == (policy_type, target_id)
        }
        if any(source_id != graph_id and history.is_another(source_id) for source_id in source_ids):
            return True
        return self._same_tenant and history.lived_together(graph_id, target_id)

    def _history(self, policy_type: str) -> "_History":
        if policy_type not in self._histories:
            in_restore = {item.graph_id for item in self._items if item.policy_type == policy_type and item.content_id}
            self._histories[policy_type] = _History(self._source, policy_type, in_restore)
        return self._histories[policy_type]

    def _match(self, policy_type: str, listed: Sequence[ListedPolicy]) -> dict[int, Match]:
        items = [item for item in self._items if item.policy_type == policy_type]
        history = self._history(policy_type)
        there = {policy.graph_id for policy in listed}
        sought = {item.id: self._sought(item, history, there) for item in items}
        matches = match_policies(sought, listed, same_tenant=self._same_tenant)
        self._claimed |= {(policy_type, str(matches[item.id].target_id)): item.graph_id for item in items}
        return matches

    def _sought(self, item: RestoreItem, history: "_History", there: Collection[str]) -> SoughtPolicy:
        if item.content_id is None:
            return SoughtPolicy(item.graph_id, tuple, fixed=item.target_id)
        key, mapped = self._key_of(item), self._stand_in_present(item, there)
        address = self._target_address(item, there)
        if mapped or (self._same_tenant and address in there):
            return SoughtPolicy(address, key, mapped)  # its id decides, not its name
        if (item.policy_type, item.graph_id) in self._declined:
            return SoughtPolicy(item.graph_id, key, others=frozenset(there))  # whatever has its name is another
        twins = history.twins_of(item.graph_id, item.name, key)
        mapped_for_others, unsure = self._targets_of_others(item, history)
        others = mapped_for_others | (twins if self._same_tenant else set())
        unmapped = {twin_id for twin_id in twins - others if (item.policy_type, twin_id) not in self._mapped}
        twins_left = len(unmapped - set(there)) if self._same_tenant else len(unmapped)
        return SoughtPolicy(item.graph_id, key, None, None, frozenset(others), unsure, twins_left)

    def _target_address(self, item: RestoreItem, there: Collection[str]) -> str:
        """Return the id to look for. Where a creator chooses it, it is in the content."""
        policy_type = POLICY_TYPES[item.policy_type]
        if not WRITE_RULES[policy_type.key].names_itself:
            return item.graph_id
        named = chosen_id(policy_type, self._contents[item])
        return next((present_id for present_id in there if present_id.casefold() == named.casefold()), named)

    def _key_of(self, item: RestoreItem) -> Callable[[], MatchKey]:
        return lambda: match_key(POLICY_TYPES[item.policy_type], self._contents[item]["body"])

    # --- mappings ----------------------------------------------------------------------------------------------------

    def _stand_in_present(self, item: RestoreItem, there: Collection[str]) -> str | None:
        return next(
            (stand_in for stand_in in self.stand_ins_of((item.policy_type, item.graph_id)) if stand_in in there), None
        )

    def stand_ins_of(self, key: mappings.ObjectKey) -> Iterator[str]:
        """Yield what a mapping says of the object, or of what it was before it was created again."""
        return self._successors(*key) if self._same_tenant else self._targets_of_origins(*key)

    def stand_ins(
        self, references: Iterable[Reference], listed: Mapping[str, Sequence[ListedPolicy] | GraphError]
    ) -> dict[mappings.ObjectKey, str]:
        """Return what stands for each reference; of an object created again and again, the one that is there."""
        lines = {key: list(self.stand_ins_of(key)) for reference in references for key in reference.candidates()}
        there = {kind: () if isinstance(answer, GraphError) else answer for kind, answer in listed.items()}
        ids = {kind: {policy.graph_id for policy in policies} for kind, policies in there.items()}
        nearest = -1 if self._same_tenant else 0
        return {
            key: next((stand_in for stand_in in line if stand_in in ids.get(key[0], ())), line[nearest])
            for key, line in lines.items()
            if line
        }

    def _successors(self, kind: str, graph_id: str) -> Iterator[str]:
        """Yield what the object became, in the same tenant, each time it was created again."""
        current, seen = self._mapped.get((kind, graph_id)), set[str]()
        while current and current not in seen:
            yield current
            seen.add(current)
            current = self._mapped.get((kind, current))

    def _targets_of_origins(self, kind: str, graph_id: str) -> Iterator[str]:
        """Yield what stands in another tenant for the object, or for what it was created again from in its own."""
        current: str | None = graph_id
        seen = set[str]()
        while current and current not in seen:
            target = self._mapped.get((kind, current))
            if target:
                yield target
            seen.add(current)
            row = self._source_mappings.get((kind, current))
            current = row.source_id if row else None

    @cached_property
    def _source_mappings(self) -> dict[mappings.ObjectKey, MappingRow]:
        """Mappings of the source tenant within itself: (kind, id of what was created again) -> the mapping."""
        own = mappings.of_pair(self._source, self._source.directory_id) if self._source else []
        return {(mapping.kind, mapping.target_id): mapping for mapping in own}

    def _targets_of_others(self, item: RestoreItem, history: "_History") -> tuple[frozenset[str], frozenset[str]]:
        """Return target ids that mappings give to another policy of the source, and to an unknown one."""
        if item.policy_type not in self._mapped_for_others:
            given = [
                (source_id, target) for (kind, source_id), target in self._mapped.items() if kind == item.policy_type
            ]
            others = frozenset(target for source_id, target in given if history.is_another(source_id))
            unknown = frozenset(target for source_id, target in given if not history.is_known(source_id))
            self._mapped_for_others[item.policy_type] = others, unknown - others
        others, unknown = self._mapped_for_others[item.policy_type]
        own = {self._mapped.get((item.policy_type, item.graph_id))}
        return others - own, unknown - own


class _History:
    """Our rows of one policy type of the source tenant; none of a tenant that is not ours."""

    def __init__(self, source: Tenant | None, policy_type: str, in_restore: Collection[str]) -> None:
        self._source, self._policy_type, self._in_restore = source, policy_type, in_restore

    @cached_property
    def _rows(self) -> dict[str, Policy]:
        rows = policies.ever_of_type(self._source, self._policy_type) if self._source else ()
        return {policy.graph_id: policy for policy in rows}

    @cached_property
    def _by_name(self) -> dict[str, list[Policy]]:
        by_name: dict[str, list[Policy]] = {}
        for policy in self._rows.values():
            by_name.setdefault(policy.name.strip(), []).append(policy)
        return by_name

    def is_known(self, graph_id: str) -> bool:
        return graph_id in self._rows or graph_id in self._in_restore

    def is_another(self, graph_id: str) -> bool:
        """Tell whether this is a policy of its own to this day."""
        row = self._rows.get(graph_id)
        return graph_id in self._in_restore or (row is not None and row.state == PolicyState.PRESENT)

    def twins_of(self, graph_id: str, name: str, key: Callable[[], MatchKey]) -> set[str]:
        """Return the policies of its name that lived when it did, and are not in this restore."""
        own = self._rows.get(graph_id)
        if own is None:
            return set()
        alike = self._by_name.get(name.strip(), [])
        others = [
            policy for policy in alike if policy.graph_id not in self._in_restore and _lived_together(own, policy)
        ]
        return {policy.graph_id for policy in others if policy.id != own.id and self._is_like(policy, key())}

    def lived_together(self, graph_id: str, other_id: str) -> bool:
        policy, other = self._rows.get(graph_id), self._rows.get(other_id)
        return policy is not None and other is not None and policy.id != other.id and _lived_together(policy, other)

    def _is_like(self, policy: Policy, key: MatchKey) -> bool:
        """Tell whether nothing but the id tells them apart: not the platform, the template or the like."""
        newest = snapshots.latest(policy)
        if newest is None:
            return True
        try:
            body = snapshots.read_snapshot(newest)["body"]
        except snapshots.NOT_OPENED:
            return True  # nothing that opens tells them apart
        return match_key(POLICY_TYPES[self._policy_type], body) == key


def _lived_together(policy: Policy, other: Policy) -> bool:
    return bool(policy.first_seen_at <= other.last_seen_at and other.first_seen_at <= policy.last_seen_at)
