"""The defaults for new tenants: of the installation, and of tags, whose defaults go before them part by part.

A tenant that is there stays as it is, whatever defaults are set or tags it gets: it differs, and says so, until
somebody has it follow them again. Of two tags that give the same part, the first by name counts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import retention
from db.backups.retention import RetentionRules
from db.database import database
from db.events import watches
from db.models import NewTenantDefaults, Tenant, Watch
from db.states import Role
from db.tenants import schedules, tags, tenants

# Part -> its columns; the first says whether the part is given.
PARTS = {
    "members": ("members",),
    "schedule": ("cron", "time_zone", "is_full"),
    "retention": ("retention",),
    "full re-read": ("full_every_days",),
    "watching": ("is_watched", "watch_minutes"),
    "tags": ("tags",),
    "emergency note": ("emergency_note",),
}
COLUMNS = tuple(column for columns in PARTS.values() for column in columns)


@dataclass(frozen=True)
class DefaultsDifference:
    """A part in which a tenant is not as a new one would be. `tag`: whose defaults say so; "" of the installation."""

    part: str
    tag: str

    @property
    def words(self) -> str:
        return f"{self.part} (of the tag {self.tag})" if self.tag else self.part


@dataclass(frozen=True)
class Given:
    """The defaults that count for a tenant, and the tag that each part is from: "" the installation's."""

    row: NewTenantDefaults
    tag_by_part: Mapping[str, str]


def of_tag(tag: str = "") -> NewTenantDefaults:
    """Return the defaults of a tag, or of the installation; without a row, nothing."""
    folded = tags.fold(tag) if tag else None
    row: NewTenantDefaults | None = _rows().get(folded)
    return row or NewTenantDefaults(tag=tag or None, folded=folded)


def tags_with_defaults() -> list[str]:
    """Return the tags that have defaults of their own, by name."""
    return [row.tag for folded, row in sorted(_rows().items(), key=lambda pair: pair[0] or "") if folded]


def _rows() -> dict[str | None, NewTenantDefaults]:
    return {row.folded: row for row in NewTenantDefaults.select()}


def set_defaults(columns: Mapping[str, Any], actor: Actor, tag: str = "") -> bool:
    """Set what new tenants get, or those with the tag. Tenants that are there stay. Return False for no change."""
    with database.atomic():
        row = of_tag(tag)
        wanted = {name: _stored(name, columns.get(name)) for name in COLUMNS}
        changed = [name for name in COLUMNS if _stored(name, getattr(row, name)) != wanted[name]]
        if not changed:
            return False
        for name in changed:
            setattr(row, name, wanted[name])
        if tag and not any(_is_given(row, part) for part in PARTS):
            NewTenantDefaults.delete().where(NewTenantDefaults.id == row.id).execute()
        else:
            row.save()
        audit.record(Action.DEFAULTS_SET, actor, "defaults for new tenants", changed=changed, tag=tag or None)
    return True


def _stored(name: str, value: Any) -> Any:
    """Return the value as it is kept: nothing is null, but for yes and no, of which the one watching may be neither."""
    if name == "is_full":
        return bool(value)
    return value if name == "is_watched" else value or None


def _is_given(row: NewTenantDefaults, part: str) -> bool:
    value = getattr(row, PARTS[part][0])
    return value is not None if part == "watching" else bool(value)


def given_to(tag_names: Iterable[str]) -> Given:
    """Return the defaults that count for a tenant with these tags."""
    return _combine(tag_names, _rows())


def _combine(tag_names: Iterable[str], rows: Mapping[str | None, NewTenantDefaults]) -> Given:
    of_tags = [rows[folded] for folded in sorted(map(tags.fold, tag_names)) if folded in rows]
    in_order = [*of_tags, *([rows[None]] if None in rows else [])]
    combined, tag_by_part = NewTenantDefaults(), {}
    for part, columns in PARTS.items():
        row = next((row for row in in_order if _is_given(row, part)), None)
        if row is not None:
            tag_by_part[part] = row.tag or ""
            for column in columns:
                setattr(combined, column, getattr(row, column))
    return Given(combined, tag_by_part)


