"""The page of a backup set: findings of the backup, problems that it had, and the policies that it holds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from flask import request, url_for

from actors.facade import policy_type_names
from db.backups import backup_sets, completeness, set_findings
from db.backups.set_findings import Findings
from db.models import BackupSet, Policy, Run, Snapshot, Tenant
from db.policies import snapshots
from db.states import ItemState, Level, SetState
from web.inputs import page_number, without_nul
from web.presentation import run_messages
from web.presentation.formatters import policy_type_title
from web.presentation.policy_type_row import PolicyTypeRow
from web.security.access import can
from web.security.permissions import Permission
from web.verdicts.verdicts import Verdict, set_verdict
from web.views.backups.run_page import may_retry

SHOWN, PROBLEMS_SHOWN = 25, 8
# What of its policies to list, as the address says it.
DIFFERENT, CHANGED, NEW, DELETED, EVERY = "different", "changed", "new", "deleted", "all"
LOOKS = {CHANGED: "info", NEW: "good", DELETED: "bad"}


def scope(backup_set: BackupSet) -> str:
    """Say what the backup was asked to cover: policy types, chosen policies or the whole tenant."""
    selection = backup_set.selection
    parts = [policy_type_title(key) for key in selection.get("policy_types", [])]
    chosen = len(selection.get("policies", []))
    if chosen:
        parts.append("one policy" if chosen == 1 else f"{chosen} chosen policies")
    return ", ".join(parts) or "whole tenant"


@dataclass(frozen=True)
class TypeRow(PolicyTypeRow):
    """The counts of one policy type that a backup read, as the set keeps them."""

    key: str
    counts: dict[str, Any]

    @property
    def was_read(self) -> bool:
        return bool(self.counts["state"] == ItemState.DONE)

    @property
    def failed(self) -> int:
        return completeness.count_unread(self.counts)

    @property
    def why(self) -> str:
        return completeness.why(self.counts)

    @property
    def known_said(self) -> str:
        """Say how many policies of a type that was not read the tenant had when last listed; "": nobody knows."""
        known = self.counts.get("known", 0)
        if not known:
            return ""
        return "At least 1 policy." if known == 1 else f"At least {known} policies."


class PolicySort(NamedTuple):
    """A sort of policies to list, as the address says it and as the page calls it."""

    show: str
    label: str


class SnapshotRow(NamedTuple):
    """A snapshot of the set, and what the backup found about its policy. `before`: of the backup before."""

    snapshot: Snapshot
    found: str
    look: str
    before: int | None


@dataclass(frozen=True)
class PolicyFilter:
    """The wish of an address: a sort of policies, of a type, with words in their names."""

    show: str
    policy_type: str
    search: str
    number: int

    def address(self, backup_set: BackupSet, **changes: Any) -> str:
        given = {"show": self.show, "type": self.policy_type, "search": self.search, "page": self.number, **changes}
        args = {name: value or None for name, value in given.items()}
        return url_for("backup_sets.page", backup_set_id=backup_set.id, _anchor="policies", **args)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.policy_type or self.search)


@dataclass(frozen=True)
class BackupSetPage:
    """`rows` are a page of the policies that are wanted; there are `matching` of them."""

    backup_set: BackupSet
    run: Run | None
    snapshot_ids: list[int]
    findings: Findings
    wanted: PolicyFilter
    rows: list[SnapshotRow]
    matching: int

    @property
    def tenant(self) -> Tenant:
        return self.backup_set.tenant

    @property
    def of(self) -> str:
        """The set's name, or else its scope."""
        return self.backup_set.name or scope(self.backup_set)

    @property
    def count(self) -> int:
        return len(self.snapshot_ids)

    @cached_property
    def verdict(self) -> Verdict:
        return set_verdict(self.backup_set)

    @property
    def says_verdict(self) -> bool:
        """Is there more to say than the badge does?"""
        return self.verdict.level != Level.GOOD and not self.is_running

    @property
    def count_said(self) -> str:
        """The policies that it holds, and of how many where some are missing."""
        missing = completeness.count_missing(self.backup_set)
        if not missing.policies and not missing.types:
            return str(self.count)
        total = self.count + missing.policies
        return f"{self.count} of at least {total}" if missing.types else f"{self.count} of {total}"

    @cached_property
    def maker(self) -> str:
        """The person or schedule that made it, as words that follow the time."""
        creator = backup_sets.creator(self.backup_set)
        if self.run:
            return run_messages.started_by(self.run, creator)
        return f"by {creator.name}" if creator else "automatically"

    @property
    def choices(self) -> list[PolicySort]:
        """The sorts of policies that can be listed, those that differ from the backup before first."""
        found = self.findings
        counts = {CHANGED: len(found.changed), NEW: len(found.new), DELETED: len(found.deleted)}
        each = [PolicySort(show, f"{count} {show}") for show, count in counts.items() if count]
        together = [PolicySort(DIFFERENT, "what differs")] if len(each) > 1 else []
        return [*together, *each, PolicySort(EVERY, f"all {self.count}")]

    @property
    def differs(self) -> bool:
        return len(self.choices) > 1

    @property
    def shown(self) -> str:
        return self.wanted.show

    @property
    def same(self) -> int:
        """The number of policies that are as the backup before has them."""
        return self.count - len(self.findings.changed) - len(self.findings.new)

    @property
    def problems(self) -> list[dict[str, Any]]:
        return list(self.backup_set.problems)

    @cached_property
    def missing(self) -> completeness.Missing:
        return completeness.count_missing(self.backup_set)

    @property
    def first_problems(self) -> list[dict[str, Any]]:
        return self.problems[:PROBLEMS_SHOWN]

    @property
    def more_problems(self) -> list[dict[str, Any]]:
        return self.problems[PROBLEMS_SHOWN:]

    @cached_property
    def types(self) -> list[TypeRow]:
        """The policy types of which there is something to say: not those that the tenant has nothing of."""
        rows = [
            TypeRow(key, counts)
            for key, counts in self.backup_set.types.items()
            if counts["listed"] or counts["state"] not in (ItemState.DONE, ItemState.PENDING)
        ]
        return sorted(rows, key=lambda row: row.title.lower())

    @property
    def read_types(self) -> list[TypeRow]:
        return [row for row in self.types if row.was_read]

    @property
    def unread_types(self) -> list[TypeRow]:
        return [row for row in self.types if not row.was_read]

    @property
    def type_title(self) -> str:
        return policy_type_title(self.wanted.policy_type) if self.wanted.policy_type else ""

    @property
    def is_running(self) -> bool:
        return bool(self.backup_set.state == SetState.RUNNING)

    @property
    def is_pinned(self) -> bool:
        return bool(self.backup_set.pinned_reason)

    @property
    def last_page(self) -> int:
        return _last_page(self.matching)

    @property
    def can_restore(self) -> bool:
        return bool(self.count) and not self.is_running and can(Permission.OPERATE, self.tenant.id)

    @cached_property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)

    @property
    def can_retry(self) -> bool:
        return self.run is not None and may_retry(self.run)


