"""Of a restore's page: which plan it is, who asked for it, who may approve it, and what the guard holds back."""

from dataclasses import dataclass

from flask_login import current_user

from db.accounts import users
from db.models import Restore, RestoreItem, Run
from db.restores import approvals, four_eyes, plan_fingerprint
from db.states import RestoreState, Role
from db.tenants import tenants
from web.security.access import can_fetch
from web.security.permissions import Permission


@dataclass(frozen=True)
class Approval:
    """`otherwise` says why the plan holds no more; "" where it does. `mine`: what this person decided of it."""

    restore: Restore
    asks: bool
    otherwise: str
    requesters: list[tuple[str, str]]
    mine: str
    approvers: list[str]
    guarded: list[RestoreItem]
    guard_by: str
    may_override: bool

    @property
    def fingerprint(self) -> str:
        """The plan's, which a form sends back: what is approved is what was read."""
        return self.restore.planned_mark or ""

    @property
    def short(self) -> str:
        return plan_fingerprint.short_fingerprint(self.restore.planned_mark)


def approval_of(restore: Restore, active: Run | None) -> Approval:
    """Look up what a page says of a restore's approval. `active` is the restore's run that goes on."""
    asked = four_eyes.acts_by_user(restore)
    is_ready = restore.state in approvals.READY and active is None
    otherwise = plan_fingerprint.refusal(restore) if is_ready else ""
    guarded = approvals.items_held_back(restore)
    is_to_override = bool(guarded) and is_ready and not otherwise and not restore.guard_reason
    return Approval(
        restore=restore,
        asks=four_eyes.is_required(restore),
        otherwise=otherwise,
        requesters=_named(asked),
        mine=" and ".join(asked.get(current_user.id, [])),
        approvers=_approvers(restore),
        guarded=guarded,
        guard_by=_name(restore.guard_by_id),
        may_override=is_to_override and can_fetch(Permission.MANAGE, restore),
    )


def may_approve(restore: Restore) -> bool:
    """There is something to approve, and this person is another pair of eyes."""
    is_another = current_user.id not in four_eyes.requesters(restore)
    is_waiting = four_eyes.is_required(restore) and restore.state == RestoreState.PREVIEWED
    return is_waiting and is_another and can_fetch(Permission.MANAGE, restore)


def may_approve_retry(restore: Restore) -> bool:
    """Of what a run could not do: by another pair of eyes than the plan's."""
    return current_user.id not in four_eyes.requesters(restore) and can_fetch(Permission.MANAGE, restore)


def _named(asked: dict[int, list[str]]) -> list[tuple[str, str]]:
    """(name, what they did), in the order in which they did it."""
    names = users.names_by_id(asked)
    return [(names[one], " and ".join(acts)) for one, acts in asked.items() if one in names]


def _name(user_id: int | None) -> str:
    row = users.find_by_id(user_id)
    return row.name if row else "a command"


def _approvers(restore: Restore) -> list[str]:
    """The managers that decided nothing of it; from one of our tenants into another, those who manage both."""
    asked = four_eyes.requesters(restore)
    found = [
        one.user for one in users.members_of_tenant(restore.tenant) if one.role == Role.MANAGER and one.user.is_active
    ]
    source = tenants.find_by_directory_id(restore.source_directory_id)
    if source and source.id != restore.tenant_id:
        theirs = {one.user_id for one in users.members_of_tenant(source) if one.role == Role.MANAGER}
        found = [one for one in found if one.id in theirs]
    return [one.name for one in found if one.id not in asked]
