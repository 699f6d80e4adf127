"""Work out which policies reach one person or one device, and why: exclusions first, then what depends on more.

Intune: an excluded group beats every inclusion; a group of people that is excluded where devices are included, or the
reverse, is not evaluated (learn.microsoft.com: Assign policies, “Exclude groups from a policy assignment”).
Conditional Access: what is excluded beats what is included.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from db.models import PolicyTarget
from graph.assignments.target import (
    ALL_DEVICES,
    ALL_USERS,
    ASSIGNMENT,
    CONDITION,
    GROUP,
    GUESTS,
    MEMBER,
    ROLE,
    USER,
)
from graph.read.memberships import PERSON

# Verdicts, in the order of a page.
EXCLUDED, MIXED, FILTERED, UNRESOLVED, INCLUDED = "excluded", "mixed", "filtered", "unresolved", "included"
VERDICTS = (EXCLUDED, MIXED, FILTERED, UNRESOLVED, INCLUDED)
CONDITIONAL_ACCESS = "conditionalAccessPolicies"


@dataclass(frozen=True)
class Receiver:
    """A person or a device, and the groups that it is in."""

    kind: str
    object_id: str
    group_ids: Collection[str]
    # None: nobody could read it.
    is_guest: bool | None = None

    @property
    def is_person(self) -> bool:
        return self.kind == PERSON


@dataclass(frozen=True)
class EffectivePolicy:
    """`reasons`: the ids of the targets by which it is so. `open_questions`: those that nobody could resolve."""

    policy_id: int
    verdict: str
    reasons: Sequence[int]
    open_questions: Sequence[int] = ()


def effective_policies(subject: Receiver, targets: Iterable[PolicyTarget]) -> list[EffectivePolicy]:
    """Return the policies that include or exclude the subject. `targets`: all of the tenant."""
    by_policy: dict[int, list[PolicyTarget]] = defaultdict(list)
    for target in targets:
        if target.place in (ASSIGNMENT, CONDITION, MEMBER):
            by_policy[target.policy_id].append(target)
    decided = [
        _decide_access(subject, rows) if rows[0].policy_type == CONDITIONAL_ACCESS else _decide(subject, rows)
        for rows in by_policy.values()
    ]
    found = [effective for effective in decided if effective is not None]
    return sorted(found, key=lambda effective: (VERDICTS.index(effective.verdict), effective.policy_id))


def _decide(subject: Receiver, rows: Sequence[PolicyTarget]) -> EffectivePolicy | None:
    hits = [row for row in rows if _is_hit(subject, row)]
    excluded = [row for row in hits if row.is_excluded]
    included = [row for row in hits if not row.is_excluded]
    if excluded and not included and _is_for_the_others(subject, rows):
        return _effective(MIXED, excluded)
    if excluded:
        return _effective(EXCLUDED, excluded)
    plain = [row for row in included if not row.filter_id]
    if plain:
        return _effective(INCLUDED, plain)
    return _effective(FILTERED, included) if included else None


def _is_hit(subject: Receiver, row: PolicyTarget) -> bool:
    if row.kind == GROUP:
        return row.object_id in subject.group_ids
    return row.kind == (ALL_USERS if subject.is_person else ALL_DEVICES)


def _is_for_the_others(subject: Receiver, rows: Sequence[PolicyTarget]) -> bool:
    """Tell whether the policy includes all devices, of a person, or all users, of a device."""
    others = ALL_DEVICES if subject.is_person else ALL_USERS
    return any(row.kind == others and not row.is_excluded for row in rows)


def _decide_access(subject: Receiver, rows: Sequence[PolicyTarget]) -> EffectivePolicy | None:
    """Decide by who is meant. What of apps, places and devices has to be true besides, the policy's terms say."""
    if not subject.is_person:
        return None
    excluded = [row for row in rows if row.is_excluded and _is_meant(subject, row)]
    if excluded:
        return _effective(EXCLUDED, excluded)
    included = [row for row in rows if not row.is_excluded and _is_meant(subject, row)]
    unknown = [row for row in rows if _is_open(subject, row)]
    if included:
        return _effective(INCLUDED, included, [row for row in unknown if row.is_excluded])
    may_include = [row for row in unknown if not row.is_excluded]
    return _effective(UNRESOLVED, may_include, unknown) if may_include else None


def _is_meant(subject: Receiver, row: PolicyTarget) -> bool:
    meant: dict[str, Callable[[], bool]] = {
        USER: lambda: row.object_id == subject.object_id,
        GROUP: lambda: row.object_id in subject.group_ids,
        ALL_USERS: lambda: True,
    }
    return row.kind in meant and meant[row.kind]()


def _is_open(subject: Receiver, row: PolicyTarget) -> bool:
    """Tell whether it depends on the person's roles, or on what sort of guest they are: neither is read."""
    return row.kind == ROLE or (row.kind == GUESTS and subject.is_guest is not False)


def _effective(verdict: str, rows: Sequence[PolicyTarget], unknown: Sequence[PolicyTarget] = ()) -> EffectivePolicy:
    return EffectivePolicy(
        rows[0].policy_id, verdict, [row.id for row in rows], [row.id for row in unknown if row not in rows]
    )