def give(tenant: Tenant, given: Given, actor: Actor, parts: Collection[str] = tuple(PARTS)) -> None:
    """Give the tenant these parts of the defaults. What it has beside them, other schedules and members say, stays."""
    row = given.row
    acts: dict[str, Callable[[], object]] = {
        "members": lambda: _set_members(tenant, row.members, actor),
        "schedule": lambda: schedules.add_or_resume(tenant, row.cron, row.time_zone, actor, is_full=bool(row.is_full)),
        "retention": lambda: retention.set_rules(tenant, RetentionRules(**row.retention), actor),
        "full re-read": lambda: tenants.set_full_every(tenant, str(row.full_every_days), actor),
        "watching": lambda: watches.set_watched(tenant, row.is_watched, actor, _minutes(row)),
        "tags": lambda: tags.add_and_remove(tenant, row.tags, (), actor),
    }
    for part, act in acts.items():
        if part in given.tag_by_part and part in parts:
            act()


def _minutes(row: NewTenantDefaults) -> int | None:
    return row.watch_minutes if row.is_watched else None


def _set_members(tenant: Tenant, members: Mapping[str, str], actor: Actor) -> None:
    for email, role in sorted(members.items()):
        user = users.find_by_email(email)
        if user:
            users.set_member(user, tenant, Role(role), actor)


def follow(tenant: Tenant, actor: Actor) -> list[DefaultsDifference]:
    """Have the tenant follow the defaults again. Return in what it differed."""
    with database.atomic():
        found = differences(tenant)
        give(tenant, given_to(tags.of_tenant(tenant)), actor, [difference.part for difference in found])
    return found


def differences(tenant: Tenant) -> list[DefaultsDifference]:
    """Return in which parts of the defaults the tenant is not as a new one would be."""
    return differences_of([tenant]).get(tenant.id, [])


def differences_of(many: Sequence[Tenant]) -> dict[int, list[DefaultsDifference]]:
    """Return tenant id -> differences, of those that differ, in few statements however many tenants there are."""
    rows, ids = _rows(), [tenant.id for tenant in many]
    if not rows:
        return {}
    names = tags.names_by_tenant(ids)
    given = {tenant.id: _combine(names.get(tenant.id, ()), rows) for tenant in many}
    scheduled, roles, watched = _scheduled(given), _roles(given, ids), watches.of_tenants(ids)
    found = {}
    for tenant in many:
        row = given[tenant.id].row
        differing = {
            "members": any(email in roles and roles[email].get(tenant.id) != role
                           for email, role in (row.members or {}).items()),
            "schedule": bool(row.cron) and tenant.id not in scheduled,
            "retention": bool(row.retention) and tenant.retention != row.retention,
            "full re-read": bool(row.full_every_days) and tenant.full_every_days != row.full_every_days,
            "watching": row.is_watched is not None and not _is_watched_so(row, watched.get(tenant.id)),
            "tags": any(tags.fold(name) not in map(tags.fold, names.get(tenant.id, ())) for name in row.tags or ()),
        }  # fmt: skip
        parts = [
            DefaultsDifference(part, given[tenant.id].tag_by_part[part])
            for part, is_other in differing.items()
            if is_other
        ]
        if parts:
            found[tenant.id] = parts
    return found


def _is_watched_so(row: NewTenantDefaults, watch: Watch | None) -> bool:
    return bool(row.is_watched) == (watch is not None) and (watch is None or watch.every_minutes == row.watch_minutes)


def _scheduled(given: Mapping[int, Given]) -> set[int]:
    """Return the ids of tenants that have the schedule that they would be given, and it is not paused."""
    by_schedule: dict[tuple[str, str, bool], list[int]] = {}
    for tenant_id, each in given.items():
        if each.row.cron:
            key = (each.row.cron, each.row.time_zone, bool(each.row.is_full))
            by_schedule.setdefault(key, []).append(tenant_id)
    return {
        tenant_id
        for key, ids in by_schedule.items()
        for tenant_id, is_paused in schedules.tenants_with_same(ids, *key).items()
        if not is_paused
    }


def _roles(given: Mapping[int, Given], ids: Sequence[int]) -> dict[str, dict[int, Role]]:
    """Return e-mail address -> tenant id -> role, of those that defaults name and that are somebody's here."""
    emails = {email for each in given.values() for email in each.row.members or ()}
    people = {email: users.find_by_email(email) for email in emails}
    return {email: users.roles_in_tenants(user, ids) for email, user in people.items() if user}
