"""Matching policies of a restore with policies of the target tenant, all of a type at once, so that no two are one.

All are matched by ids first, then by mappings, then by names. A policy that is claimed is no candidate for another;
policies that cannot be told apart are a problem, never a choice. Names are not unique in Intune: twins are ordinary
(almenscorner/IntuneCD#255, microsoftgraph/powershell-intune-samples#90).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from graph.policy_types.policy_type import Body, PolicyType, match_key
from graph.read.readings import ListedPolicy

Item = TypeVar("Item")
MatchKey = tuple[str, ...]
ID, MAPPING, NAME = "id", "mapping", "name"
# A problem: the target's policies could not be read, so nothing is known of them.
UNREADABLE = "not_readable"


@dataclass(frozen=True)
class Match:
    """The target's policy that this one is, and how that is known; `problem` when it cannot be told."""

    target_id: str | None = None
    problem: str = ""
    how: str = ""
    # Other policies of its name in the target: each is left alone.
    namesakes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SoughtPolicy:
    """A policy that looks for its match.

    `key` returns its graph.policy_types.policy_type.match_key; it is called only where a name decides.
    """

    graph_id: str
    key: Callable[[], MatchKey]
    mapped: str | None = None
    # When set, the match, whatever the ids say: an undo removes the policy that its restore created.
    fixed: str | None = None
    # Ids of the target that are known to be other policies, though they have this name.
    others: frozenset[str] = frozenset()
    # Ids of the target that may be other policies' matches.
    unsure: frozenset[str] = frozenset()
    # The number of policies of its name outside this restore, any of which a namesake may be.
    twins: int = 0


def match_policies(
    sought: Mapping[Item, SoughtPolicy], listed: Sequence[ListedPolicy], *, same_tenant: bool
) -> dict[Item, Match]:
    """Match the policies of one type. Each of the target's policies is given once, or to nobody."""
    return _Matching(sought, listed).decided(same_tenant=same_tenant)


class _Matching(Generic[Item]):
    def __init__(self, sought: Mapping[Item, SoughtPolicy], listed: Sequence[ListedPolicy]) -> None:
        self._sought, self._listed = sought, listed
        self._ids = {policy.graph_id for policy in listed}
        self._claimed: set[str] = set()
        self._matches: dict[Item, Match] = {}

    def decided(self, *, same_tenant: bool) -> dict[Item, Match]:
        self._claim(ID, {item: policy.fixed for item, policy in self._open() if policy.fixed})
        if same_tenant:
            self._claim(ID, {item: policy.graph_id for item, policy in self._open() if policy.graph_id in self._ids})
        self._claim(MAPPING, {item: policy.mapped for item, policy in self._open() if policy.mapped in self._ids})
        self._by_name()
        return self._matches

    def _open(self) -> list[tuple[Item, SoughtPolicy]]:
        return [(item, policy) for item, policy in self._sought.items() if item not in self._matches]

    def _claim(self, how: str, targets: Mapping[Item, str | None]) -> None:
        """Give each item its target; items that want the same one get none, for nobody knows which is right."""
        wanting = Counter(targets.values())
        for item, target in targets.items():
            if target in self._claimed or wanting[target] > 1:
                self._matches[item] = Match(problem=_SHARED[how].format(target))
            else:
                self._matches[item] = Match(target, how=how)
        self._claimed |= {target_id for target_id in targets.values() if target_id}

    def _by_name(self) -> None:
        alike: dict[MatchKey, list[str]] = {}
        for policy in self._listed:
            alike.setdefault(policy.key, []).append(policy.graph_id)
        namesakes = {item: alike.get(policy.key(), []) for item, policy in self._open()}
        free = {
            item: [target_id for target_id in ids if self._is_free(item, target_id)] for item, ids in namesakes.items()
        }
        wanting = Counter(target_id for ids in free.values() for target_id in ids)
        for item, ids in namesakes.items():
            sought = self._sought[item]
            rivals = (
                max((wanting[target_id] + (target_id in sought.unsure) for target_id in free[item]), default=0)
                + sought.twins
            )
            self._matches[item] = _match_by_name(free[item], rivals, ids)

    def _is_free(self, item: Item, target_id: str) -> bool:
        return target_id not in self._claimed and target_id not in self._sought[item].others


_SHARED = {
    ID: "Another item of this restore is the same policy ({}). Leave one of them out.",
    MAPPING: "Its mapping names a policy that another item of this restore is as well ({}). Correct the mapping.",
}


def _match_by_name(free: Sequence[str], rivals: int, namesakes: Sequence[str]) -> Match:
    """Return the match among the free namesakes. `rivals`: the policies that they may be, this one included."""
    if not free:
        return Match(namesakes=tuple(namesakes))
    if len(free) > 1:
        return Match(
            problem=f"{len(free)} policies of this name and type are there: rename all but one, or say with a mapping "
            "which of them it is."
        )
    if rivals > 1:
        return Match(
            problem=f"One of this name and type is there, and it may be any of {rivals} policies that have this name: "
            "say with a mapping which of them it is."
        )
    return Match(free[0], how=NAME, namesakes=tuple(namesake for namesake in namesakes if namesake != free[0]))


@dataclass(frozen=True)
class NameCopies:
    """Copies of one name. `there`: ids of policies that have it; `wanted`: how many copies the restore makes of it."""

    there: tuple[str, ...] = ()
    wanted: int = 1


NO_COPIES = NameCopies()


def copy_key(policy_type: PolicyType, body: Body, prefix: str) -> MatchKey:
    """Return the match key of a policy's copy."""
    return match_key(policy_type, {**body, policy_type.name_property: copy_name(policy_type, body, prefix)})


def copy_name(policy_type: PolicyType, body: Body, prefix: str) -> str:
    return f"{prefix}{body.get(policy_type.name_property) or ''}"
