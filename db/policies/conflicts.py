"""Settings that two policies of a tenant set differently for the same group, or for everyone.

The database says which settings those may be, in one statement over two indexes; of these alone are rows read, some
settings at a time. A policy reaches a group that it includes, and every group where it includes all users or all
devices, unless it excludes the group. That somebody is in two groups is not known here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import peewee as pw

from db.models import KnownSetting, Policy, PolicySetting, PolicyTarget, Tenant
from db.sql.value_lists import batched, is_in

GROUP, EVERYONE = "group", "everyone"
_ALL = ("all users", "all devices")
# Rows of so many settings are read at once.
SETTINGS_AT_ONCE = 5


@dataclass(frozen=True)
class ConflictSide:
    """A policy with what it sets. `has_filter`: of those that it reaches it may leave some out."""

    policy: Policy
    mark: str
    value: str | None
    has_filter: bool


@dataclass(frozen=True)
class SettingConflict:
    """A setting, the policies that set it differently, and whom all of them reach.

    `group_ids`: empty for everyone. `is_certain`: two of them differ that have no filter.
    """

    setting: KnownSetting
    group_ids: tuple[str, ...]
    sides: Sequence[ConflictSide]

    @property
    def is_certain(self) -> bool:
        return len({side.mark for side in self.sides if not side.has_filter}) > 1


def of_tenant(tenant: Tenant) -> Iterator[SettingConflict]:
    """Yield the conflicts of a tenant, setting by setting. What is not asked for is not read."""
    for ids in batched(_candidates(tenant), SETTINGS_AT_ONCE):
        settings = {setting.id: setting for setting in KnownSetting.select().where(KnownSetting.id.in_(ids))}
        rows = _rows(tenant, ids)
        reach = _reach({row.policy_id for of_setting in rows.values() for row in of_setting})
        for setting_id in ids:
            yield from _conflicts(settings[setting_id], rows[setting_id], reach)


def _candidates(tenant: Tenant) -> list[int]:
    """Return the ids of settings that policies with a target in common set differently, exclusions aside."""
    is_here = (PolicySetting.tenant == tenant) & PolicySetting.may_conflict
    low, high = pw.fn.MIN(PolicySetting.mark), pw.fn.MAX(PolicySetting.mark)
    differing = PolicySetting.select(PolicySetting.setting).where(is_here).group_by(PolicySetting.setting)
    # All of both kinds are one target: a person of all users has a device of all devices.
    target = pw.Case(None, [(PolicyTarget.kind << _ALL, "")], PolicyTarget.object_id)
    grouped = (
        PolicySetting.select(
            PolicySetting.setting.alias("setting_id"), target.alias("target"), low.alias("low"), high.alias("high")
        )
        .join(PolicyTarget, on=(PolicyTarget.policy == PolicySetting.policy))
        .where(is_here & (PolicySetting.setting << differing.having(low != high)) & _assigns())
        .where(~PolicyTarget.is_excluded)
        .group_by(PolicySetting.setting, target)
    )
    columns = grouped.c
    is_in_one = pw.fn.MAX(pw.Case(None, [(columns.low != columns.high, 1)], 0)) == 1
    is_with_everyone = (pw.fn.MIN(columns.target) == "") & (pw.fn.MIN(columns.low) != pw.fn.MAX(columns.high))
    query = pw.Select([grouped], [columns.setting_id]).group_by(columns.setting_id).having(is_in_one | is_with_everyone)
    rows = query.order_by(columns.setting_id).bind(PolicySetting._meta.database).tuples()
    return [row[0] for row in rows]


def _assigns() -> pw.Expression:
    return (PolicyTarget.kind << (GROUP, *_ALL)) & (PolicyTarget.place == "assignment")


def _rows(tenant: Tenant, setting_ids: Sequence[int]) -> Mapping[int, list[PolicySetting]]:
    is_one = (PolicySetting.tenant == tenant) & PolicySetting.may_conflict & is_in(PolicySetting.setting, setting_ids)
    found: dict[int, list[PolicySetting]] = defaultdict(list)
    for row in PolicySetting.select(PolicySetting, Policy).join(Policy).where(is_one).order_by(PolicySetting.policy):
        found[row.setting_id].append(row)
    return found


@dataclass(frozen=True)
class _Reach:
    """The groups that a policy includes, each with whether a filter narrows it, and those that it excludes.

    Among those that it includes, EVERYONE is all users or all devices.
    """

    included: Mapping[str, bool]
    excluded: Collection[str]

    def filter_for(self, group_id: str) -> bool | None:
        """Return whether it reaches the group through filters alone; None where it does not reach it."""
        ways = [self.included[whom] for whom in (group_id, EVERYONE) if whom in self.included]
        return all(ways) if ways and group_id not in self.excluded else None


def _reach(policy_ids: Collection[int]) -> Mapping[int, _Reach]:
    included: dict[int, dict[str, bool]] = defaultdict(dict)
    excluded: dict[int, set[str]] = defaultdict(set)
    columns = (PolicyTarget.policy, PolicyTarget.kind, PolicyTarget.object_id, PolicyTarget.is_excluded)
    for some in batched(sorted(policy_ids)):
        query = PolicyTarget.select(*columns, PolicyTarget.filter_id).where(PolicyTarget.policy.in_(some) & _assigns())
        for policy_id, kind, object_id, is_excluded, filter_id in query.tuples():
            whom = object_id if kind == GROUP else EVERYONE
            if is_excluded:
                excluded[policy_id].add(whom)
            else:
                included[policy_id][whom] = included[policy_id].get(whom, True) and filter_id is not None
    return {policy_id: _Reach(included[policy_id], excluded[policy_id]) for policy_id in policy_ids}


def _conflicts(
    setting: KnownSetting, rows: Sequence[PolicySetting], reach: Mapping[int, _Reach]
) -> Iterator[SettingConflict]:
    """Yield the conflicts of one setting: for everyone, then for the groups, those with the same policies as one."""
    groups = sorted({whom for row in rows for whom in reach[row.policy_id].included} - {EVERYONE})
    by_sides: dict[tuple[int, ...], list[str]] = {}
    sides_of: dict[tuple[int, ...], list[ConflictSide]] = {}
    for whom in (EVERYONE, *groups):
        sides = [side for row in rows if (side := _side(row, reach[row.policy_id].filter_for(whom)))]
        if len({side.mark for side in sides}) > 1:
            key = tuple(side.policy.id for side in sides)
            sides_of.setdefault(key, sides)
            by_sides.setdefault(key, []).append(whom)
    for key, groups_of_both in by_sides.items():
        yield SettingConflict(setting, () if EVERYONE in groups_of_both else tuple(groups_of_both), sides_of[key])


def _side(row: PolicySetting, has_filter: bool | None) -> ConflictSide | None:
    return None if has_filter is None else ConflictSide(row.policy, row.mark, row.value, has_filter)
