"""The form of a notice rule: which events, how grave, of which tenants, when; and a rule as one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request

from db.errors import Invalid
from db.models import Channel, NoticeRule, Tenant
from db.notices import rules
from db.notices.rules import RuleChoice
from db.states import NoticeEvent, NoticePace, Severity
from db.tenants import schedules, tags
from db.tenants.schedule_words import zone_words
from web.inputs import form_text, ticked_values
from web.security.access import parse_row_id

EVENTS: Mapping[NoticeEvent, str] = {
    NoticeEvent.CHANGE: "A policy was added, changed or removed",
    NoticeEvent.FOREIGN_WRITE: "Somebody else wrote with Tenantkeep’s own app",
    NoticeEvent.NO_GOOD_BACKUP: "There was no good backup for some hours",
    NoticeEvent.SCHEDULE_MISSED: "A scheduled backup did not begin",
    NoticeEvent.RUN_FAILED: "A backup or another run failed",
    NoticeEvent.RUN_PARTIAL: "A backup or another run succeeded only in part",
    NoticeEvent.READINESS_FELL: "Less of a tenant would come back by itself than before",
    NoticeEvent.CONNECTION_FAILING: "Signing in to a tenant fails",
    NoticeEvent.CREDENTIAL_EXPIRING: "A tenant’s credential is about to end",
    NoticeEvent.DELETION_DUE: "Backups, or a whole tenant, will be deleted unless somebody takes it back",
    NoticeEvent.SAFEGUARD_CHANGED: "Somebody changed what keeps backups safe: stores of copies, retention, who is told",
    NoticeEvent.RESTORE_ASKED: "Somebody asks for a restore to be confirmed",
    NoticeEvent.RESTORE_WAITING: "A restore waits for a second person’s approval",
    NoticeEvent.TENANT_APPROVAL_WAITING: "A restore waits for Multi Admin Approval in the tenant",
    NoticeEvent.RESTORE_DONE: "A restore has ended",
    NoticeEvent.AUDIT_BROKEN: "The audit log was changed, or a part of it is missing",
    NoticeEvent.COPIES_FAILING: "Copies fail, are behind or not locked, or no recovery key was proved for a year",
    NoticeEvent.ROLLOUT: "A standard’s roll-out waits to be confirmed, stopped by itself, or ended",
    NoticeEvent.ROLLOUT_PLANNED: "A standard’s version is planned for a tenant",
    NoticeEvent.STANDARD_EXCEPTION: "An exception to a standard is asked for, decided, about to end, or over",
    NoticeEvent.WEEKLY_REPORT: "A week is over: what changed, what is open, how fresh the backup is",
    NoticeEvent.MONTHLY_REPORT: "A month is over: what changed, what is open, how fresh the backup is",
}
SEVERITIES: Mapping[Severity, str] = {
    Severity.HIGH: "only high",
    Severity.MEDIUM: "medium and high",
    Severity.LOW: "all of them",
}
PACES: Mapping[NoticePace, str] = {
    NoticePace.AT_ONCE: "at once",
    NoticePace.HOURLY: "once an hour, together",
    NoticePace.DAILY: "once a day, together",
}
# Enough to tick; of more, a rule has all.
MOST_TENANTS = 1000
NAMES_SHOWN = 8


@dataclass(frozen=True)
class RuleForm:
    """The form's values: a rule as it is, or as it was typed and refused."""

    choice: RuleChoice
    tenants: Sequence[Tenant]

    @property
    def events(self) -> Mapping[NoticeEvent, str]:
        return EVENTS

    @property
    def severities(self) -> Mapping[Severity, str]:
        return SEVERITIES

    @property
    def paces(self) -> Mapping[NoticePace, str]:
        return PACES

    @property
    def time_zones(self) -> list[str]:
        return schedules.time_zones()

    @property
    def chosen_tenants(self) -> frozenset[int]:
        return frozenset(self.choice.tenants or ())


def form_of(channel: Channel, choice: RuleChoice) -> RuleForm:
    return RuleForm(choice, rules.tenants_to_choose(channel, MOST_TENANTS))


def proposed(user_id: int | None) -> RuleChoice:
    """Return what a new rule begins with: what is grave, on the clock of this person's newest rule or schedule."""
    return RuleChoice(time_zone=rules.newest_time_zone(user_id) or schedules.last_time_zone(user_id))


def read(channel: Channel) -> RuleChoice:
    """Read the form that was sent. Tenants that the channel may not hear of are left out. Raises Invalid."""
    form = request.form
    try:
        severity, chosen_pace = Severity(form_text("min_severity")), NoticePace(form_text("pace"))
    except ValueError as e:
        raise Invalid("Choose how grave, and when.") from e
    hours = form_text("hours", 6) or "26"
    if not (hours.isascii() and hours.isdigit()):
        raise Invalid(f"“{hours}” is no number of hours.")
    return RuleChoice(
        events=[NoticeEvent(value) for value in ticked_values(form, "event", 50) if value in EVENTS],
        min_severity=severity,
        tenants=_read_tenants(channel) if form_text("tenants") == "some" else None,
        tags=tags.parse(form_text("tags", 1000)) if form_text("tenants") == "some" else (),
        hours=int(hours),
        pace=chosen_pace,
        daily_at=form_text("daily_at", 5) or "07:30",
        time_zone=form_text("time_zone", 60) or "UTC",
        quiet_from=form_text("quiet_from", 5) or None,
        quiet_to=form_text("quiet_to", 5) or None,
        breaks_quiet=form_text("breaks_quiet") == "yes",
        is_active=form_text("is_active") == "yes",
    )


def _read_tenants(channel: Channel) -> list[int]:
    known = {tenant.id for tenant in rules.tenants_to_choose(channel, MOST_TENANTS)}
    typed = ticked_values(request.form, "tenant_id", MOST_TENANTS)
    return sorted(known.intersection(map(parse_row_id, typed)))


@dataclass(frozen=True)
class RuleWords:
    """A rule as a page says it."""

    rule: NoticeRule
    tenant_names: Sequence[str]

    @property
    def first_names(self) -> Sequence[str]:
        return self.tenant_names[:NAMES_SHOWN]

    @property
    def more_names(self) -> int:
        return max(len(self.tenant_names) - NAMES_SHOWN, 0)

    @property
    def events(self) -> list[tuple[str, str]]:
        """(what it tells, how much of it), in the order of the form."""
        return [(sentence, self._extent(event)) for event, sentence in EVENTS.items() if event in self.rule.events]

    def _extent(self, event: NoticeEvent) -> str:
        if event == NoticeEvent.CHANGE:
            return SEVERITIES[Severity(self.rule.min_severity)]
        return f"{self.rule.hours} hours" if event == NoticeEvent.NO_GOOD_BACKUP else ""

    @property
    def pace(self) -> str:
        return PACES[NoticePace(self.rule.pace)]

    @property
    def daily_at(self) -> str:
        return str(self.rule.daily_at) if self.rule.pace == NoticePace.DAILY else ""

    @property
    def zone(self) -> str:
        return zone_words(self.rule.time_zone)


def words_of(channel: Channel) -> list[RuleWords]:
    names = {tenant.id: str(tenant.name) for tenant in rules.tenants_to_choose(channel, MOST_TENANTS)}
    return [
        RuleWords(rule, [names[number] for number in rule.tenants or () if number in names])
        for rule in rules.of_channel(channel)
    ]
