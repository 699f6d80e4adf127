"""Notice rules: which events are told to a channel, of which tenants, at which pace; and whom they may reach."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import zone_of
from db.database import database
from db.errors import Invalid
from db.models import Channel, NoticeRule, Occurrence, Tenant, TenantTag, User
from db.notices import pace
from db.sql.value_lists import is_in
from db.states import NoticeEvent, NoticePace, RunState, Severity, SiteRole

MAX_HOURS = 24 * 31
MAX_RULES = 20
SEVERITIES = list(Severity)
# What somebody wants to be woken for. A rule "what is grave" has these.
GRAVE_EVENTS = (
    NoticeEvent.CHANGE,
    NoticeEvent.NO_GOOD_BACKUP,
    NoticeEvent.RUN_FAILED,
    NoticeEvent.CONNECTION_FAILING,
    NoticeEvent.CREDENTIAL_EXPIRING,
    NoticeEvent.DELETION_DUE,
    NoticeEvent.SAFEGUARD_CHANGED,
    NoticeEvent.AUDIT_BROKEN,
    NoticeEvent.COPIES_FAILING,
    NoticeEvent.FOREIGN_WRITE,
)
# Of the whole installation: for its admins and auditors.
OF_INSTALLATION = (NoticeEvent.AUDIT_BROKEN, NoticeEvent.COPIES_FAILING, NoticeEvent.ROLLOUT)
# Whoever looks after standards hears of them too: they see every standard, with who follows it.
_OF_STANDARDS = (NoticeEvent.ROLLOUT, NoticeEvent.STANDARD_EXCEPTION)
_KEEPERS_OF_STANDARDS = (SiteRole.STANDARD_EDITOR, SiteRole.STANDARD_APPROVER)
# A restore that ended is one occurrence: whoever hears of runs that fail hears of it, too.
_RUN_EVENTS = {RunState.FAILED: NoticeEvent.RUN_FAILED, RunState.PARTIAL: NoticeEvent.RUN_PARTIAL}
_SEVERITY_OF_EVENT = {
    NoticeEvent.FOREIGN_WRITE: Severity.HIGH,
    NoticeEvent.AUDIT_BROKEN: Severity.HIGH,
    NoticeEvent.DELETION_DUE: Severity.HIGH,
    NoticeEvent.SAFEGUARD_CHANGED: Severity.HIGH,
    NoticeEvent.COPIES_FAILING: Severity.HIGH,
    NoticeEvent.NO_GOOD_BACKUP: Severity.HIGH,
    NoticeEvent.RUN_FAILED: Severity.HIGH,
    NoticeEvent.CONNECTION_FAILING: Severity.HIGH,
    NoticeEvent.RUN_PARTIAL: Severity.MEDIUM,
    NoticeEvent.SCHEDULE_MISSED: Severity.MEDIUM,
    NoticeEvent.CREDENTIAL_EXPIRING: Severity.MEDIUM,
    NoticeEvent.RESTORE_WAITING: Severity.MEDIUM,
    NoticeEvent.TENANT_APPROVAL_WAITING: Severity.MEDIUM,
    NoticeEvent.RESTORE_ASKED: Severity.MEDIUM,
    NoticeEvent.READINESS_FELL: Severity.MEDIUM,
    NoticeEvent.ROLLOUT: Severity.MEDIUM,
    NoticeEvent.ROLLOUT_PLANNED: Severity.MEDIUM,
    NoticeEvent.STANDARD_EXCEPTION: Severity.MEDIUM,
    NoticeEvent.RESTORE_DONE: Severity.LOW,
}
# These come in the quiet hours all the same, where they are high and the rule says so.
_BREAK_QUIET = (
    NoticeEvent.CHANGE,
    NoticeEvent.FOREIGN_WRITE,
    NoticeEvent.AUDIT_BROKEN,
    NoticeEvent.DELETION_DUE,
    NoticeEvent.SAFEGUARD_CHANGED,
)


@dataclass(frozen=True)
class RuleChoice:
    """The choices of a person for a rule."""

    events: Sequence[NoticeEvent] = GRAVE_EVENTS
    min_severity: Severity = Severity.HIGH
    # None: every tenant that the channel may hear of.
    tenants: Sequence[int] | None = None
    # Beside those, the tenants that have one of these tags at that moment.
    tags: Sequence[str] = ()
    hours: int = 26
    pace: NoticePace = NoticePace.AT_ONCE
    daily_at: str = "07:30"
    time_zone: str = "UTC"
    quiet_from: str | None = None
    quiet_to: str | None = None
    breaks_quiet: bool = True
    is_active: bool = True

    def as_columns(self) -> dict[str, Any]:
        """Return the columns of the rule's row. Raises Invalid."""
        if not self.events:
            raise Invalid("Choose at least one event to be told of.")
        if not 1 <= self.hours <= MAX_HOURS:
            raise Invalid(f"Hours without a good backup: a number from 1 to {MAX_HOURS}.")
        if self.tenants is not None and not self.tenants and not self.tags:
            raise Invalid("Choose at least one tenant or tag, or all of them.")
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise Invalid("Quiet hours need a beginning and an end.")
        zone_of(self.time_zone)
        columns = {
            "events": [str(event) for event in NoticeEvent if event in self.events],
            "min_severity": str(self.min_severity),
            "tenants": None if self.tenants is None else sorted(self.tenants),
            "tags": None if self.tenants is None or not self.tags else list(self.tags),
            "hours": self.hours,
            "pace": str(self.pace),
            "daily_at": _as_stored(self.daily_at),
            "time_zone": self.time_zone,
            "quiet_from": self.quiet_from and _as_stored(self.quiet_from),
            "quiet_to": self.quiet_to and _as_stored(self.quiet_to),
            "breaks_quiet": self.breaks_quiet,
            "is_active": self.is_active,
        }
        if columns["quiet_from"] and columns["quiet_from"] == columns["quiet_to"]:
            raise Invalid("Quiet hours that end when they begin would never end.")
        return columns


