"""The approval of a restore's plan: who requested it, who may approve it, and what the guard holds back."""

from dataclasses import dataclass

from flask_login import current_user

from db.accounts import users
from db.models import Restore, RestoreItem, Run, Tenant, User
from db.restores import approvals, four_eyes, plan_fingerprint
from db.states import RestoreState, Role
from db.tenants import tenants
from web.security.access import can_fetch
from web.security.permissions import Permission


@dataclass(frozen=True)
class Approval:
    """The approval of a restore's plan. `refusal` says why the plan is out of date; "" if it is not."""

    restore: Restore
    is_required: bool
    refusal: str
    requesters: list[tuple[str, str]]
    own_acts: str
    approvers: list[str]
    held_back: list[RestoreItem]
    overridden_by: str
    may_override: bool
    asks_about_guard: bool

    @property
    def fingerprint(self) -> str:
        """The plan's fingerprint, which a form sends back: what is approved is what was read."""
        return self.restore.planned_mark or ""

    @property
    def held_back_names(self) -> list[str]:
        """The policies that the guard keeps from being written: none where it is overridden."""
        return [] if self.restore.guard_reason else [item.name for item in self.held_back]

    @property
    def lacks_emergency_accounts(self) -> bool:
        """The tenant names no accounts that the guard could ask for."""
        return bool(self.held_back) and not four_eyes.break_glass_list(self.restore)

    @property
    def short_fingerprint(self) -> str:
        return plan_fingerprint.short_fingerprint(self.restore.planned_mark)


def find_approval(restore: Restore, active: Run | None) -> Approval:
    """Look up the approval of a restore. `active` is the run of the restore that is queued or running."""
    acts_by_user = four_eyes.acts_by_user(restore)
    is_ready = restore.state in approvals.READY and active is None
    refusal = plan_fingerprint.refusal(restore) if is_ready else ""
    held_back = approvals.items_held_back(restore)
    wants_override = bool(held_back) and is_ready and not refusal and not restore.guard_reason
    return Approval(
        restore=restore,
        is_required=four_eyes.is_required(restore),
        refusal=refusal,
        requesters=_named_acts(acts_by_user),
        own_acts=" and ".join(acts_by_user.get(current_user.id, [])),
        approvers=[user.name for user in _managers_who_may(restore)],
        held_back=held_back,
        overridden_by=_user_name(restore.guard_by_id),
        may_override=wants_override and can_fetch(Permission.MANAGE, restore),
        asks_about_guard=wants_override and approvals.asks_about_guard(restore),
    )


def may_approve(restore: Restore) -> bool:
    """Does the plan wait for approval, and is this person another pair of eyes?"""
    is_another = current_user.id not in four_eyes.requesters(restore)
    is_waiting = four_eyes.is_required(restore) and restore.state == RestoreState.PREVIEWED
    return is_waiting and is_another and can_fetch(Permission.MANAGE, restore)


def may_approve_retry(restore: Restore) -> bool:
    """May this person approve a retry? That takes another pair of eyes than the plan's."""
    return current_user.id not in four_eyes.requesters(restore) and can_fetch(Permission.MANAGE, restore)


def _named_acts(acts_by_user: dict[int, list[str]]) -> list[tuple[str, str]]:
    """Return (name, what they did), in the order in which they did it."""
    names = users.names_by_id(acts_by_user)
    return [(names[user_id], " and ".join(acts)) for user_id, acts in acts_by_user.items() if user_id in names]


def _user_name(user_id: int | None) -> str:
    row = users.find_by_id(user_id)
    return row.name if row else "a command"


def confirmers(restore: Restore) -> list[User]:
    """Return who is asked to confirm a plan: the managers who may, and where there is none, the admins who may."""
    return _managers_who_may(restore) or _without_requesters(restore, users.admins())


def _managers_who_may(restore: Restore) -> list[User]:
    """Between two tenants of ours they manage both. An approver decided nothing of the plan."""
    managers = _managers(restore.tenant)
    source = tenants.find_by_directory_id(restore.source_directory_id)
    if source and source.id != restore.tenant_id:
        source_manager_ids = {user.id for user in _managers(source)}
        managers = [user for user in managers if user.id in source_manager_ids]
    return _without_requesters(restore, managers)


def _managers(tenant: Tenant) -> list[User]:
    members = users.members_of_tenant(tenant)
    return [member.user for member in members if member.role == Role.MANAGER and member.user.is_active]


def _without_requesters(restore: Restore, people: list[User]) -> list[User]:
    """Leave out who may not approve the plan; all may write one that needs no approval, or has it."""
    needs_approval = four_eyes.is_required(restore) and not four_eyes.has_approved(restore)
    requester_ids = four_eyes.requesters(restore) if needs_approval else frozenset()
    return [user for user in people if user.id not in requester_ids]
