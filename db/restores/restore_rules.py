"""A tenant's rules for restores: four eyes, and whom no Conditional Access policy may lock out.

One manager makes them stricter, at once. Where four eyes are asked for, making them looser needs a second person: it
waits as a RuleChange until another one confirms or rejects it. Restores that were requested before keep the stricter
rules.
"""

from collections.abc import Sequence
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import lock_rows, transaction
from db.errors import Invalid
from db.models import Restore, RuleChange, Tenant, User
from db.restores import four_eyes
from db.restores.four_eyes import BreakGlass
from db.sql.value_lists import is_in
from db.tenants.tenants import parse_guid

MAX_BREAK_GLASS = 50


@transaction
def change(tenant: Tenant, wants_four_eyes: bool, break_glass: str, actor: Actor) -> RuleChange | None:
    """Return the part of the change that waits for a second person, or None when all of it holds now.

    Raises Invalid.
    """
    wanted_list = parse_break_glass(break_glass)
    now = _lock_tenant(tenant)
    if not now.four_eyes:
        _apply(now, wants_four_eyes, wanted_list, actor)
        return None
    removed, named = _subtract(now.break_glass or [], wanted_list), [] if now.break_glass else wanted_list
    _apply(now, True, [*([] if named else wanted_list), *removed], actor)
    return _ask_for_change(now, not wants_four_eyes, removed, named, actor)


@transaction
def turn_four_eyes_on(tenant: Tenant, actor: Actor) -> None:
    """Ask for a second person from now on. Everything else of the rules stays."""
    now = _lock_tenant(tenant)
    _apply(now, True, now.break_glass or [], actor)


@transaction
def name_break_glass(tenant: Tenant, entries: BreakGlass, actor: Actor) -> RuleChange | None:
    """Add entries to the tenant's list; beginning an empty one waits for a second person where four eyes are asked for.

    Raises Invalid.
    """
    now = _lock_tenant(tenant)
    there: BreakGlass = now.break_glass or []
    wanted_list = [*there, *_subtract(entries, there)]
    if len(wanted_list) > MAX_BREAK_GLASS:
        raise Invalid(f"Name at most {MAX_BREAK_GLASS} accounts and groups for emergencies.")
    if not now.four_eyes or there:
        _apply(now, now.four_eyes, wanted_list, actor)
        return None
    return _ask_for_change(now, False, [], wanted_list, actor)


def tenants_with_waiting_change(tenant_ids: Sequence[int]) -> set[int]:
    rows = RuleChange.select(RuleChange.tenant).where(is_in(RuleChange.tenant, tenant_ids))
    return {row[0] for row in rows.tuples()}


def _lock_tenant(tenant: Tenant) -> Tenant:
    lock_rows(Tenant, Tenant.id == tenant.id)
    locked: Tenant = Tenant.get_by_id(tenant.id)
    return locked


def _entry_key(entry: Any) -> tuple[str, str]:
    return entry["kind"], entry["id"]


def _subtract(entries: Sequence[dict[str, str]], others: Sequence[dict[str, str]]) -> BreakGlass:
    keys = {_entry_key(entry) for entry in others}
    return [entry for entry in entries if _entry_key(entry) not in keys]


def _apply(
    tenant: Tenant, wants_four_eyes: bool, break_glass: BreakGlass, actor: Actor, *, decided_by: User | None = None
) -> None:
    """Set the rules.

    Who decides the list becomes a requester of the restores that wait; who only confirms it does not.
    """
    rules = {"four_eyes": wants_four_eyes, "break_glass": break_glass}
    changed = [name for name, value in rules.items() if (getattr(tenant, name) or False) != (value or False)]
    if not changed:
        return
    # Named once, they are asked for again should the list become empty.
    values = rules | ({"has_no_break_glass": False} if break_glass else {})
    Tenant.update(values).where(Tenant.id == tenant.id).execute()
    if "break_glass" in changed:
        four_eyes.record_requester_of_open(Restore.tenant == tenant, decided_by or actor, four_eyes.CHANGED_LIST)
    changes = [f"four_eyes {'on' if wants_four_eyes else 'off'}" if name == "four_eyes" else name for name in changed]
    audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=changes)


def _ask_for_change(
    tenant: Tenant, turns_off: bool, removed: BreakGlass, named: BreakGlass, actor: Actor
) -> RuleChange | None:
    if not (turns_off or removed or named):
        return None
    if waiting_change(tenant):
        raise Invalid("Another change of these rules waits already: confirm or reject that one first.")
    if actor.user_id is None:
        raise Invalid("Rules are turned down by two people, in the browser.")
    rule_change = RuleChange.create(
        tenant=tenant, asked_by=actor.user_id, turns_four_eyes_off=turns_off, removed=removed, named=named
    )
    audit.record_of_tenant(Action.RULES_ASKED, actor, tenant, changes=describe(rule_change))
    return rule_change


