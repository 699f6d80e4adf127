"""Finds which policy of a tenant each item of its standard is, from the newest snapshots: Graph is not asked.

What is sure becomes a mapping, and is never guessed anew: the policy's id in the tenant that the item was taken from,
or the one policy of its type and name, platform and template, in a list that is whole. Of everything else somebody has
to say it: several of one name, one that another standard holds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from actors.standards import object_links
from db.audit.audit import Actor
from db.database import transaction
from db.encryption import SealError
from db.errors import Invalid
from db.models import Policy, StandardAdoption, StandardItem, StandardVersion
from db.policies import policies, snapshots
from db.restores import mappings
from db.standards import adoptions, links, versions
from db.standards.links import UnsureItem
from db.states import PolicyState
from db.tenants import coverage
from graph.content.spellings import GUID
from graph.policy_types.policy_type import PolicyType, match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.restore.matching import Match, MatchKey, SoughtPolicy, match_policies
from graph.standards.rendering import render

HELD_ELSEWHERE = "Another standard that this tenant follows holds this policy: two would pull it to and fro."
NOT_ITS_POLICY = "The tenant has no such policy of this type: choose one that its newest backup shows."


def link(adoption: StandardAdoption) -> None:
    """Link what is not linked yet, and find what parameters are in the tenant. Safe to do again at any time."""
    found = _Linking(adoption)
    matched = dict(found.matched())
    sure = {key: match for key, match in matched.items() if match.target_id and not found.is_held(key, match)}
    unsure = {key: found.unsure(key, match) for key, match in matched.items() if key not in sure}
    objects, object_names = object_links.found(adoption, list(found.versions))
    _save(found, sure, {key: item for key, item in unsure.items() if item is not None}, (objects, object_names))


@transaction
def _save(
    found: "_Linking",
    sure: Mapping[str, Match],
    unsure: Mapping[str, UnsureItem],
    objects: tuple[Mapping[mappings.ObjectKey, tuple[str, str | None]], Mapping[mappings.ObjectKey, str | None]],
) -> None:
    links.save_unsure(found.adoption, unsure, settled=links.candidates_of(found.adoption).keys() - unsure.keys())
    targets = {
        (found.items[key].policy_type, key): (str(match.target_id), found.name_in_tenant(key, match))
        for key, match in sure.items()
    }
    names = {(item.policy_type, key): item.name for key, item in found.items.items()}
    standard_uid = found.adoption.standard.uid
    mappings.remember_found(found.adoption.tenant, standard_uid, {**objects[0], **targets}, {**objects[1], **names})


class _Linking:
    """One tenant's items that are not linked, and the policies that its rows show."""

    def __init__(self, adoption: StandardAdoption) -> None:
        self.adoption = adoption
        self.versions: list[StandardVersion] = versions_of(adoption)
        self._items: dict[str, tuple[StandardItem, StandardVersion]] = {
            item.key: (item, version) for version in self.versions for item in versions.items(version)
        }
        self.items = {key: item for key, (item, _) in self._items.items() if item.policy_type in POLICY_TYPES}
        self._mapped = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)
        self._declined = mappings.declined(adoption.tenant, adoption.standard.uid)
        self._held = _held_by_others(adoption)
        self._is_source = any(version.source_tenant_id == adoption.tenant_id for version in self.versions)
        self._policies: dict[str, list[Policy]] = {}

    def matched(self) -> Iterator[tuple[str, Match]]:
        """Yield item key -> match of the items that nothing stands for yet."""
        by_type: dict[str, list[StandardItem]] = defaultdict(list)
        for item in self.items.values():
            by_type[item.policy_type].append(item)
        for policy_type, items in by_type.items():
            open_items = [item for item in items if self._is_open(item)]
            if not open_items or not coverage.was_listed(self.adoption.tenant, policy_type):
                continue
            matches = self._matches(POLICY_TYPES[policy_type], items)
            yield from ((item.key, matches[item.key]) for item in open_items)

    def _is_open(self, item: StandardItem) -> bool:
        key = (item.policy_type, item.key)
        return key not in self._mapped and key not in self._declined

    def _matches(self, policy_type: PolicyType, items: Sequence[StandardItem]) -> dict[str, Match]:
        rows = self._policies_of(policy_type.key)
        keys = {item.key: self._key_of(policy_type, item) for item in items if self._is_open(item)}
        names = {key[0] for key in keys.values()}
        listed = [_listed(policy_type, row, names) for row in rows]
        there = frozenset(row.graph_id for row in rows)
        sought = {item.key: self._sought(item, keys.get(item.key, ("", item.key)), there, rows) for item in items}
        return match_policies(sought, listed, same_tenant=True)

    def _sought(self, item: StandardItem, key: MatchKey, there: frozenset[str], rows: Sequence[Policy]) -> SoughtPolicy:
        mapped = self._mapped.get((item.policy_type, item.key))
        others = there if (item.policy_type, item.key) in self._declined else frozenset[str]()
        own_id = item.key if mapped is None and not others and self._may_be_itself(item.key, rows) else ""
        return SoughtPolicy(own_id, partial(_same, key), mapped, others=others)

    def _may_be_itself(self, item_key: str, rows: Sequence[Policy]) -> bool:
        """Tell whether a policy of this very id is the item: a GUID is one policy in all the world, “1” is not."""
        if self._is_source or GUID.search(item_key):
            return True
        return any(row.graph_id == item_key and row.is_built_in for row in rows)

    def _key_of(self, policy_type: PolicyType, item: StandardItem) -> MatchKey:
        version = self._items[item.key][1]
        try:
            content = versions.read(item)
        except SealError:
            return ("", item.key)  # nobody can say what it is
        values: Mapping[str, Any] = self.adoption.values or {}
        return match_key(policy_type, render(policy_type.key, content, item.key, version.parameters, values)["body"])

    def _policies_of(self, policy_type: str) -> list[Policy]:
        if policy_type not in self._policies:
            self._policies[policy_type] = policies.present_of_type(self.adoption.tenant, policy_type)
        return self._policies[policy_type]

    def is_held(self, key: str, match: Match) -> bool:
        return (self.items[key].policy_type, match.target_id) in self._held

    def unsure(self, key: str, match: Match) -> UnsureItem | None:
        """Return what somebody has to say of the item; None where nothing in the tenant may be it."""
        item = self.items[key]
        if match.target_id:
            ids, why = [match.target_id], HELD_ELSEWHERE
        elif match.problem:
            ids = self._namesakes(item)
            why = f"{len(ids)} policies of this name and type are there: say which of them it is."
        else:
            return None
        names = {row.graph_id: row.name for row in self._policies_of(item.policy_type)}
        candidates = [[graph_id, str(names.get(graph_id, ""))[:200]] for graph_id in ids]
        return UnsureItem(item.policy_type, item.name, candidates, why) if candidates else None

    def _namesakes(self, item: StandardItem) -> list[str]:
        taken = {target for (kind, _), target in self._mapped.items() if kind == item.policy_type}
        policy_type = POLICY_TYPES[item.policy_type]
        key = self._key_of(policy_type, item)
        rows = [row for row in self._policies_of(item.policy_type) if row.graph_id not in taken]
        return [row.graph_id for row in rows if _listed(policy_type, row, {key[0]}).key == key]

    def name_in_tenant(self, key: str, match: Match) -> str | None:
        rows = self._policies_of(self.items[key].policy_type)
        return next((str(row.name) for row in rows if row.graph_id == match.target_id), None)


