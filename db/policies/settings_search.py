"""Search of settings by words of their names and ids, over all policies of some tenants: which policies set them, how.

Among a million rows: names are found by an index of every three letters, and counts come from an index alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import peewee as pw

from db.database import Condition, is_sqlite
from db.models import KnownSetting, Policy, PolicySetting, Tenant
from db.sql.value_lists import is_in, is_in_if_given

MOST_FOUND = 100
MOST_WORDS = 6
# The index holds every three letters: it knows no shorter words.
MIN_INDEXED_LETTERS = 3
# So many rows of a setting are counted; a page says “more than” beyond that.
COUNTED = 10_000
_IDS = "(SELECT rowid FROM policy_search_settings WHERE policy_search_settings MATCH ?)"


@dataclass(frozen=True)
class FoundSetting:
    """A setting, and how many policies of the tenants set it."""

    setting: KnownSetting
    policies: int


@dataclass(frozen=True)
class SetTo:
    """A value that policies set a setting to, and how many do. `mark` None: secrets, which are not compared."""

    mark: str | None
    value: str | None
    policies: int


def find(words: Sequence[str], tenant_ids: Sequence[int] | None, most: int = MOST_FOUND) -> list[FoundSetting]:
    """Return settings whose name or id holds all words and that these tenants' policies set, the most used first.

    `most` at most, those that were known first. `tenant_ids` None: of all tenants.
    """
    if not words:
        return []
    is_used = PolicySetting.select(PolicySetting.id).where(
        (PolicySetting.setting == KnownSetting.id) & is_in_if_given(PolicySetting.tenant, tenant_ids)
    )
    if not is_sqlite():
        # Asked for each setting that was found: joined, PostgreSQL reads every row of all those tenants.
        is_used = is_used.offset(0)
    query = KnownSetting.select().where(_holds(words) & pw.fn.EXISTS(is_used))
    settings = list(query.order_by(KnownSetting.id).limit(most))
    if not settings:
        return []
    counts = _counts([setting.id for setting in settings], tenant_ids)
    found = [FoundSetting(setting, counts[setting.id]) for setting in settings if setting.id in counts]
    return sorted(found, key=lambda hit: (-hit.policies, hit.setting.title, hit.setting.key))


def _holds(words: Sequence[str]) -> Condition:
    folded = [word.casefold() for word in words[:MOST_WORDS]]
    long = [word for word in folded if len(word) >= MIN_INDEXED_LETTERS] if is_sqlite() else []
    conditions = [KnownSetting.folded.contains(word) for word in folded if word not in long]
    if long:
        phrases = " ".join('"{}"'.format(word.replace('"', '""')) for word in long)
        conditions.append(KnownSetting.id << pw.SQL(_IDS, [phrases]))
    return reduce(and_, conditions)


def _counts(setting_ids: Sequence[int], tenant_ids: Sequence[int] | None) -> dict[int, int]:
    query = PolicySetting.select(PolicySetting.setting, pw.fn.COUNT(PolicySetting.id))
    return dict(query.where(_of(setting_ids, tenant_ids)).group_by(PolicySetting.setting).tuples())


def _of(setting_ids: Sequence[int], tenant_ids: Sequence[int] | None) -> Condition:
    return is_in(PolicySetting.setting, setting_ids) & is_in_if_given(PolicySetting.tenant, tenant_ids)


def values_of(setting_ids: Sequence[int], tenant_ids: Sequence[int] | None, most: int) -> dict[int, list[SetTo]]:
    """Return setting id -> the values that it is set to, the most frequent first, of each setting the first `most`."""
    columns = (PolicySetting.setting, PolicySetting.mark, pw.fn.COUNT(PolicySetting.id), pw.fn.MIN(PolicySetting.id))
    query = PolicySetting.select(*columns).where(_of(setting_ids, tenant_ids))
    by_setting = defaultdict(list)
    for setting_id, mark, count, row_id in query.group_by(PolicySetting.setting, PolicySetting.mark).tuples():
        by_setting[setting_id].append((count, row_id, mark))
    first = {setting_id: sorted(rows, key=_most_first)[:most] for setting_id, rows in by_setting.items()}
    texts = _texts(row_id for rows in first.values() for _, row_id, _ in rows)
    return {
        setting_id: [SetTo(mark, texts.get(row_id), count) for count, row_id, mark in rows]
        for setting_id, rows in first.items()
    }


def _most_first(row: tuple[int, int, Any]) -> tuple[int, int]:
    return -row[0], row[1]


def _texts(row_ids: Iterable[int]) -> dict[int, str | None]:
    query = PolicySetting.select(PolicySetting.id, PolicySetting.value)
    return dict(query.where(is_in(PolicySetting.id, list(row_ids))).tuples())


def by_key(key: str, tenant_ids: Sequence[int] | None) -> KnownSetting | None:
    """Return the setting with this id, if a policy of these tenants sets it."""
    setting: KnownSetting | None = KnownSetting.get_or_none(KnownSetting.key == key)
    if setting is None or not PolicySetting.select().where(_of([setting.id], tenant_ids)).exists():
        return None
    return setting


@dataclass(frozen=True)
class WantedPolicies:
    """The policies that set a setting: of some tenants (None: of all), to any value or to the one with the mark."""

    setting_id: int
    tenant_ids: Sequence[int] | None
    # "": to any value.
    mark: str = ""

    def rows(self, limit: int, offset: int = 0) -> list[PolicySetting]:
        """Return rows with their policies and tenants, tenant by tenant."""
        order = (PolicySetting.tenant, PolicySetting.id)
        ids = PolicySetting.select(PolicySetting.id).where(self._condition()).order_by(*order)
        page = [row[0] for row in ids.limit(limit).offset(offset).tuples()]
        query = PolicySetting.select(PolicySetting, Policy, Tenant).join(Policy).switch(PolicySetting).join(Tenant)
        return list(query.where(is_in(PolicySetting.id, page)).order_by(*order))

    def count(self) -> int:
        """Return how many there are, COUNTED + 1 for more than that."""
        some = PolicySetting.select(PolicySetting.id).where(self._condition()).limit(COUNTED + 1)
        return int(pw.Select([some], [pw.fn.COUNT(pw.SQL("1"))]).bind(PolicySetting._meta.database).scalar())

    def _condition(self) -> Condition:
        is_one = _of([self.setting_id], self.tenant_ids)
        return is_one & (PolicySetting.mark == self.mark) if self.mark else is_one


def set_by(policy_ids: Sequence[int], keys: Sequence[str]) -> Mapping[int, Mapping[str, str | None]]:
    """Return policy id -> {setting's key: value} for these settings of these policies."""
    query = PolicySetting.select(PolicySetting.policy, KnownSetting.key, PolicySetting.value).join(KnownSetting)
    found: dict[int, dict[str, str | None]] = defaultdict(dict)
    is_one = is_in(PolicySetting.policy, policy_ids) & is_in(KnownSetting.key, keys)
    for policy_id, key, value in query.where(is_one).tuples():
        found[policy_id][key] = value
    return found
