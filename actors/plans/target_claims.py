"""Which policy of the target tenant each item of a restore is, as far as our own rows tell policies of one name apart.

What lived beside a policy is another policy, whatever it is called. What appeared after it was gone may be what
somebody made again by hand: that is taken for it, where nothing else of the name could be.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from db.models import Mapping as MappingRow
from db.models import Policy, Restore, RestoreItem, Tenant
from db.policies import policies, snapshots
from db.restores import mappings
from db.states import PolicyState
from graph.errors import GraphError
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.references.references import Reference
from graph.restore.matching import MAPPING, Copies, Match, MatchKey, Sought, copy_key, match_policies
from graph.write.write_requests import PolicyContent, chosen_id
from graph.write.write_rules import WRITE_RULES


class Claims:
    """Of one restore. A policy type's matches are worked out together, when one of them is asked for."""

    def __init__(
        self, restore: Restore, items: Sequence[RestoreItem], contents: Mapping[RestoreItem, PolicyContent]
    ) -> None:
        self._items, self._contents = items, contents
        self._same_tenant = restore.source_directory_id == restore.tenant.directory_id
        self._source = Tenant.get_or_none(Tenant.directory_id == restore.source_directory_id)
        self._mapped = mappings.targets_by_key(restore.tenant, restore.source_directory_id)
        self._found: dict[str, dict[int, Match]] = {}
        self._histories: dict[str, _History] = {}
        # (policy type, id in the target) -> the id in the source of what it stands for.
        self._claimed: dict[mappings.ObjectKey, str] = {}
        self._copy_keys: dict[int, MatchKey] = {}
        self._given: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def of(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> Match:
        if item.policy_type not in self._found:
            self._found[item.policy_type] = self._match(item.policy_type, listed)
        return self._found[item.policy_type][item.id]

    def copies(self, item: RestoreItem, prefix: str, listed: Sequence[ListedPolicy]) -> Copies:
        key = self._copy_key(item, prefix)
        alike = [one for one in self._items if one.policy_type == item.policy_type and one.content_id]
        there = tuple(one.graph_id for one in listed if one.key == key)
        return Copies(there, sum(self._copy_key(one, prefix) == key for one in alike))

    def mappings_used(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[tuple[str, str, str]]:
        """(kind, id in the source, id in the target), as they were read: those that these plans were made with."""
        led = self._led(planned)
        targets = {(kind, to) for kind, _, to in led}
        used = {(kind, one, to) for (kind, one), to in self._mapped.items() if (kind, to) in targets}
        return used | {step for kind, one, _ in led for step in self._steps(kind, one)}

    def decided_by(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[int]:
        """Who set the source's own mappings that led from what was made again there to what the target's are of."""
        found: set[int | None] = set()
        for kind, graph_id, _ in () if self._same_tenant else self._led(planned):
            one, seen = graph_id, set[str]()
            while one not in seen and (row := self._own.get((kind, one))):
                found.add(row.set_by_id)
                seen.add(one)
                one = row.source_id
        return {one for one in found if one is not None}

    def _led(self, planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]]) -> set[tuple[str, str, str]]:
        led = {(item.policy_type, item.graph_id, plan["target_id"]) for item, plan in planned if self._is_mapped(item)}
        for _, plan in planned:
            led |= {(one["kind"], one["id"], one["to"]) for one in plan["resolutions"] if one["how"] == MAPPING}
        return led

    def _steps(self, kind: str, one: str) -> Iterator[tuple[str, str, str]]:
        """From mapping to mapping: what was made again and again was mapped each time."""
        for to in self._later(kind, one):
            yield kind, one, to
            one = to

    def _is_mapped(self, item: RestoreItem) -> bool:
        match = self._found.get(item.policy_type, {}).get(item.id)
        return match is not None and match.how == MAPPING

    def _copy_key(self, item: RestoreItem, prefix: str) -> MatchKey:
        if item.id not in self._copy_keys:
            body = self._contents[item]["body"]
            self._copy_keys[item.id] = copy_key(POLICY_TYPES[item.policy_type], body, prefix)
        return self._copy_keys[item.id]

    def is_anothers(self, policy_type: str, graph_id: str, target_id: str) -> bool:
        """Of a namesake of what this id means in the source: it stands for another policy, so for this one it does not.

        Of the items, those count that were asked for.
        """
        history = self._history(policy_type)
        if self._claimed.get((policy_type, target_id), graph_id) != graph_id:
            return True
        given = {one for (kind, one), target in self._mapped.items() if (kind, target) == (policy_type, target_id)}
        if any(one != graph_id and history.is_another(one) for one in given):
            return True
        return self._same_tenant and history.lived_together(graph_id, target_id)

    def _history(self, policy_type: str) -> "_History":
        if policy_type not in self._histories:
            in_restore = {one.graph_id for one in self._items if one.policy_type == policy_type and one.content_id}
            self._histories[policy_type] = _History(self._source, policy_type, in_restore)
        return self._histories[policy_type]

    def _match(self, policy_type: str, listed: Sequence[ListedPolicy]) -> dict[int, Match]:
        items = [one for one in self._items if one.policy_type == policy_type]
        history = self._history(policy_type)
        there = {one.graph_id for one in listed}
        sought = {one.id: self._sought(one, history, there) for one in items}
        found = match_policies(sought, listed, same_tenant=self._same_tenant)
        self._claimed |= {(policy_type, str(found[one.id].target_id)): one.graph_id for one in items}
        return found

    def _sought(self, item: RestoreItem, history: "_History", there: Collection[str]) -> Sought:
        if item.content_id is None:
            return Sought(item.graph_id, tuple, fixed=item.target_id)
        key, mapped = self._key_of(item), self._stands_for(item, there)
        address = self._address(item, there)
        if mapped or (self._same_tenant and address in there):
            return Sought(address, key, mapped)  # its name decides nothing
        twins = history.twins_of(item.graph_id, item.name, key)
        mapped_for_others, unsure = self._stand_for_others(item, history)
        others = mapped_for_others | (twins if self._same_tenant else set())
        unmapped = {one for one in twins - others if (item.policy_type, one) not in self._mapped}
        twins_left = len(unmapped - set(there)) if self._same_tenant else len(unmapped)
        return Sought(item.graph_id, key, None, None, frozenset(others), unsure, twins_left)

    def _address(self, item: RestoreItem, there: Collection[str]) -> str:
        """Where who makes one says its id, the content decides which it is, whatever the item is called."""
        policy_type = POLICY_TYPES[item.policy_type]
        if not WRITE_RULES[policy_type.key].names_itself:
            return item.graph_id
        named = chosen_id(policy_type, self._contents[item])
        return next((one for one in there if one.casefold() == named.casefold()), named)

    def _key_of(self, item: RestoreItem) -> Callable[[], MatchKey]:
        return lambda: match_key(POLICY_TYPES[item.policy_type], self._contents[item]["body"])

    # --- mappings ----------------------------------------------------------------------------------------------------

    def _stands_for(self, item: RestoreItem, there: Collection[str]) -> str | None:
        return next((one for one in self.line_of((item.policy_type, item.graph_id)) if one in there), None)

    def line_of(self, key: mappings.ObjectKey) -> Iterator[str]:
        """What a mapping says of it, or of what it was before it was made again."""
        return self._later(*key) if self._same_tenant else self._earlier(*key)

    def mapped(
        self, references: Iterable[Reference], listed: Mapping[str, Sequence[ListedPolicy] | GraphError]
    ) -> dict[mappings.ObjectKey, str]:
        """What stands for each; of what was made again and again, the one that is there."""
        lines = {key: list(self.line_of(key)) for one in references for key in one.may_be()}
        there = {kind: () if isinstance(answer, GraphError) else answer for kind, answer in listed.items()}
        ids = {kind: {one.graph_id for one in policies} for kind, policies in there.items()}
        nearest = -1 if self._same_tenant else 0
        return {
            key: next((one for one in line if one in ids.get(key[0], ())), line[nearest])
            for key, line in lines.items()
            if line
        }

    def _later(self, kind: str, graph_id: str) -> Iterator[str]:
        """What it became, in the same tenant, each time it was made again."""
        one, seen = self._mapped.get((kind, graph_id)), set[str]()
        while one and one not in seen:
            yield one
            seen.add(one)
            one = self._mapped.get((kind, one))

    def _earlier(self, kind: str, graph_id: str) -> Iterator[str]:
        """In another tenant: what stands for it, or for what it was made again from in its own."""
        one: str | None = graph_id
        seen = set[str]()
        while one and one not in seen:
            target = self._mapped.get((kind, one))
            if target:
                yield target
            seen.add(one)
            row = self._own.get((kind, one))
            one = row.source_id if row else None

    @cached_property
    def _own(self) -> dict[mappings.ObjectKey, MappingRow]:
        """Of the source: (kind, what was made again) -> the row that says of what."""
        own = mappings.of_pair(self._source, self._source.directory_id) if self._source else []
        return {(one.kind, one.target_id): one for one in own}

    def _stand_for_others(self, item: RestoreItem, history: "_History") -> tuple[frozenset[str], frozenset[str]]:
        """Of the target: what a mapping gives to another policy of the source; and to one that we know nothing of."""
        if item.policy_type not in self._given:
            given = [(one, target) for (kind, one), target in self._mapped.items() if kind == item.policy_type]
            others = frozenset(target for one, target in given if history.is_another(one))
            unknown = frozenset(target for one, target in given if not history.is_known(one))
            self._given[item.policy_type] = others, unknown - others
        others, unknown = self._given[item.policy_type]
        own = {self._mapped.get((item.policy_type, item.graph_id))}
        return others - own, unknown - own


class _History:
    """What we know of a policy type of the backup's tenant; nothing of a tenant that is not ours."""

    def __init__(self, source: Tenant | None, policy_type: str, in_restore: Collection[str]) -> None:
        self._source, self._policy_type, self._in_restore = source, policy_type, in_restore

    @cached_property
    def _rows(self) -> dict[str, Policy]:
        rows = policies.ever_of_type(self._source, self._policy_type) if self._source else ()
        return {one.graph_id: one for one in rows}

    @cached_property
    def _by_name(self) -> dict[str, list[Policy]]:
        found: dict[str, list[Policy]] = {}
        for one in self._rows.values():
            found.setdefault(one.name.strip(), []).append(one)
        return found

    def is_known(self, graph_id: str) -> bool:
        return graph_id in self._rows or graph_id in self._in_restore

    def is_another(self, graph_id: str) -> bool:
        """A policy of its own to this day."""
        row = self._rows.get(graph_id)
        return graph_id in self._in_restore or (row is not None and row.state == PolicyState.PRESENT)

    def twins_of(self, graph_id: str, name: str, key: Callable[[], MatchKey]) -> set[str]:
        """Policies of its name that lived when it did, and are not in this restore."""
        own = self._rows.get(graph_id)
        if own is None:
            return set()
        alike = self._by_name.get(name.strip(), [])
        others = [one for one in alike if one.graph_id not in self._in_restore and _lived_together(own, one)]
        return {one.graph_id for one in others if one.id != own.id and self._is_like(one, key())}

    def lived_together(self, graph_id: str, other_id: str) -> bool:
        one, other = self._rows.get(graph_id), self._rows.get(other_id)
        return one is not None and other is not None and one.id != other.id and _lived_together(one, other)

    def _is_like(self, policy: Policy, key: MatchKey) -> bool:
        """No other by its platform, template or whatever else tells policies of one name apart."""
        newest = snapshots.latest(policy)
        return (
            newest is None or match_key(POLICY_TYPES[self._policy_type], snapshots.read_snapshot(newest)["body"]) == key
        )


def _lived_together(one: Policy, other: Policy) -> bool:
    return bool(one.first_seen_at <= other.last_seen_at and other.first_seen_at <= one.last_seen_at)
