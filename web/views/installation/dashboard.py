"""`/`: is everyone backed up, what needs attention first, and how the runs of the last days went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from flask_admin import AdminIndexView, expose
from flask_babel import gettext
from markupsafe import Markup

from actors.queue import tag_queues
from actors.queue.queue_names import PRIORITY
from db.audit import daily_check
from db.backups import nights
from db.changes import change_lists
from db.clock import utcnow
from db.events import watches
from db.housekeeping import tenant_removal
from db.models import Change, Restore, RuleChange, Run, Tenant, Watch
from db.readiness import reports
from db.restores import restores
from db.runs import levels, run_history
from db.sql.value_lists import is_in_if_given
from db.states import ChangeState, Level, Severity, Standing
from db.tenants import backup_health, tags
from db.tenants.backup_health import TenantHealth
from web.change_words import authors
from web.change_words.authors import Author
from web.lists.filters import FAILED_OR_PARTIAL
from web.presentation import rule_changes
from web.presentation.chart import Chart
from web.security.access import allowed_tenant_ids, can, requires
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts.installation import InstallationVerdict, installation_verdict
from web.verdicts.readiness import FleetReadiness, fleet_readiness
from web.verdicts.verdicts import LEVELS, LOOKS, WORDS, Help, Verdict, finding_verdicts, help_at
from web.views.tenants import freshness

LATEST = 8
CHANGES_SHOWN = 5
WAITING = 20
# Tables of so many are read at once; the rest is behind "Tenants".
TENANTS_SHOWN = 20
TROUBLED_SHOWN = 10
DAYS = 14
WEEK = timedelta(days=7)
NIGHT_HEIGHTS = {Level.GOOD: 20, Level.ATTENTION: 13, Level.BAD: 7, Level.NEUTRAL: 3}
NIGHT_WORDS = {Level.GOOD: "good", Level.ATTENTION: "partial", Level.BAD: "missed", Level.NEUTRAL: "none"}


class Tile(NamedTuple):
    """The number of tenants of which one thing is found, or nothing: as many as the list that it leads to has."""

    standing: Standing
    number: int

    @property
    def look(self) -> str:
        return f"tile-{LOOKS[LEVELS[self.standing]][0]}"

    @property
    def word(self) -> str:
        return WORDS[self.standing]

    @property
    def help(self) -> Help:
        return help_at(self.word, "tenant_list.index_view", standing=str(self.standing))


class Night(NamedTuple):
    """A night in the picture of a tenant's last ones. Its height says it too: never colour alone."""

    day: date
    level: Level

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def word(self) -> str:
        return NIGHT_WORDS[self.level]

    @property
    def height(self) -> int:
        return NIGHT_HEIGHTS[self.level]


class TenantRow(NamedTuple):
    """A tenant in the table: what is found of it, its last nights, changes since its last good backup, failures."""

    health: TenantHealth
    nights: list[Night]
    changes: int
    failures: int
    watch: Watch | None

    @property
    def freshness(self) -> Markup:
        return freshness.freshness_line(self.tenant, self.watch)

    @property
    def tenant(self) -> Tenant:
        return self.health.tenant

    @property
    def found(self) -> list[Verdict]:
        return finding_verdicts(self.health)

    @property
    def nights_said(self) -> str:
        """The picture of the nights in words."""
        counts = Counter(night.level for night in self.nights)
        nights = gettext("Last %(days)s nights", days=len(self.nights))
        words = {level: translated(word) for level, word in NIGHT_WORDS.items() if counts[level]}
        return f"{nights}: " + ", ".join(f"{counts[level]} {word}" for level, word in words.items())

    @property
    def can_back_up(self) -> bool:
        return can(Permission.OPERATE, self.tenant.id)


@dataclass(frozen=True)
class OpenChanges:
    """The changes that nobody has decided about: how many, the gravest first, and the newest with their authors.

    `is_approved`: somebody approved something; without that nothing is open, and `last_day` counts what was seen.
    """

    counts: dict[Severity, int]
    newest: list[tuple[Change, Author]]
    is_approved: bool
    last_day: int
    open_state: str = ChangeState.OPEN