def _as_stored(text: str) -> str:
    return f"{pace.parse_time(text):%H:%M}"


def choice_of(rule: NoticeRule) -> RuleChoice:
    return RuleChoice(
        events=[NoticeEvent(event) for event in rule.events],
        min_severity=Severity(rule.min_severity),
        tenants=rule.tenants,
        tags=rule.tags or (),
        hours=rule.hours,
        pace=NoticePace(rule.pace),
        daily_at=rule.daily_at,
        time_zone=rule.time_zone,
        quiet_from=rule.quiet_from,
        quiet_to=rule.quiet_to,
        breaks_quiet=rule.breaks_quiet,
        is_active=rule.is_active,
    )


# --- made by people --------------------------------------------------------------------------------------------------


def add(channel: Channel, choice: RuleChoice, actor: Actor) -> NoticeRule:
    """Add a rule to the channel. Raises Invalid."""
    columns = choice.as_columns()
    with database.atomic():
        if NoticeRule.select().where(NoticeRule.channel == channel).count() >= MAX_RULES:
            raise Invalid(f"This channel has {MAX_RULES} rules already. Change or remove one.")
        rule = NoticeRule.create(channel=channel, **columns)
        _record(Action.NOTICE_RULE_SET, actor, channel, rule)
    return rule


def add_sensible(channel: Channel, time_zone: str, actor: Actor) -> NoticeRule:
    """Add the rule "what is grave": what nobody wants to hear of only when they look."""
    return add(channel, replace(RuleChoice(), time_zone=time_zone), actor)


def change(rule: NoticeRule, choice: RuleChoice, actor: Actor) -> None:
    """Change the rule. Notices that it made already keep their time. Raises Invalid."""
    columns = choice.as_columns()
    with database.atomic():
        NoticeRule.update(**columns).where(NoticeRule.id == rule.id).execute()
        _record(Action.NOTICE_RULE_SET, actor, rule.channel, NoticeRule.get_by_id(rule.id))


def remove(rule: NoticeRule, actor: Actor) -> None:
    """Remove the rule. What it was about to tell is not told."""
    with database.atomic():
        _record(Action.NOTICE_RULE_REMOVED, actor, rule.channel, rule)
        NoticeRule.delete().where(NoticeRule.id == rule.id).execute()


def _record(action: Action, actor: Actor, channel: Channel, rule: NoticeRule) -> None:
    audit.record(
        action,
        actor,
        f"channel {channel.name}",
        rule=rule.id,
        events=list(rule.events),
        pace=str(rule.pace),
        is_active=rule.is_active,
    )


def of_channel(channel: Channel) -> list[NoticeRule]:
    return list(NoticeRule.select().where(NoticeRule.channel == channel).order_by(NoticeRule.id))


def active() -> list[NoticeRule]:
    """Return the rules that tell something now: switched on, of channels that are; each with its channel and owner."""
    query = NoticeRule.select(NoticeRule, Channel).join(Channel).where(NoticeRule.is_active & Channel.is_active)
    return list(query.order_by(NoticeRule.id))


def hours_wanted() -> list[int]:
    """Return after how many hours without a good backup somebody wants to hear of it; each number once."""
    return sorted({rule.hours for rule in active() if NoticeEvent.NO_GOOD_BACKUP in rule.events})


