"""The page of what changed in a tenant: since which backup, how freshly looked at, and one line for each policy."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

from actors.facade import policy_type_names, snapshot_diff
from actors.facade.snapshot_diff import Difference
from db.backups import backup_sets
from db.clock import utcnow
from db.models import BackupSet, Policy, RunItem, Snapshot, Tenant
from db.policies import later_changes, snapshots
from db.policies.later_changes import LaterChange
from db.runs import run_progress
from db.runs.run_progress import RunItemFilter
from db.states import LaterChangeKind, Offer, Outcome
from db.tenants import coverage
from web.presentation.formatters import datetime_html, first_differences, policy_type_title, time_ago_html
from web.presentation.masking import Masking
from web.security.access import can
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated_markup
from web.views.restores.tenant_look import TenantLook, tenant_look

CHANGES_SHOWN = 25
# So much content is compared for one page, which may take half a second; the first rows matter most.
MOST_BYTES_COMPARED = 1_500_000
LAST_PAGE = 999
UNREAD_SHOWN = 10
LONGEST_SEARCH = 100
# Name in the address -> (how old the backup must be, how the page calls it).
AGES: Mapping[str, tuple[timedelta | None, str]] = {
    "backup": (None, "the last backup"),
    "day": (timedelta(days=1), "a day ago"),
    "week": (timedelta(days=7), "7 days ago"),
    "month": (timedelta(days=30), "30 days ago"),
}
# What somebody broke is seldom older, and the backup of this night may hold the damage already.
USUAL_AGE = "day"
NOT_LOOKED_AT = (Offer.NOT_PERMITTED, Offer.FAILED)


class Baseline(NamedTuple):
    """The backup that the tenant is compared with."""

    age: str
    backup_set: BackupSet

    @property
    def label(self) -> str:
        return AGES[self.age][1]


@dataclass(frozen=True)
class WantedChanges:
    """A part of the changes, as the address or the form asks for it."""

    age: str = ""
    kind: str = ""
    policy_type: str = ""
    search: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "WantedChanges":
        search = args.get("search", "").strip()[:LONGEST_SEARCH]
        return cls(args.get("since", ""), args.get("kind", ""), args.get("type", ""), search)

    @property
    def arguments(self) -> dict[str, Any]:
        named = {"since": self.age, "kind": self.kind, "type": self.policy_type, "search": self.search}
        return {name: value for name, value in named.items() if value}

    def is_met_by(self, change: LaterChange) -> bool:
        policy = change.policy
        return (
            self.kind in ("", change.kind)
            and self.policy_type in ("", policy.policy_type)
            and self.search.lower() in policy.name.lower()
        )


class ChangesLink(NamedTuple):
    """A link that shows less: its label, how many it shows, and what it asks for."""

    label: str
    number: int
    wanted: WantedChanges
    is_current: bool


@dataclass(frozen=True)
class ChangeRow:
    """A line of the page. `differences`: None where a content cannot be opened."""

    change: LaterChange
    right: Snapshot | None
    now: Snapshot | None
    differences: list[Difference] | None
    is_compared: bool

    @property
    def policy(self) -> Policy:
        return self.change.policy

    @property
    def type_title(self) -> str:
        return policy_type_title(self.policy.policy_type, self.policy.odata_type)

    @property
    def is_deleted(self) -> bool:
        return self.change.kind == LaterChangeKind.DELETED

    @property
    def is_new(self) -> bool:
        return self.change.kind == LaterChangeKind.NEW

    @property
    def is_dangerous(self) -> bool:
        return policy_type_names.is_conditional_access(self.policy.policy_type)

    @property
    def changes_assignments_only(self) -> bool:
        return bool(self.differences) and all(map(snapshot_diff.is_of_assignments, self.differences or ()))

    @property
    def words(self) -> str:
        """One line about the change."""
        if self.is_deleted and self.right is None:
            return "Deleted, and never captured: it cannot be put back."
        if self.is_deleted:
            return "Deleted from the tenant."
        if self.is_new:
            return "Made since then. Removing it is not offered here: do that in Intune or Entra."
        if self.change.is_unread:
            return "Changed in the tenant. What differs was not read yet."
        if not self.is_compared:
            return "Changed. It is too large to be compared in this list: see every difference."
        return first_differences(self.differences)

    @property
    def compare_address(self) -> str | None:
        if self.right is None or self.now is None:
            return None
        return url_for("snapshots.compare", snapshot_id=self.right.id, other_id=self.now.id)


@dataclass(frozen=True)
class LaterChangesPage:
    """`found` is all that changed, `shown` what of it the address asks for, `rows` one page of that."""

    tenant: Tenant
    wanted: WantedChanges
    baselines: list[Baseline]
    baseline: Baseline | None
    found: list[LaterChange]
    shown: list[LaterChange]
    rows: list[ChangeRow]
    number: int
    look: TenantLook

    @property
    def count(self) -> int:
        return len(self.found)

    @property
    def sentence(self) -> Markup:
        """Say how many policies are not as the backup has them."""
        when = datetime_html(self._since)
        if not self.count:
            looked = time_ago_html(self.look.at)
            return translated_markup("As of {}: everything that was looked at is as in the backup of {}.").format(
                looked, when
            )
        if self.count == 1:
            return translated_markup("1 policy is not as in the backup of {}.").format(when)
        return translated_markup("{} policies are not as in the backup of {}.").format(self.count, when)

    @property
    def has_search(self) -> bool:
        return self.count > CHANGES_SHOWN or bool(self.wanted.search)

    @property
    def has_more(self) -> bool:
        return len(self.shown) > (self.number + 1) * CHANGES_SHOWN

    @cached_property
    def can_operate(self) -> bool:
        return bool(self.tenant.is_active) and can(Permission.OPERATE, self.tenant.id)

    @property
    def this_page(self) -> str:
        return url_for("later_changes.page", tenant_id=self.tenant.id, **self.wanted.arguments)

    @cached_property
    def unread_types(self) -> list[tuple[str, list[str]]]:
        """The reasons why policy types could not be listed, each with the titles of those types."""
        reasons: dict[str, list[str]] = {}
        for row in coverage.uncovered(self.tenant):
            if row.offer in NOT_LOOKED_AT:
                reasons.setdefault(row.why or "", []).append(policy_type_title(row.policy_type))
        return list(reasons.items())

    @cached_property
    def unread_policies(self) -> list[RunItem]:
        """The policies that the last look could not read."""
        if self.look.last is None:
            return []
        items = run_progress.page_of_items(self.look.last, RunItemFilter(Outcome.ERROR), UNREAD_SHOWN, 0)
        return [item for item in items if item.policy_id]

    @cached_property
    def never_captured(self) -> int:
        return later_changes.count_never_captured(self.tenant, self._since)

    @property
    def _since(self) -> datetime | None:
        return self.baseline.backup_set.completed_at if self.baseline else None

    @property
    def ages(self) -> list[ChangesLink]:
        wanted = self.wanted
        return [
            ChangesLink(baseline.label, 0, WantedChanges(baseline.age, search=wanted.search), baseline == self.baseline)
            for baseline in self.baselines
        ]

    @cached_property
    def kinds(self) -> list[ChangesLink]:
        counts = Counter(change.kind for change in self.found)
        age, search = self.wanted.age, self.wanted.search
        everything = ChangesLink("all", self.count, WantedChanges(age, search=search), not self.wanted.kind)
        return [everything] + [
            ChangesLink(kind, counts[kind], WantedChanges(age, kind, search=search), self.wanted.kind == kind)
            for kind in LaterChangeKind
            if counts[kind]
        ]

    @cached_property
    def types(self) -> list[ChangesLink]:
        """The policy types of what changed, Conditional Access first, then those of which most did."""
        wanted = self.wanted
        of_kind = [change for change in self.found if wanted.kind in ("", change.kind)]
        counts = Counter(change.policy.policy_type for change in of_kind)
        keys = sorted(counts, key=lambda key: (not policy_type_names.is_conditional_access(key), -counts[key], key))
        return [
            ChangesLink(
                policy_type_title(key),
                counts[key],
                WantedChanges(wanted.age, wanted.kind, key, wanted.search),
                wanted.policy_type == key,
            )
            for key in keys
        ]

    @cached_property
    def restorable(self) -> int:
        """The number of those shown, on all pages, that can be put back."""
        return len(right_versions(self.shown))


def later_changes_page(tenant: Tenant, wanted: WantedChanges, number: int) -> LaterChangesPage:
    """Look up what the page shows."""
    baselines = _baselines(tenant)
    baseline = _chosen(baselines, wanted.age)
    found = _found(tenant, baseline)
    shown = [change for change in found if wanted.is_met_by(change)]
    return LaterChangesPage(
        tenant=tenant,
        wanted=wanted,
        baselines=baselines,
        baseline=baseline,
        found=found,
        shown=shown,
        rows=_rows(shown[number * CHANGES_SHOWN : (number + 1) * CHANGES_SHOWN]),
        number=number,
        look=tenant_look(tenant),
    )


def all_right_versions(tenant: Tenant, wanted: WantedChanges) -> list[int]:
    """Return the snapshots to put back of all that is asked to be seen."""
    found = _found(tenant, _chosen(_baselines(tenant), wanted.age))
    return right_versions([change for change in found if wanted.is_met_by(change)])


def right_versions(some: Sequence[LaterChange]) -> list[int]:
    return [change.right_id for change in some if change.kind != LaterChangeKind.NEW and change.right_id]


def _baselines(tenant: Tenant) -> list[Baseline]:
    """Return the backups to compare with, each once: the newest of each age."""
    now, found = utcnow(), {}
    for age, (least, _) in AGES.items():
        backup_set = backup_sets.newest_whole(tenant, now - least if least else None)
        if backup_set and backup_set.id not in found:
            found[backup_set.id] = Baseline(age, backup_set)
    return list(found.values())


def _chosen(baselines: Sequence[Baseline], age: str) -> Baseline | None:
    """Return the backup of this age, else that of about a day ago, else the last one."""
    by_age = {baseline.age: baseline for baseline in baselines}
    return by_age.get(age) or by_age.get(USUAL_AGE) or next(iter(baselines), None)


def _found(tenant: Tenant, baseline: Baseline | None) -> list[LaterChange]:
    """Return what changed: Conditional Access first, what can only be looked at last, and the newest of each first."""
    found = later_changes.find_later_changes(tenant, baseline.backup_set.completed_at if baseline else None)
    return sorted(sorted(found, key=_seen_at, reverse=True), key=_urgency)


def _seen_at(change: LaterChange) -> datetime:
    return change.at or change.policy.first_seen_at


def _urgency(change: LaterChange) -> tuple[bool, bool]:
    is_dangerous = policy_type_names.is_conditional_access(change.policy.policy_type)
    return (not is_dangerous, change.kind == LaterChangeKind.NEW)


def _rows(shown: Sequence[LaterChange]) -> list[ChangeRow]:
    ids = {number for change in shown for number in (change.right_id, change.now_id) if number}
    by_id = {snapshot.id: snapshot for snapshot in snapshots.with_policies(sorted(ids))}
    pairs = {
        change.policy.id: (by_id[change.right_id], by_id[change.now_id])
        for change in shown
        if change.kind == LaterChangeKind.CHANGED and change.right_id in by_id and change.now_id in by_id
    }
    found = snapshot_diff.compare_pairs(
        list(pairs.values()),
        partial(Masking, tells_apart=True),
        language=current_language(),
        most_bytes=MOST_BYTES_COMPARED,
    )
    differences = dict(zip(pairs, found, strict=False))
    return [
        ChangeRow(
            change,
            by_id.get(change.right_id or 0),
            by_id.get(change.now_id or 0),
            differences.get(change.policy.id, []),
            is_compared=change.policy.id not in pairs or change.policy.id in differences,
        )
        for change in shown
    ]
