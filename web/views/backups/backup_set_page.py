"""The page of a backup set: findings of the backup, problems that it had, and the policies that it holds."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from flask import request, url_for
from flask_babel import gettext

from actors.facade import policy_type_names
from db.backups import backup_sets, completeness, set_findings
from db.backups.set_findings import Findings
from db.copies import copied_sets
from db.models import BackupSet, CopiedSet, Policy, Run, Snapshot, Tenant
from db.policies import snapshots
from db.states import ItemState, Level, SetState
from web.lists.folded_list import FoldedList, ListSort, ListWish, Mark, asked
from web.presentation import run_messages
from web.presentation.formatters import policy_type_title
from web.presentation.policy_type_row import PolicyTypeRow
from web.security.access import can
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts.verdicts import Verdict, set_verdict
from web.views.backups.run_page import may_retry

PROBLEMS_SHOWN = 8
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


class SnapshotRow(NamedTuple):
    """A snapshot of the set, and what the backup found about its policy. `before`: of the backup before."""

    snapshot: Snapshot
    found: str
    look: str
    before: int | None


@dataclass(frozen=True)
class BackupSetPage:
    """`rows` are a page of `policies`."""

    backup_set: BackupSet
    run: Run | None
    snapshot_ids: list[int]
    findings: Findings
    policies: FoldedList
    rows: list[SnapshotRow]

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
    def copies(self) -> list[CopiedSet]:
        """The copies of the set elsewhere, made and to be made."""
        return copied_sets.of_set(self.backup_set)

    @cached_property
    def verdict(self) -> Verdict:
        return set_verdict(self.backup_set)

    @property
    def says_verdict(self) -> bool:
        """Is there more to say than the badge does?"""
        return self.verdict.level != Level.GOOD and not self.is_running

    @property
    def count_said(self) -> str:
        """The policies that it holds, and of how many where some are known to be missing."""
        policies, types = self.missing.policies, self.missing.types
        if types and not policies:
            return (
                f"{self.count}, without 1 policy type" if types == 1 else f"{self.count}, without {types} policy types"
            )
        total = self.count + policies
        if types:
            return f"{self.count} of at least {total}"
        return f"{self.count} of {total}" if policies else str(self.count)

    @cached_property
    def maker(self) -> str:
        """The person or schedule that made it, as words that follow the time."""
        creator = backup_sets.creator(self.backup_set)
        if self.run:
            return run_messages.started_by(self.run, creator)
        return gettext("by %(name)s", name=creator.name) if creator else gettext("automatically")

    @property
    def choices(self) -> list[ListSort]:
        """The sorts of policies that can be listed, those that differ from the backup before first."""
        found = self.findings
        counts = {CHANGED: len(found.changed), NEW: len(found.new), DELETED: len(found.deleted)}
        each = [self._sort(show, f"{count} {show}") for show, count in counts.items() if count]
        together = [self._sort(DIFFERENT, "what differs")] if len(each) > 1 else []
        return [*together, *each, self._sort(EVERY, f"all {self.count}")]

    def _sort(self, show: str, label: str) -> ListSort:
        return ListSort(translated(label), show, show == _shown(self.policies.wish, self.differs))

    @property
    def differs(self) -> bool:
        return bool(self.findings.changed or self.findings.new or self.findings.deleted)

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
    def unread_types(self) -> list[TypeRow]:
        return [row for row in self.types if not row.was_read]

    @property
    def is_running(self) -> bool:
        return bool(self.backup_set.state == SetState.RUNNING)

    @property
    def is_pinned(self) -> bool:
        return bool(self.backup_set.pinned_reason)

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
    policies = _folded(backup_set, ids, findings)
    return BackupSetPage(
        backup_set=backup_set,
        run=Run.get_or_none(Run.id == backup_set.run_id),
        snapshot_ids=ids,
        findings=findings,
        policies=policies,
        rows=_rows(policies, ids, findings) if policies.lists_rows else [],
    )


def _folded(backup_set: BackupSet, ids: list[int], findings: Findings) -> FoldedList:
    """Fold the policies that are asked for. Without a wish, what differs is listed before all policy types."""
    wish = asked(request.args, (DIFFERENT, CHANGED, NEW, DELETED, EVERY))
    wish = replace(wish, policy_type=wish.policy_type if wish.policy_type in policy_type_names.titles() else "")
    differs = bool(findings.changed or findings.new or findings.deleted)
    listed = _ids_of(wish.show or EVERY, ids, findings)
    return FoldedList(
        wish=wish,
        counts=snapshots.count_by_type(listed, wish.words),
        place=lambda **values: url_for("backup_sets.page", backup_set_id=backup_set.id, **values),
        marks={} if wish.show or wish.search else _marks(backup_set),
        flat_count=len(_ids_of(_shown(wish, differs), ids, findings)) if _lists_before(wish, differs) else None,
    )


def _shown(wish: ListWish, differs: bool) -> str:
    """Return the sort of policies that is listed: what differs comes by itself, where nothing else is asked for."""
    return wish.show or (DIFFERENT if differs and not wish.is_narrow else EVERY)


def _lists_before(wish: ListWish, differs: bool) -> bool:
    return not wish.search and _shown(wish, differs) != EVERY


def _marks(backup_set: BackupSet) -> dict[str, list[Mark]]:
    """Say of which policy types something could not be read."""
    unread = {key: completeness.count_unread(counts) for key, counts in backup_set.types.items()}
    read = [key for key in unread if unread[key] and backup_set.types[key]["state"] == ItemState.DONE]
    return {key: [Mark("warn", gettext("%(failed)s not read", failed=unread[key]))] for key in read}


def _ids_of(show: str, ids: list[int], findings: Findings) -> list[int]:
    of_show = {CHANGED: list(findings.changed), NEW: findings.new, DELETED: findings.deleted}
    of_show[DIFFERENT] = [snapshot_id for some in of_show.values() for snapshot_id in some]
    return of_show.get(show, ids)


def _rows(policies: FoldedList, ids: list[int], findings: Findings) -> list[SnapshotRow]:
    wish, differs = policies.wish, bool(findings.changed or findings.new or findings.deleted)
    listed = _ids_of(_shown(wish, differs), ids, findings)
    query = snapshots.with_policies(listed, wish.policy_type, wish.words)
    ordered = query.order_by(Policy.policy_type, Snapshot.name, Snapshot.id)
    return [_row(snapshot, findings) for snapshot in ordered.limit(policies.rows_shown).offset(policies.offset)]


def _row(snapshot: Snapshot, findings: Findings) -> SnapshotRow:
    sorts = ((CHANGED, findings.changed), (NEW, findings.new), (DELETED, findings.deleted))
    found = next((sort for sort, ids in sorts if snapshot.id in ids), "")
    return SnapshotRow(snapshot, found, LOOKS.get(found, ""), findings.changed.get(snapshot.id))