def backup_set_page(backup_set: BackupSet) -> BackupSetPage:
    """Look up what the page shows: of its policies, a page of those that the address asks for."""
    ids, findings = backup_sets.snapshot_ids(backup_set), set_findings.compare_with_last(backup_set)
    wanted = _wanted(findings)
    query = _matching(_ids_of(wanted.show, ids, findings), wanted)
    matching = query.count()
    wanted = PolicyFilter(wanted.show, wanted.policy_type, wanted.search, min(wanted.number, _last_page(matching)))
    rows = query.order_by(Policy.policy_type, Snapshot.name, Snapshot.id).limit(SHOWN).offset(wanted.number * SHOWN)
    return BackupSetPage(
        backup_set=backup_set,
        run=Run.get_or_none(Run.id == backup_set.run_id),
        snapshot_ids=ids,
        findings=findings,
        wanted=wanted,
        rows=[_row(snapshot, findings) for snapshot in rows],
        matching=matching,
    )


def _wanted(findings: Findings) -> PolicyFilter:
    """Read the address. Without a wish what differs is shown, and where nothing does, everything."""
    differs = bool(findings.changed or findings.new or findings.deleted)
    policy_type, words = request.args.get("type", ""), without_nul(request.args.get("search", "")).strip()[:200]
    by_itself = DIFFERENT if differs and not policy_type and not words else EVERY
    show = request.args.get("show", "")
    return PolicyFilter(
        show=show if show in (DIFFERENT, CHANGED, NEW, DELETED, EVERY) else by_itself,
        policy_type=policy_type if policy_type in policy_type_names.titles() else "",
        search=words,
        number=page_number(9999),
    )


def _last_page(matching: int) -> int:
    return max(matching - 1, 0) // SHOWN


def _ids_of(show: str, ids: list[int], findings: Findings) -> list[int]:
    of_show = {CHANGED: list(findings.changed), NEW: findings.new, DELETED: findings.deleted}
    of_show[DIFFERENT] = [snapshot_id for some in of_show.values() for snapshot_id in some]
    return of_show.get(show, ids)


def _matching(ids: list[int], wanted: PolicyFilter) -> Any:
    query = snapshots.with_policies(ids)
    if wanted.policy_type:
        query = query.where(Policy.policy_type == wanted.policy_type)
    for word in wanted.search.split()[:5]:
        query = query.where(Snapshot.name.contains(word))
    return query


def _row(snapshot: Snapshot, findings: Findings) -> SnapshotRow:
    sorts = ((CHANGED, findings.changed), (NEW, findings.new), (DELETED, findings.deleted))
    found = next((sort for sort, ids in sorts if snapshot.id in ids), "")
    return SnapshotRow(snapshot, found, LOOKS.get(found, ""), findings.changed.get(snapshot.id))