@dataclass(frozen=True)
class DashboardPage:
    """`rows` are of the tenants shown, those that need attention first; `verdict` and `tiles` are of all."""

    verdict: InstallationVerdict
    readiness: FleetReadiness
    tiles: list[Tile]
    count: int
    rows: list[TenantRow]
    week_ago: datetime
    restores_to_approve: list[Restore]
    rule_changes: list[RuleChange]
    leaving: list[Tenant]
    chart: Chart
    audit_fault: str | None
    switched_off: list[Tenant]
    runs: list[Run]
    changes: OpenChanges
    # Of these tags, which some of the tenants have, nobody serves the runs.
    unserved_tags: list[str]

    @cached_property
    def troubled(self) -> list[TenantRow]:
        return [row for row in self.rows if row.health.findings][:TROUBLED_SHOWN]

    @property
    def untold(self) -> int:
        """The number of tenants that need attention as well, and are not told one by one."""
        return (
            self.count - sum(tile.number for tile in self.tiles if tile.standing == Standing.GOOD) - len(self.troubled)
        )

    @property
    def night_legend(self) -> list[tuple[str, str]]:
        return [(LOOKS[level][0], word) for level, word in NIGHT_WORDS.items()]

    @property
    def failures_shown(self) -> dict[str, str]:
        """Arguments of the list of runs that show those that failed this week."""
        return {"state": FAILED_OR_PARTIAL, "since": f"{self.week_ago:%Y-%m-%d}"}

    @property
    def needs_attention(self) -> bool:
        return bool(self.leaving or self.troubled or self.restores_to_approve or self.rule_changes)


class Dashboard(AdminIndexView):
    def is_accessible(self) -> bool:
        return True

    @expose("/")
    @requires(Permission.SIGNED_IN)
    def index(self) -> Any:
        if not can(Permission.SEE):
            return self.render("dashboard/no_tenants.html", audit_fault=_audit_fault())
        return self.render("dashboard/page.html", page=_page(allowed_tenant_ids(Permission.SEE), utcnow()))


def _page(tenant_ids: list[int] | None, now: datetime) -> DashboardPage:
    tenants = backup_health.health_of_tenants(tenant_ids, now)
    found = Counter(standing for health in tenants for standing in health.standings)
    first = now.date() - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return DashboardPage(
        verdict=installation_verdict(tenants),
        readiness=fleet_readiness([health.tenant for health in tenants], reports.newest_of(tenant_ids)),
        tiles=[Tile(standing, found[standing]) for standing in Standing if found[standing]],
        count=len(tenants),
        rows=_rows(tenants[:TENANTS_SHOWN], days, now),
        week_ago=now - WEEK,
        restores_to_approve=restores.awaiting_approval(tenant_ids, WAITING),
        rule_changes=rule_changes.changes_to_decide(),
        leaving=tenant_removal.waiting(tenant_ids, WAITING),
        chart=Chart.draw(days, levels.OF_ENDED, run_history.count_ended_by_day(first, tenant_ids)),
        audit_fault=_audit_fault(),
        switched_off=backup_health.switched_off(tenant_ids),
        runs=run_history.newest_runs(is_in_if_given(Run.tenant, tenant_ids), LATEST),
        changes=_open_changes(tenant_ids, now),
        unserved_tags=_unserved_tags(tenant_ids),
    )


def _unserved_tags(tenant_ids: list[int] | None) -> list[str]:
    unserved = tag_queues.tags_without_worker(PRIORITY)
    known = tags.known(tenant_ids) if unserved else {}
    return [tag_queues.sentence_without_worker(known[tag]) for tag in unserved if tag in known]


def _open_changes(tenant_ids: list[int] | None, now: datetime) -> OpenChanges:
    newest = change_lists.newest_open(tenant_ids, CHANGES_SHOWN)
    found = authors.authors_of(newest)
    return OpenChanges(
        counts=change_lists.count_open_by_severity(tenant_ids),
        newest=[(change, found[change.id]) for change in newest],
        is_approved=change_lists.is_anything_approved(tenant_ids),
        last_day=change_lists.count_seen_since(now - timedelta(days=1), tenant_ids),
    )


def _rows(tenants: Sequence[TenantHealth], days: Sequence[date], now: datetime) -> list[TenantRow]:
    ids = [health.tenant.id for health in tenants]
    changes, failures = backup_health.count_changes(ids), backup_health.count_failures(ids, now - WEEK)
    by_tenant, watched = nights.of_tenants(ids, days, now), watches.of_tenants(ids)
    return [
        TenantRow(
            health,
            [Night(day, level) for day, level in zip(days, by_tenant[health.tenant.id], strict=True)],
            changes.get(health.tenant.id, 0),
            failures.get(health.tenant.id, 0),
            watched.get(health.tenant.id),
        )
        for health in tenants
    ]


def _audit_fault() -> str | None:
    """Return the audit log's first fault, for people who may see the whole log."""
    is_theirs = allowed_tenant_ids(Permission.AUDIT) is None
    return daily_check.last_check().first_fault if is_theirs else None
