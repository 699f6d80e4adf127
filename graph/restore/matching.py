"""Which policy of the target each policy of a restore is: decided for all of a type at once, so that no two are one.

First all by their ids, then by mappings, then by names. What one has claimed is no candidate for another; what cannot
be told apart is a problem, never a choice. Names are not unique in Intune: twins are ordinary
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
# Of a problem: what is there could not be read, so that nothing can be told of it.
UNREADABLE = "not_readable"


@dataclass(frozen=True)
class Match:
    """The policy of the target that this one is, and how that is known; `problem` when it cannot be told."""

    target_id: str | None = None
    problem: str = ""
    how: str = ""
    # Others of its name that are there: each is a policy of its own, and is left alone.
    namesakes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sought:
    """A policy that looks for its target.

    `key`: as graph.policy_types.policy_type.match_key; worked out only where a name decides.
    """

    graph_id: str
    key: Callable[[], MatchKey]
    mapped: str | None = None
    # Set: it is this one, whatever the ids say (what a restore made, and its undo removes).
    fixed: str | None = None
    # Of the target: what is known to be another policy, though it has this name.
    others: frozenset[str] = frozenset()
    # Of the target: what may be another policy's, for all that is known.
    unsure: frozenset[str] = frozenset()
    # Policies of its name that are no part of this restore, and any of which a namesake may be.
    twins: int = 0


def match_policies(
    sought: Mapping[Item, Sought], listed: Sequence[ListedPolicy], *, same_tenant: bool
) -> dict[Item, Match]:
    """Of one policy type. Each target is given once, or to nobody."""
    return _Matching(sought, listed).decided(same_tenant=same_tenant)


class _Matching(Generic[Item]):
    def __init__(self, sought: Mapping[Item, Sought], listed: Sequence[ListedPolicy]) -> None:
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

    def _open(self) -> list[tuple[Item, Sought]]:
        return [(item, policy) for item, policy in self._sought.items() if item not in self._matches]

    def _claim(self, how: str, targets: Mapping[Item, str | None]) -> None:
        """Each gets its own; who wants one that is another's as well gets none, for who is right is not known."""
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
    """`rivals`: how many policies the free ones may be, this one among them."""
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
class Copies:
    """`there`: the policies that have the name of its copy; `wanted`: how many of the name the restore is to make."""

    there: tuple[str, ...] = ()
    wanted: int = 1


NO_COPIES = Copies()


def copy_key(policy_type: PolicyType, body: Body, prefix: str) -> MatchKey:
    """The key of a policy's copy."""
    return match_key(policy_type, {**body, policy_type.name_property: copy_name(policy_type, body, prefix)})


def copy_name(policy_type: PolicyType, body: Body, prefix: str) -> str:
    return f"{prefix}{body.get(policy_type.name_property) or ''}"
