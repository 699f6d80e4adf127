"""New tenants, and what each gets by default: a schedule, retention, members, tags, how often everything is read."""

from collections.abc import Iterable, Mapping
from typing import Any

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import retention
from db.backups.retention import RetentionRules
from db.database import database
from db.models import NewTenantDefaults, Tenant
from db.states import Role
from db.tenants import schedules, tags, tenants

COLUMNS = (
    "cron", "time_zone", "is_full", "retention", "full_every_days", "members", "tags", "emergency_note",
)  # fmt: skip


def defaults() -> NewTenantDefaults:
    """Return what new tenants get; without a row, nothing."""
    return NewTenantDefaults.select().first() or NewTenantDefaults()


def set_defaults(columns: Mapping[str, Any], actor: Actor) -> bool:
    """Set what new tenants get. Tenants that are there stay as they are. Return False when nothing changed."""
    with database.atomic():
        row = defaults()
        changed = [name for name in COLUMNS if (getattr(row, name) or None) != (columns[name] or None)]
        if not changed:
            return False
        for name in changed:
            setattr(row, name, columns[name])
        row.save()
        audit.record(Action.DEFAULTS_SET, actor, "defaults for new tenants", changed=changed)
    return True


def add(name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global") -> Tenant:
    """Add a tenant with everything that a new one gets. Raises Invalid."""
    with database.atomic():
        tenant = tenants.add(name, directory_id, client_id, actor, cloud=cloud)
        _apply(defaults(), tenant, actor)
    return tenant


def add_waiting(
    name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global", more_tags: Iterable[str] = ()
) -> Tenant:
    """Add a tenant that is off until it is connected. It gets these tags beside the defaults. Raises Invalid."""
    with database.atomic():
        tenant = add(name, directory_id, client_id, actor, cloud=cloud)
        tags.add_and_remove(tenant, more_tags, (), actor)
        Tenant.update(is_active=False).where(Tenant.id == tenant.id).execute()
    tenant.is_active = False
    return tenant


def _apply(given: NewTenantDefaults, tenant: Tenant, actor: Actor) -> None:
    for email, role in sorted((given.members or {}).items()):
        user = users.find_by_email(email)
        if user:
            users.set_member(user, tenant, Role(role), actor)
    if given.cron:
        schedules.add(tenant, given.cron, given.time_zone, actor, is_full=given.is_full)
    if given.retention:
        retention.set_rules(tenant, RetentionRules(**given.retention), actor)
    if given.full_every_days:
        tenants.set_full_every(tenant, str(given.full_every_days), actor)
    if given.tags:
        tags.replace(tenant, given.tags, actor)


def differences(tenant: Tenant) -> list[str]:
    """Return in which of the defaults the tenant is not as a new one would be, in words."""
    given = defaults()
    return [words for words, is_other in _comparisons(given, tenant).items() if is_other]


def _comparisons(given: NewTenantDefaults, tenant: Tenant) -> dict[str, bool]:
    paused = {} if not given.cron else schedules.tenants_with_same(
        [tenant.id], given.cron, given.time_zone, given.is_full
    )  # fmt: skip
    roles = {member.user.email: member.role for member in users.members_of_tenant(tenant)} if given.members else {}
    held = {tags.fold(name) for name in tags.of_tenant(tenant)} if given.tags else set()
    return {
        "schedule": bool(given.cron) and paused.get(tenant.id) is not False,
        "retention": bool(given.retention) and tenant.retention != given.retention,
        "full re-read": bool(given.full_every_days) and tenant.full_every_days != given.full_every_days,
        "members": any(roles.get(email) != role for email, role in (given.members or {}).items()),
        "tags": any(tags.fold(name) not in held for name in given.tags or ()),
    }