def _same(key: MatchKey) -> MatchKey:
    return key


def versions_of(adoption: StandardAdoption) -> list[StandardVersion]:
    """Return the versions that the tenant has to do with, the newest last: the one it is held to, and the next."""
    newest = versions.newest(adoption.standard)
    held = adoption.version
    return [version for version in (held, newest) if version is not None and (version is newest or version != newest)]


def _held_by_others(adoption: StandardAdoption) -> set[mappings.ObjectKey]:
    """Return (policy type, Graph id) of the policies that other standards of this tenant hold."""
    held: set[mappings.ObjectKey] = set()
    for other in adoptions.of_tenant(adoption.tenant):
        if other.id != adoption.id:
            keys = {(item.policy_type, item.key) for version in versions_of(other) for item in versions.items(version)}
            mapped = mappings.targets_by_key(adoption.tenant, other.standard.uid)
            held |= {(key[0], target) for key, target in mapped.items() if key in keys}
    return held


def _listed(policy_type: PolicyType, row: Policy, names: Collection[str]) -> ListedPolicy:
    """Return the policy as its list showed it. Its key is worked out only where its name is one of those sought."""
    name = "(default)" if row.is_built_in and policy_type.has_defaults else str(row.name).strip()
    key = _key_in_tenant(policy_type, row) if name in names else ("", str(row.graph_id))
    return ListedPolicy(
        str(row.graph_id), str(row.name), row.odata_type, row.modified_at, bool(row.is_built_in), row.platform, key=key
    )


