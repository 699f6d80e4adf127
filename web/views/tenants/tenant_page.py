"""The page of a tenant: its standing, what is not backed up or runs out, and what this person may do there."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from flask import request
from flask_login import current_user
from markupsafe import Markup

from actors.facade import policy_type_names
from db.accounts import users
from db.accounts.users import Member
from db.backups import backup_sets
from db.clock import utcnow
from db.events import watches
from db.installation import tenant_defaults
from db.installation.tenant_defaults import DefaultsDifference
from db.models import BackupSet, Expiry, Restore, Run, Schedule, StandardAdoption, Tenant, Watch
from db.policies import policies
from db.restores import restores
from db.runs import run_history
from db.standards import adoptions
from db.states import Offer, SetState, Standing
from db.tenants import backup_health, coverage, expiries, schedules, tags
from db.tenants.backup_health import TenantHealth
from web.presentation import rule_changes
from web.presentation.formatters import credential_end, credential_kind, policy_type_title, time_ago_html
from web.presentation.links import link
from web.presentation.rule_changes import WaitingChange
from web.security.access import can
from web.security.permissions import Permission
from web.translation.sentences import translated, translated_markup
from web.verdicts.verdicts import LEVELS, LOOKS, WORDS, Verdict, finding_verdicts
from web.views.tenants import freshness

RUNS_SHOWN = 8
NEWEST_SHOWN, EXPIRIES_SHOWN = 10, 8
# Time enough to make another credential, and to have it given here by whoever may.
ENDS_SOON = timedelta(days=30)


def last_backup(tenant: Tenant) -> Markup:
    """Say how old the last good backup of the whole tenant is, with a link to it."""
    if tenant.last_backup_at is None or tenant.last_backup_id is None:
        return time_ago_html(None)
    return link("backup_sets.page", time_ago_html(tenant.last_backup_at), backup_set_id=tenant.last_backup_id)


def connection(tenant: Tenant) -> Markup:
    if tenant.connection_error:
        look, word = LOOKS[LEVELS[Standing.DISCONNECTED]][0], WORDS[Standing.DISCONNECTED]
        return Markup('<span class="badge badge-{}">{}</span> {}').format(
            look, translated(word), translated(tenant.connection_error)
        )
    if tenant.connected_at is None:
        return Markup('<span class="text-muted">{}</span>').format(translated("Not tried yet"))
    return translated_markup('<i class="fa fa-check good" aria-hidden="true"></i> worked {}').format(
        time_ago_html(tenant.connected_at)
    )


def credential(tenant: Tenant) -> Markup:
    """Say which kind of credential the tenant has, and when it ends where that is known."""
    end, now = tenant.credential_expires_at, utcnow()
    if end is None:
        return Markup("{}").format(credential_kind(tenant.credential_kind))
    look = "bad" if end < now else "warn" if end < now + ENDS_SOON else "muted"
    return Markup('{} <span class="badge badge-{}">{}</span>').format(
        credential_kind(tenant.credential_kind), look, credential_end(end, now)
    )


@dataclass(frozen=True)
class CoverageGap:
    """Policy types that are not backed up for one reason. `since`: when they last were, or were first asked for."""

    state: str
    why: str
    since: datetime | None
    good_at: datetime | None
    titles: list[str] = field(default_factory=list)


class ExpiryRow(NamedTuple):
    """Something that runs out, and how urgent that is: as a look, and in words."""

    row: Expiry
    urgent: str
    words: str

    @property
    def title(self) -> str:
        return policy_type_names.expiry_title(self.row.kind)


class Tab(NamedTuple):
    """One of the pages about a tenant. `permission`: what it takes to see it."""

    key: str
    label: str
    endpoint: str
    permission: Permission


# The first stands at the tenant's own address.
TABS = (
    Tab("overview", "Overview", "tenants.page", Permission.SEE),
    Tab("changes", "Changes", "tenant_changes.page", Permission.SEE),
    Tab("types", "Policies by type", "tenants.types", Permission.SEE),
    Tab("approved", "Approved state", "approved_state.page", Permission.SEE),
    Tab("backups", "Backups", "tenants.backups", Permission.SEE),
    Tab("restores", "Restores", "tenants.restores", Permission.SEE),
    Tab("members", "Members", "tenants.members", Permission.MANAGE),
    Tab("settings", "Settings", "tenants.settings", Permission.MANAGE),
)


@dataclass(frozen=True)
class TenantPage:
    """A tenant on one of its tabs. What only another tab shows is not looked up."""

    tenant: Tenant
    tab: str

    @property
    def tabs(self) -> list[Tab]:
        return [tab for tab in TABS if can(tab.permission, self.tenant.id)]

    @cached_property
    def health(self) -> TenantHealth | None:
        return next(iter(backup_health.health_of_tenants([self.tenant.id], utcnow())), None)

    @cached_property
    def standards(self) -> list[StandardAdoption]:
        return adoptions.of_tenant(self.tenant)

    @cached_property
    def uncovered(self) -> list[CoverageGap]:
        return _uncovered(self.tenant)

    @cached_property
    def expiries(self) -> list[ExpiryRow]:
        now = utcnow()
        return [ExpiryRow(row, *expiries.describe(row, now)) for row in expiries.of_tenant(self.tenant)]

    @property
    def first_expiries(self) -> list[ExpiryRow]:
        return self.expiries[:EXPIRIES_SHOWN]

    @property
    def more_expiries(self) -> list[ExpiryRow]:
        return self.expiries[EXPIRIES_SHOWN:]

    @cached_property
    def oldest_reading(self) -> datetime | None:
        return policies.oldest_reading(self.tenant)

    @cached_property
    def changes(self) -> int:
        return backup_health.count_changes([self.tenant.id])[self.tenant.id]

    @cached_property
    def runs(self) -> list[Run]:
        return run_history.newest_runs(Run.tenant == self.tenant, RUNS_SHOWN)

    @cached_property
    def backup_sets(self) -> list[BackupSet]:
        return backup_sets.of_tenant(self.tenant, NEWEST_SHOWN)

    @cached_property
    def restores(self) -> list[Restore]:
        return restores.of_tenant(self.tenant, NEWEST_SHOWN)

    @cached_property
    def rule_change(self) -> WaitingChange | None:
        return rule_changes.waiting_change(self.tenant)

    @cached_property
    def schedules(self) -> list[Schedule]:
        return schedules.of_tenants([self.tenant.id])

    @cached_property
    def is_subscribed(self) -> bool | None:
        """Tell whether this person hears of every run of the tenant; None where they have no role in it."""
        return users.is_subscribed(current_user.id, self.tenant)

    @cached_property
    def watch(self) -> Watch | None:
        return watches.find(self.tenant)

    @property
    def freshness(self) -> Markup:
        return freshness.freshness(self.tenant, self.watch)

    @property
    def connection(self) -> Markup:
        return connection(self.tenant)

    @property
    def credential(self) -> Markup:
        return credential(self.tenant)

    @property
    def found(self) -> list[Verdict]:
        """The things that keep the tenant from standing well, the worst first."""
        return finding_verdicts(self.health) if self.health else []

    @cached_property
    def tags(self) -> dict[str, str]:
        """The tag as the list is narrowed by it -> the tag as it is written."""
        return tags.known([self.tenant.id])

    @cached_property
    def other_than_defaults(self) -> list[DefaultsDifference]:
        """In what the tenant is not as a new one would be; for those who may change it."""
        return tenant_defaults.differences(self.tenant) if self.can_manage else []

    @cached_property
    def emergency_note(self) -> str:
        """The accounts that the tenant should name, as an admin wrote, while it names none."""
        if self.tenant.break_glass or not self.can_manage:
            return ""
        return tenant_defaults.given_to(self.tags.values()).row.emergency_note or ""

    @property
    def asks_for_emergency_accounts(self) -> bool:
        return self.health is not None and Standing.UNGUARDED in self.health.standings

    @cached_property
    def members(self) -> list[Member]:
        return users.members_of_tenant(self.tenant)

    @property
    def break_glass(self) -> str:
        """The accounts and groups for emergencies as the form takes them, or what was typed into it and refused."""
        return request.form.get("break_glass", _lines(self.tenant))

    @property
    def can_operate(self) -> bool:
        return can(Permission.OPERATE, self.tenant.id)

    @property
    def can_start(self) -> bool:
        return bool(self.tenant.is_active) and self.can_operate

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)

    @property
    def can_administer(self) -> bool:
        return can(Permission.ADMINISTER)


def _uncovered(tenant: Tenant) -> list[CoverageGap]:
    """Group the policy types that are not backed up by their reason."""
    groups: dict[tuple[str, str | None, datetime | None, datetime | None], CoverageGap] = {}
    for row in coverage.uncovered(tenant):
        state = SetState.INCOMPLETE if row.offer == Offer.OFFERED else row.offer
        group = CoverageGap(state, row.why or "", row.bad_since, row.good_at)
        group = groups.setdefault((state, row.why, row.bad_since, row.good_at), group)
        group.titles.append(policy_type_title(row.policy_type))
    return list(groups.values())


def _lines(tenant: Tenant) -> str:
    words = {"groups": "group", "users": "user"}
    return "\n".join(f"{words[entry['kind']]} {entry['id']} {entry['name']}" for entry in tenant.break_glass or ())
