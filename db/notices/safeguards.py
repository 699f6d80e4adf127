"""Acts by which backups become less safe: whoever may do everything here does these where the others hear of it.

They are found in the audit log, which has every act of a page, of the API and of a command alike, and which nobody can
change. Each is an occurrence, once.
"""

from datetime import datetime, timedelta

from db.audit.audit import Action
from db.clock import is_recent
from db.models import AuditEvent, Channel, Occurrence, Tenant, User
from db.notices import occurrences
from db.sql.value_lists import is_in
from db.states import NoticeEvent, Result, SiteRole

# A scheduler that did not run for so long tells all the same.
LOOK_BACK = timedelta(days=7)
ACTS = (
    Action.COPY_STORE_ADDED,
    Action.COPY_STORE_CHANGED,
    Action.COPY_STORE_REMOVED,
    Action.RECOVERY_KEY_RETIRED,
    Action.TENANT_SWITCHED_OFF,
    Action.TENANT_DISCONNECTED,
    Action.RETENTION_SET,
    Action.SET_UNPINNED,
    Action.CHANNEL_CHANGED,
    Action.CHANNEL_REMOVED,
    Action.NOTICE_RULE_SET,
    Action.NOTICE_RULE_REMOVED,
    Action.USER_CHANGED,
)
# Changes that make nothing less safe.
_HARMLESS = {
    Action.COPY_STORE_CHANGED: {"name", "bytes_per_second"},
    Action.CHANNEL_CHANGED: {"name", "switched on"},
    Action.USER_CHANGED: {"name"},
}


def key_of(event_id: int) -> str:
    return f"{NoticeEvent.SAFEGUARD_CHANGED}:{event_id}"


def begin_new(now: datetime) -> None:
    """Begin an occurrence for each act that is new. Call it in a transaction."""
    is_act = AuditEvent.action.in_(ACTS) & is_recent(AuditEvent.at, LOOK_BACK, now) & (AuditEvent.result == Result.OK)
    events = {key_of(event.id): event for event in AuditEvent.select().where(is_act).order_by(AuditEvent.id)}
    known = {row[0] for row in Occurrence.select(Occurrence.key).where(is_in(Occurrence.key, list(events))).tuples()}
    new = {key: event for key, event in events.items() if key not in known and _is_less_safe(event)}
    # One that was removed since is told of by its name alone.
    tenant_ids = {event.tenant_id for event in new.values()} - {None}
    there = {row[0] for row in Tenant.select(Tenant.id).where(is_in(Tenant.id, tenant_ids)).tuples()}
    for key, event in new.items():
        tenant_id = event.tenant_id if event.tenant_id in there else None
        facts = {"action": event.action, "subject": event.subject, "by": event.actor, "changed": _changed(event)}
        occurrences.begin(NoticeEvent.SAFEGUARD_CHANGED, key, tenant_id, facts=facts)


def _changed(event: AuditEvent) -> list[str]:
    return list(event.details.get("changed") or ())


def _is_less_safe(event: AuditEvent) -> bool:
    action = Action(event.action)
    if action in _HARMLESS and set(_changed(event)) <= _HARMLESS[action]:
        return False
    if action == Action.USER_CHANGED:
        return "site_role" in _changed(event) or _is_another_admin(event)
    if action == Action.NOTICE_RULE_SET:
        return not _is_personal(event) and not _is_new_rule(event)
    if action in (Action.CHANNEL_CHANGED, Action.CHANNEL_REMOVED, Action.NOTICE_RULE_REMOVED):
        return not _is_personal(event)
    return True


def _is_another_admin(event: AuditEvent) -> bool:
    """Tell whether somebody changed an admin who is not they themselves: it may be switched off, or taken over."""
    admins = User.select().where((User.site_role == SiteRole.ADMIN) & (User.id != (event.actor_id or 0)))
    return bool(admins.where(User.email == event.subject.removeprefix("user ")).exists())


def _is_personal(event: AuditEvent) -> bool:
    """Tell whether it is about a person's own channel: that is nobody else's business."""
    if "owner" in event.details:
        return event.details["owner"] is not None
    owners = Channel.select(Channel.owner).where(Channel.name == event.subject.removeprefix("channel ")).tuples()
    owner_ids = [row[0] for row in owners] or _owners_once(event.subject)
    return bool(owner_ids) and None not in owner_ids


def _owners_once(subject: str) -> list[str | None]:
    """Return whose channels of this name were that are no more."""
    removed = AuditEvent.select(AuditEvent.details).where(AuditEvent.action == Action.CHANNEL_REMOVED)
    return [row.details["owner"] for row in removed.where(AuditEvent.subject == subject)]


def _is_new_rule(event: AuditEvent) -> bool:
    # By its number: its channel may have had another name.
    is_earlier = (AuditEvent.action == Action.NOTICE_RULE_SET) & (AuditEvent.id < event.id)
    earlier = AuditEvent.select(AuditEvent.details).where(is_earlier)
    return all(row.details.get("rule") != event.details["rule"] for row in earlier)
