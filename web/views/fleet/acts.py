"""Acts on many tenants at once: each says what it will do, which tenants it leaves out, and why.

An act does to a tenant just what its own page does: the same verbs, rights, rules and audit events.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import actors.backups.back_up
from db.accounts import tag_memberships, users
from db.audit.audit import Actor
from db.backups import retention
from db.backups.retention import RetentionRules
from db.errors import Invalid
from db.events import watches
from db.installation import tenant_defaults
from db.models import Tenant
from db.restores import restore_rules
from db.runs import name_cache
from db.states import Role
from db.tenants import schedules, tags, tenants
from web.inputs import without_nul
from web.security.access import can
from web.security.permissions import Permission
from web.views.tenants.schedule_form import read_form


class ActResult(StrEnum):
    """The result of an act on one tenant."""

    DONE = "done"
    ALREADY = "already so"
    # A second person has to confirm it.
    ASKED = "waiting for a second person"


@dataclass(frozen=True)
class Wish:
    """An act with what was typed. `words` say what will be done; `why_not` is "" for a tenant to which it will be."""

    words: str
    why_not: Callable[[Tenant], str]
    do: Callable[[Tenant, Actor], ActResult]
    # What happens after it, where that is not plain.
    note: str = ""


@dataclass(frozen=True)
class TenantAct:
    """`read` makes a Wish from a form, for these tenants; it raises Invalid."""

    code: str
    title: str
    permission: Permission
    read: Callable[[Mapping[str, str], Sequence[Tenant]], Wish]


def _ids(chosen: Sequence[Tenant]) -> list[int]:
    return [tenant.id for tenant in chosen]


def _done_if(is_done: object) -> ActResult:
    return ActResult.DONE if is_done else ActResult.ALREADY


def _back_up(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    is_full = form.get("full") == "yes"
    return Wish(
        "Back up everything, and read every policy anew" if is_full else "Back up now, reading what changed",
        lambda tenant: "" if tenant.is_active else "switched off",
        lambda tenant, actor: _done_if(actors.backups.back_up.start(tenant, actor, is_full=is_full).is_new),
        note="Workers take them one after the other; each tenant keeps to its own limits at Microsoft.",
    )


def _add_schedule(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    given = read_form(form)
    cron = schedules.validate_cron(given.rule, given.time_zone)
    paused_by_id = schedules.tenants_with_same(_ids(chosen), cron, given.time_zone, given.is_full, given.is_rehearsal)

    def why_not(tenant: Tenant) -> str:
        if tenant.id not in paused_by_id:
            return ""
        return "has this schedule, and it is paused" if paused_by_id[tenant.id] else "has this schedule already"

    return Wish(
        f"Add the schedule of rehearsals: {given.words}" if given.is_rehearsal else f"Add the schedule: {given.words}",
        why_not,
        lambda tenant, actor: _done_if(
            schedules.add_unless_there(
                tenant, cron, given.time_zone, actor, is_full=given.is_full, is_rehearsal=given.is_rehearsal
            )
        ),
        note="Start times are spread over 15 minutes.",
    )


def _set_retention(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    is_off = form.get("off") == "yes"
    rules = None if is_off else RetentionRules.parse(form)
    columns = asdict(rules) if rules else None

    def do(tenant: Tenant, actor: Actor) -> ActResult:
        retention.set_rules(tenant, rules, actor)
        return ActResult.DONE

    return Wish(
        f"Keep the last {rules.last} backup sets, {rules.daily} daily, {rules.weekly} weekly, {rules.monthly} monthly"
        if rules
        else "Turn retention off: keep all backups",
        lambda tenant: "has this rule already" if (tenant.retention or None) == columns else "",
        do,
        note="Backups that no rule keeps are deleted once a day. Protected ones and the newest always stay."
        if rules
        else "",
    )


def _give_role(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    user, role = users.find_by_email(without_nul(form.get("person", ""))[:200]), form.get("gives", "")
    if user is None:
        raise Invalid("Choose a person: type their e-mail address.")
    if role not in set(Role):
        raise Invalid("Choose a role.")
    held = users.roles_in_tenants(user, _ids(chosen))

    def do(tenant: Tenant, actor: Actor) -> ActResult:
        users.set_member(user, tenant, Role(role), actor)
        return ActResult.DONE

    return Wish(
        f"Make {user.name} ({user.email}) {role}",
        lambda tenant: f"is {role} there already" if held.get(tenant.id) == role else "",
        do,
        note="Another role that they have there is replaced.",
    )


def _name_emergency_accounts(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    name = " ".join(without_nul(form.get("account", "")).split())[:200]
    if not name:
        raise Invalid("Type what the emergency account or group is called in the tenants.")
    found = name_cache.objects_named(_ids(chosen), name)
    waiting = restore_rules.tenants_with_waiting_change(_ids(chosen))

    def entries(tenant: Tenant) -> list[dict[str, str]]:
        return [{"kind": kind, "id": object_id, "name": known} for kind, object_id, known in found.get(tenant.id, ())]

    def why_not(tenant: Tenant) -> str:
        if not found.get(tenant.id):
            return "no backup has seen a group or user of that name there"
        if len(found[tenant.id]) > 1:
            return "more than one is called so there"
        there = {(entry["kind"], entry["id"]) for entry in tenant.break_glass or ()}
        if (entries(tenant)[0]["kind"], entries(tenant)[0]["id"]) in there:
            return "it is named there already"
        is_asked = tenant.four_eyes and not there and tenant.id in waiting
        return "another change of its rules waits for a second person" if is_asked else ""

    def do(tenant: Tenant, actor: Actor) -> ActResult:
        return ActResult.ASKED if restore_rules.name_break_glass(tenant, entries(tenant), actor) else ActResult.DONE

    return Wish(
        f"Name “{name}” as an emergency (break-glass) account or group",
        why_not,
        do,
        note="Where second approval is on and nothing is named yet, a second person has to confirm it.",
    )


def _change_settings(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    days, wants_approval = form.get("full_every_days", "").strip(), form.get("four_eyes") == "yes"
    if days:
        tenants.parse_full_every(days)
    words = [f"read everything anew every {days} days"] if days else []
    words += ["turn second approval on"] if wants_approval else []
    if not words:
        raise Invalid("Choose at least one setting.")

    def is_so(tenant: Tenant) -> bool:
        return (not days or tenant.full_every_days == int(days)) and (not wants_approval or tenant.four_eyes)

    def do(tenant: Tenant, actor: Actor) -> ActResult:
        if days and tenant.full_every_days != int(days):
            tenants.set_full_every(tenant, days, actor)
        if wants_approval:
            restore_rules.turn_four_eyes_on(tenant, actor)
        return ActResult.DONE

    sentence = " and ".join(words)
    return Wish(sentence[0].upper() + sentence[1:], lambda tenant: "is set so already" if is_so(tenant) else "", do)


def _watch(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    is_on, minutes = form.get("off") != "yes", watches.parse_interval(form.get("every_minutes", "").strip())
    watched = watches.of_tenants(_ids(chosen))

    def is_so(tenant: Tenant) -> bool:
        watch = watched.get(tenant.id)
        return watch.every_minutes == minutes if is_on and watch else is_on == bool(watch)

    often = f"Watch for changes, every {minutes} minutes" if minutes else "Watch for changes"
    return Wish(
        often if is_on else "Stop watching for changes",
        lambda tenant: ("is watched so already" if is_on else "is not watched") if is_so(tenant) else "",
        lambda tenant, actor: _done_if(watches.set_watched(tenant, is_on, actor, minutes if is_on else None)),
        note="Their audit logs are looked into, and only what those say was changed is read." if is_on else "",
    )


ONLY_ADMINS_TAG = "such a tag gives roles to people, and only an admin sets or removes it"


def _tag(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    added, removed = tags.parse(form.get("add", "")), tags.parse(form.get("remove", ""))
    if not added and not removed:
        raise Invalid("Type the tags to add or to remove, with commas between them.")
    names = tags.names_by_tenant(_ids(chosen))
    guarded = {} if can(Permission.ADMINISTER) else tag_memberships.that_give_rights(
        [tags.fold(tag) for tag in (*added, *removed)]
    )  # fmt: skip

    def is_so(tenant: Tenant) -> bool:
        now = {tags.fold(name) for name in names.get(tenant.id, ())}
        return now >= {tags.fold(tag) for tag in added} and not now & {tags.fold(tag) for tag in removed}

    words = [f"add the tags: {', '.join(added)}"] if added else []
    words += [f"remove the tags: {', '.join(removed)}"] if removed else []
    sentence = "; ".join(words)
    return Wish(
        sentence[0].upper() + sentence[1:],
        lambda tenant: "is tagged so already" if is_so(tenant) else ONLY_ADMINS_TAG if guarded else "",
        lambda tenant, actor: _done_if(tags.add_and_remove(tenant, added, removed, actor)),
    )


def _follow_defaults(form: Mapping[str, str], chosen: Sequence[Tenant]) -> Wish:
    differing = tenant_defaults.differences_of(chosen)
    parts = ", ".join(sorted({difference.words for differences in differing.values() for difference in differences}))
    return Wish(
        "Follow the defaults for new tenants again",
        lambda tenant: "" if tenant.id in differing else "follows them already",
        lambda tenant, actor: _done_if(tenant_defaults.follow(tenant, actor)),
        note=f"They differ in: {parts}. Each gets what it lacks; its other schedules and members stay.",
    )


ACTS = {
    act.code: act
    for act in (
        TenantAct("back-up", "Back up", Permission.OPERATE, _back_up),
        TenantAct("schedule", "Add a schedule", Permission.MANAGE, _add_schedule),
        TenantAct("retention", "Set a retention rule", Permission.MANAGE, _set_retention),
        TenantAct("tags", "Add or remove tags", Permission.MANAGE, _tag),
        TenantAct("watch", "Watch for changes", Permission.MANAGE, _watch),
        TenantAct("emergency", "Name emergency (break-glass) accounts", Permission.MANAGE, _name_emergency_accounts),
        TenantAct("settings", "Change settings", Permission.MANAGE, _change_settings),
        TenantAct("defaults", "Follow the defaults for new tenants", Permission.ADMINISTER, _follow_defaults),
        TenantAct("role", "Give a role to a person", Permission.ADMINISTER, _give_role),
    )
}