def newest_time_zone(user_id: int | None) -> str | None:
    """Return the zone of the newest rule of a channel that this person made."""
    rows = NoticeRule.select(NoticeRule.time_zone).join(Channel).where(Channel.created_by == user_id)
    zone: str | None = rows.order_by(NoticeRule.id.desc()).limit(1).scalar()
    return zone


# --- asked by who tells ----------------------------------------------------------------------------------------------


def severity_of(occurrence: Occurrence) -> Severity:
    """Return how grave it is: of a change as it was assessed, of anything else by what it is."""
    event = NoticeEvent(occurrence.event)
    if event == NoticeEvent.RESTORE_DONE and _run_event(occurrence):
        return Severity.HIGH
    return Severity(occurrence.severity or _SEVERITY_OF_EVENT.get(event, Severity.LOW))


def _run_event(occurrence: Occurrence) -> NoticeEvent | None:
    """Return the event that the end of a restore is to who hears of runs; None for one that did as asked."""
    return _RUN_EVENTS.get(occurrence.facts.get("state"))


def tags_of(occurrence: Occurrence) -> frozenset[str]:
    """Return the tags, folded, that the occurrence's tenant has now."""
    rows = TenantTag.select(TenantTag.folded).where(TenantTag.tenant == occurrence.tenant_id)
    return frozenset(row[0] for row in rows.tuples()) if occurrence.tenant_id else frozenset()


def _is_of_scope(rule: NoticeRule, tenant_id: int, tags: Collection[str]) -> bool:
    return rule.tenants is None or tenant_id in rule.tenants or any(tag.casefold() in tags for tag in rule.tags or ())


def wants(rule: NoticeRule, occurrence: Occurrence, tags: Collection[str] = ()) -> bool:
    """Return whether the rule is about this; `tags`: those of its tenant. Whether its channel may hear: `Audience`."""
    event = NoticeEvent(occurrence.event)
    also = _run_event(occurrence) if event == NoticeEvent.RESTORE_DONE else None
    if event not in rule.events and also not in rule.events:
        return False
    if occurrence.tenant_id is not None and not _is_of_scope(rule, occurrence.tenant_id, tags):
        return False
    if event == NoticeEvent.CHANGE:
        return SEVERITIES.index(severity_of(occurrence)) >= SEVERITIES.index(Severity(rule.min_severity))
    if event == NoticeEvent.NO_GOOD_BACKUP:
        return bool(occurrence.facts.get("hours") == rule.hours)
    return True


def breaks_quiet(rule: NoticeRule, occurrence: Occurrence) -> bool:
    """Return whether it comes in the rule's quiet hours all the same."""
    return bool(rule.breaks_quiet and occurrence.event in _BREAK_QUIET and severity_of(occurrence) == Severity.HIGH)


def due_at(rule: NoticeRule, occurrence: Occurrence, now: datetime) -> datetime:
    return pace.due_at(rule, now, breaks_quiet=breaks_quiet(rule, occurrence))


class Audience:
    """Whom channels may tell what: a personal one what its owner may see at this moment, and nothing once they left.

    It asks once for each owner: make one for each transaction that tells.
    """

    def __init__(self, channels: Iterable[Channel]) -> None:
        owner_ids = {channel.owner_id for channel in channels} - {None}
        owners = {user.id: user for user in User.select().where(is_in(User.id, owner_ids))}
        self._owners: dict[int, User] = {number: user for number, user in owners.items() if user.is_active}
        self._tenant_ids = {number: _tenants_seen_by(user) for number, user in self._owners.items()}

    def may_hear(self, channel: Channel, occurrence: Occurrence) -> bool:
        if channel.owner_id is None:
            return True
        owner = self._owners.get(channel.owner_id)
        if owner is None:
            return False
        if occurrence.event in _OF_STANDARDS and owner.site_role in _KEEPERS_OF_STANDARDS:
            return True
        if occurrence.tenant_id is None:
            return owner.site_role in (SiteRole.ADMIN, SiteRole.AUDITOR)
        seen = self._tenant_ids[owner.id]
        return seen is None or occurrence.tenant_id in seen


def _tenants_seen_by(user: User) -> set[int] | None:
    """Return the ids of the tenants that this person may see now; None: all."""
    return None if user.site_role == SiteRole.ADMIN else set(users.roles_by_tenant(user.id))


def tenants_to_choose(channel: Channel, limit: int) -> list[Tenant]:
    """Return the tenants that a rule of this channel may name, by name."""
    seen = None if channel.owner_id is None else _tenants_seen_by(channel.owner)
    query = Tenant.select(Tenant.id, Tenant.name).order_by(Tenant.name).limit(limit)
    return list(query if seen is None else query.where(is_in(Tenant.id, seen)))
