"""A tenant's readiness as its page shows it: the figure, what raises it, its history, and every policy's verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flask import request, url_for

from actors.facade import policy_type_names
from db.clock import utcnow
from db.models import ReadinessItem, ReadinessReport, Run, Tenant
from db.policies import tenant_policies
from db.policies.tenant_policies import OldSnapshots
from db.readiness import reports
from db.readiness.reports import ReportFilter
from db.states import Level, ReadinessVerdict
from web.lists.folded_list import ROWS_SHOWN, FoldedList, ListSort, asked
from web.presentation.formatters import seconds_text
from web.security.access import can
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts.readiness import LEVELS, VERDICT_WORDS, level_now, level_of
from web.verdicts.verdicts import LOOKS

HISTORY_SHOWN = 60
EXAMPLES_SHOWN = 3
# Permissions named one by one: there are not many more.
PARTS_SHOWN = 12
ALL = "all"
# Reason -> what a person does about it; the policies that lack it are named beside it.
TO_DO: Mapping[str, str] = {
    "guard": "Name the tenant's emergency (break-glass) accounts on its page, exclude them in the policy, and see that "
    "somebody can use one",
    "permission_missing": "Grant the app registration what it lacks to write",
    "secret_missing": "Keep the secret where you find it: it has to be entered again",
    "to_be_entered": "Keep the secret where you find it: it has to be entered again afterwards",
    "uploaded_again": "Keep the file: it has to be uploaded again",
    "unresolved": "Make what the policy refers to, or map it to something that is there",
    "membership": "Have backups keep the members of groups (the tenant's settings); switch on a group's rule in Entra",
    "lacks_setting": "Set by hand what Microsoft Graph lets no app set",
    "finished_by_hand": "Finish these after a restore, as their lines say: no write does it",
    "made_by_hand": "Make these groups by hand where they are kept: no program may make them",
    "approval": "Have a second administrator ready, who approves each of these writes in the tenant",
    "licence_missing": "Give the tenant its licence back: without it Microsoft Graph refuses these",
    "changed_since": "Back up the tenant: these were changed since their newest snapshot",
    "damaged": "Look for the encryption key that is missing, or capture these again: their contents do not open",
    "no_snapshot": "Back up the tenant: no backup holds them yet",
    "unreadable": "Let the policy type be read again",
    "not_restorable": "Nothing helps: Microsoft Graph takes these from nobody",
    "cannot_create": "Nothing helps: Microsoft Graph makes none of these",
    "not_offered": "Nothing helps: Microsoft Graph does not offer these here any more",
}
OTHER = "See the policy"


class Deed(NamedTuple):
    """Something to do: what, for how many policies, and some of them."""

    text: str
    policies: int
    examples: Sequence[ReadinessItem]
    # What is to be done, each with its number of policies, where that is not the same for all.
    parts: Sequence[tuple[str, int]] = ()
    # Where it is done, and what that is called; "": in the policy itself.
    address: str = ""
    place: str = ""


class Column(NamedTuple):
    """A report in the picture of the history, in hundredths of its height."""

    report: ReadinessReport
    height: int
    look: str


@dataclass(frozen=True)
class ReadinessPage:
    """`report` None: the tenant was not judged yet. `rows` are a page of `policies`."""

    tenant: Tenant
    report: ReadinessReport | None
    before: ReadinessReport | None
    run: Run | None
    history: Sequence[ReadinessReport]
    policies: FoldedList
    rows: Sequence[ReadinessItem]
    # Of the snapshots that are judged, those that nobody compared with the tenant for long.
    old: OldSnapshots

    @property
    def look(self) -> str:
        return LOOKS[self._level][0]

    @property
    def icon(self) -> str:
        return LOOKS[self._level][1]

    @property
    def _level(self) -> Level:
        return level_now(self.report)

    @property
    def is_old(self) -> bool:
        return self.report is not None and reports.is_old(self.report, utcnow())

    @property
    def share(self) -> str:
        return reports.share_text(reports.share_of(self.report)) if self.report else ""

    @property
    def time(self) -> str:
        return seconds_text(self.report.seconds) if self.report else ""

    @property
    def fell(self) -> str:
        """The share before, where it was higher in whole percent; "" otherwise."""
        if not (self.report and self.before and self.report.share < self.before.share):
            return ""
        before = reports.share_text(reports.share_of(self.before))
        return before if before != self.share else ""

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """Return (look, words, number) of each verdict."""
        counts: Mapping[str, int] = self.report.counts if self.report else {}
        return [
            (LOOKS[LEVELS[verdict]][0], VERDICT_WORDS[verdict], counts.get(verdict, 0)) for verdict in ReadinessVerdict
        ]

    @cached_property
    def deeds(self) -> list[Deed]:
        """The things to do, those that help most policies first."""
        reasons: Mapping[str, int] = self.report.reasons if self.report else {}
        examples = reports.examples(self.tenant, reasons, EXAMPLES_SHOWN)
        texts = {reason: TO_DO.get(reason, OTHER) for reason in reasons}
        deeds = [
            Deed(texts[reason], count, examples[reason], *self._where(reason)) for reason, count in reasons.items()
        ]
        return sorted(deeds, key=lambda deed: -deed.policies)

    def _where(self, reason: str) -> tuple[Sequence[tuple[str, int]], str, str]:
        """Return what of a deed differs by policy, and where it is done. Permissions are named one by one."""
        if reason != "permission_missing":
            return (), *self._place(reason)
        whys = reports.count_whys(self.tenant, reason, PARTS_SHOWN)
        if not can(Permission.ADMINISTER):
            return list(whys.items()), "", ""
        return list(whys.items()), url_for("connecting.page", tenant_id=self.tenant.id), "Connect this tenant"

    def _place(self, reason: str) -> tuple[str, str]:
        """Return where this is done and what that is called; empty where whoever looks may not do it."""
        tenant_id = self.tenant.id
        if reason == "unresolved":
            return url_for("mappings.index", tenant_id=tenant_id), "Mappings"
        if reason in ("changed_since", "no_snapshot"):
            return url_for("tenants.page", tenant_id=tenant_id), "Open the tenant"
        if reason == "guard" and can(Permission.MANAGE, tenant_id):
            return url_for("tenants.settings", tenant_id=tenant_id, _anchor="restore-rules"), "Set emergency accounts"
        if reason == "membership" and can(Permission.MANAGE, tenant_id):
            return url_for("tenants.settings", tenant_id=tenant_id), "Settings"
        return "", ""

    @property
    def columns(self) -> list[Column]:
        heights = [reports.percent(reports.share_of(report) or 0) for report in self.history]
        return [
            Column(report, max(height, 2), LOOKS[level_of(report)][0])
            for report, height in zip(self.history, heights, strict=True)
        ]

    @property
    def history_places(self) -> int:
        """The places of the picture: a few reports stand at its left, as thin as many."""
        return HISTORY_SHOWN

    @property
    def sorts(self) -> list[ListSort]:
        shown = self.policies.wish.show or ALL
        counts: Mapping[str, int] = self.report.counts if self.report else {}
        each = [
            ListSort(f"{counts[verdict]} {translated(VERDICT_WORDS[verdict])}", verdict, shown == verdict)
            for verdict in ReadinessVerdict
            if counts.get(verdict)
        ]
        return [*each, ListSort(translated("all"), ALL, shown == ALL)]

    @property
    def can_assess(self) -> bool:
        return self.tenant.is_active and can(Permission.OPERATE, self.tenant.id)

    def words_of(self, row: ReadinessItem) -> tuple[str, str]:
        """Return how a line's verdict looks, and its words."""
        verdict = ReadinessVerdict(row.verdict)
        return LOOKS[LEVELS[verdict]][0], VERDICT_WORDS[verdict]


def readiness_page(tenant: Tenant) -> ReadinessPage:
    wish = asked(request.args, (ALL, *ReadinessVerdict))
    key = wish.policy_type if wish.policy_type in policy_type_names.titles() else ""
    verdict = "" if wish.show == ALL else wish.show
    policies = FoldedList(
        wish=wish,
        counts=reports.count_by_type(tenant, ReportFilter(verdict, "", wish.words)),
        place=lambda **values: url_for("readiness.page", tenant_id=tenant.id, **values),
    )
    wanted = ReportFilter(verdict, key, wish.words)
    report = reports.newest(tenant)
    return ReadinessPage(
        tenant=tenant,
        report=report,
        before=reports.before(report) if report else None,
        run=Run.get_or_none(Run.id == report.run_id) if report and report.run_id else None,
        history=reports.history(tenant, HISTORY_SHOWN),
        policies=policies,
        rows=reports.lines(tenant, wanted, ROWS_SHOWN, policies.offset) if policies.lists_rows else [],
        old=tenant_policies.old_snapshots(tenant),
    )
