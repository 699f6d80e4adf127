"""A tenant's restore rules: changing them, and the changes that wait for a second person."""

from dataclasses import dataclass

from flask_login import current_user

from db.accounts import users
from db.database import Condition
from db.models import RuleChange, Tenant
from db.restores import restore_rules
from db.sql.value_lists import is_in
from db.states import Role
from web.security.access import allowed_tenant_ids, can, current_actor, parse_row_id
from web.security.permissions import Permission

# As flash takes it.
FlashMessage = tuple[str, str]


def change_rules(tenant: Tenant, wants_four_eyes: bool, break_glass: str) -> FlashMessage:
    """Change the rules, or ask a second person to. Raises Invalid."""
    waiting = restore_rules.change(tenant, wants_four_eyes, break_glass, current_actor())
    if waiting is None:
        return "Saved.", "success"
    words = ", and to ".join(restore_rules.describe(waiting))
    return f"To {words} waits for a second person: another manager of this tenant, or an admin.", "warning"


def confirm_change(tenant: Tenant, number: str) -> FlashMessage:
    """Raises Invalid."""
    restore_rules.confirm(tenant, parse_row_id(number), current_actor())
    return "Confirmed: it holds from now on. Restores that were requested before keep the stricter rules.", "success"


def reject_change(tenant: Tenant, number: str) -> FlashMessage:
    """Raises Invalid."""
    restore_rules.reject(tenant, parse_row_id(number), current_actor())
    return "Rejected: the rules stay as they are.", "success"


@dataclass(frozen=True)
class WaitingChange:
    """A change of a tenant's rules that waits for a second person; `deciders` are the managers who may be that."""

    row: RuleChange
    deciders: list[str]
    may_decide: bool

    @property
    def changes(self) -> list[str]:
        return restore_rules.describe(self.row)

    @property
    def is_mine(self) -> bool:
        return bool(self.row.asked_by_id == current_user.id)


def waiting_change(tenant: Tenant) -> WaitingChange | None:
    """Look up the change of a tenant's rules that waits; None if none does."""
    waiting = restore_rules.waiting_change(tenant)
    if waiting is None:
        return None
    managers = [member for member in users.members_of_tenant(tenant) if member.role == Role.MANAGER]
    deciders = [member.user.name for member in managers if member.user.id != waiting.asked_by_id]
    return WaitingChange(waiting, deciders, can(Permission.MANAGE, tenant.id))


def changes_to_decide() -> list[RuleChange]:
    """Return the waiting changes that this person may decide about, or gets notifications of."""
    return restore_rules.waiting_changes(_is_to_decide())


def count_to_decide() -> int:
    return restore_rules.count_waiting(_is_to_decide())


def _is_to_decide() -> Condition:
    managed = allowed_tenant_ids(Permission.MANAGE)
    if managed is None:
        return RuleChange.id > 0
    is_heard_of = RuleChange.tenant.in_(users.tenants_subscribed_to(current_user.id))
    return is_in(RuleChange.tenant, managed) | is_heard_of