def _key_in_tenant(policy_type: PolicyType, row: Policy) -> MatchKey:
    """Return the key by which the policy is matched; one that fits nothing where its content is not known."""
    newest = snapshots.latest(row)
    try:
        body: Mapping[str, Any] | None = snapshots.read_snapshot(newest)["body"] if newest else None
    except SealError:
        body = None
    return match_key(policy_type, body) if body is not None else ("", str(row.graph_id))


# --- what a person says ----------------------------------------------------------------------------------------------


def confirm_link(adoption: StandardAdoption, item_key: str, graph_id: str | None, actor: Actor) -> None:
    """Say which of the tenant's policies the item is; None: none of them, a roll-out makes it anew. Raises Invalid."""
    item = _item(adoption, item_key)
    key = (item.policy_type, item.key)
    if graph_id is None:
        target_id, target_name = mappings.NONE_OF_THEM, None
    else:
        policy = policies.find_by_graph_id(adoption.tenant, item.policy_type, graph_id)
        if policy is None or policy.state != PolicyState.PRESENT:
            raise Invalid(NOT_ITS_POLICY)
        _refuse_shared(adoption, item, graph_id)
        target_id, target_name = str(policy.graph_id), str(policy.name)
    _save_confirmed(adoption, key, (target_id, target_name), item, actor)


@transaction
def _save_confirmed(
    adoption: StandardAdoption,
    key: mappings.ObjectKey,
    target: tuple[str, str | None],
    item: StandardItem,
    actor: Actor,
) -> None:
    links.save_unsure(adoption, {}, settled=[item.key])
    adoptions.mark_due(adoption)
    names = {"source_name": str(item.name), "target_name": target[1]}
    mappings.set_mapping(adoption.tenant, adoption.standard.uid, key, target[0], actor, **names)


def _item(adoption: StandardAdoption, item_key: str) -> StandardItem:
    for version in reversed(versions_of(adoption)):
        item = versions.find_item(version, item_key)
        if item is not None:
            return item
    raise Invalid("The standard has no such item: it may have been taken out of it.")


def _refuse_shared(adoption: StandardAdoption, item: StandardItem, graph_id: str) -> None:
    """Raises Invalid where another item of the standard, or another standard, is this policy already."""
    mapped = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)
    others = [key for key, target in mapped.items() if key != (item.policy_type, item.key)]
    present = {(row.policy_type, row.key) for version in versions_of(adoption) for row in versions.items(version)}
    if any(mapped[key] == graph_id and key[0] == item.policy_type and key in present for key in others):
        raise Invalid("Another item of this standard is that policy already: two items cannot be one.")
    if (item.policy_type, graph_id) in _held_by_others(adoption):
        raise Invalid(HELD_ELSEWHERE)