def waiting_change(tenant: Tenant) -> RuleChange | None:
    rule_change: RuleChange | None = RuleChange.get_or_none(RuleChange.tenant == tenant)
    return rule_change


def waiting_changes(where: Any) -> list[RuleChange]:
    """Return the changes that wait in the tenants matching the condition, the oldest first."""
    query = RuleChange.select(RuleChange, Tenant, User).join(Tenant).switch(RuleChange).join(User)
    return list(query.where(where).order_by(RuleChange.id))


def count_waiting(where: Any) -> int:
    """Count the changes that wait in the tenants matching the condition. Every page shows it."""
    return int(RuleChange.select().where(where).count())


def describe(rule_change: RuleChange) -> list[str]:
    """Return a phrase for each thing that the change would turn down."""
    off = ["turn four eyes off"] if rule_change.turns_four_eyes_off else []
    removed = [f"take {_describe_entry(entry)} off the break-glass list" for entry in rule_change.removed]
    return off + removed + [f"begin the break-glass list with {_describe_entry(entry)}" for entry in rule_change.named]


def _describe_entry(entry: dict[str, str]) -> str:
    """Describe an entry with its id: its name is what a manager typed, and may have typed anew just before."""
    return f"“{entry['name']}” ({'user' if entry['kind'] == 'users' else 'group'} {entry['id']})"


@transaction
def confirm(tenant: Tenant, change_id: int | None, actor: Actor) -> None:
    """Confirm the change, as another person than who asked for it. Raises Invalid."""
    now, rule_change = _lock_tenant(tenant), _require_waiting(tenant, change_id)
    if actor.user_id is None or actor.user_id == rule_change.asked_by_id:
        raise Invalid("You asked for it: another manager of this tenant, or an admin, has to confirm it.")
    remaining = _subtract(now.break_glass or [], rule_change.removed)
    RuleChange.delete().where(RuleChange.id == rule_change.id).execute()
    break_glass = [*remaining, *_subtract(rule_change.named, remaining)]
    _apply(
        now, now.four_eyes and not rule_change.turns_four_eyes_off, break_glass, actor, decided_by=rule_change.asked_by
    )
    _record(Action.RULES_CONFIRMED, rule_change, now, actor)


@transaction
def reject(tenant: Tenant, change_id: int | None, actor: Actor) -> None:
    """Reject the change, as anybody who manages the tenant. Who asked takes it back this way. Raises Invalid."""
    now, rule_change = _lock_tenant(tenant), _require_waiting(tenant, change_id)
    RuleChange.delete().where(RuleChange.id == rule_change.id).execute()
    _record(Action.RULES_REJECTED, rule_change, now, actor)


def _record(action: Action, rule_change: RuleChange, tenant: Tenant, actor: Actor) -> None:
    facts = {"changes": describe(rule_change), "asked_by": rule_change.asked_by.email}
    audit.record_of_tenant(action, actor, tenant, **facts)


def _require_waiting(tenant: Tenant, change_id: int | None) -> RuleChange:
    rule_change = waiting_change(tenant)
    if rule_change is None or rule_change.id != change_id:
        raise Invalid("This change does not wait any more: somebody has confirmed, rejected or replaced it.")
    return rule_change


def parse_break_glass(text: str) -> BreakGlass:
    """Read the entries, one per line: group or user, its object id, its name. Raises Invalid."""
    lines = [line.split(None, 2) for line in text.replace("\x00", "").splitlines() if line.strip()]
    if len(lines) > MAX_BREAK_GLASS:
        raise Invalid(f"Name at most {MAX_BREAK_GLASS} accounts and groups for emergencies.")
    return [_parse_entry(words) for words in lines]


def _parse_entry(words: list[str]) -> dict[str, str]:
    kind = {"group": "groups", "user": "users"}.get(words[0].lower().rstrip(":,"))
    if kind is None or len(words) < 2:
        raise Invalid(
            f"Begin each line with “group” or “user”, then its object id, then a name; not “{words[0][:40]}”."
        )
    object_id = parse_guid(words[1].strip(",;"), "object id of an emergency account or group")
    return {"kind": kind, "id": object_id, "name": (words[2].strip() if len(words) > 2 else object_id)[:200]}
