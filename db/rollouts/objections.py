"""Objections: a tenant's manager sees what is planned there, and may say that it must not come.

The tenant is left alone until the objection is taken back, or until who approves roll-outs overrides it with a reason.
An objection is possible until something is written in the tenant.
"""

from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import lock_rows, transaction
from db.errors import Invalid
from db.models import Restore, RollOut, RollOutTenant
from db.restores import approvals
from db.rollouts import rollout_tenants, rollouts
from db.states import RestoreState, RollOutState, RollOutTenantState

S, T = RollOutState, RollOutTenantState
# Nothing of the roll-out is in the tenant yet.
BEFORE = (T.WAITING, T.PREVIEWING, T.PREVIEWED)
# The roll-out may still come to the tenant.
OPEN = (S.PREVIEWING, S.PREVIEWED, S.RUNNING, S.PAUSED)
NO_REASON = "Say why: whoever approves this roll-out reads it."
TOO_LATE = "Nothing was changed: the roll-out has begun in this tenant, or has ended. Look at it again."
NO_OBJECTION = "Nothing was changed: there is no objection any longer, or the roll-out has ended. Look at it again."
NOBODY = (
    "An objection is overridden by a second person, in the browser or with a token of theirs "
    "(TENANTKEEP_ROLLOUT_FOUR_EYES)."
)
OWN_ROLL_OUT = "You asked for this roll-out: somebody else has to override an objection to it."


@transaction
def make(part: RollOutTenant, actor: Actor, reason: str) -> None:
    """Object to a roll-out in a tenant. Raises Invalid without a reason, and when it is too late."""
    sentence = _required(reason)
    _require_open(part, TOO_LATE)
    said = {"objection": sentence, "objected_by": actor.user_id, "objected_at": utcnow()}
    undecided = {"overridden_by": None, "overridden_reason": None}
    if not rollout_tenants.move(part, BEFORE, T.OBJECTED, message="", **said, **undecided):
        raise Invalid(TOO_LATE)
    _record(Action.ROLLOUT_OBJECTED, actor, part, reason=sentence)


@transaction
def take_back(part: RollOutTenant, actor: Actor) -> None:
    """Take an objection back: the roll-out comes to the tenant after all. Raises Invalid when there is none."""
    none: dict[str, Any] = {"objection": None, "objected_by": None, "objected_at": None}
    _go_on(part, **none)
    _record(Action.ROLLOUT_OBJECTION_TAKEN_BACK, actor, part)


@transaction
def override(part: RollOutTenant, actor: Actor, reason: str, *, four_eyes: bool) -> None:
    """Let the roll-out come to a tenant whose manager objects. The objection stays to be read. Raises Invalid.

    `four_eyes`: somebody other than who asked for the roll-out has to do it.
    """
    sentence = _required(reason)
    if four_eyes and actor.user_id is None:
        raise Invalid(NOBODY)
    if four_eyes and actor.user_id == part.rollout.asked_by_id:
        raise Invalid(OWN_ROLL_OUT)
    _go_on(part, overridden_by=actor.user_id, overridden_reason=sentence)
    _record(Action.ROLLOUT_OBJECTION_OVERRIDDEN, actor, part, reason=sentence, objection=part.objection)


def _required(reason: str) -> str:
    sentence = approvals.clean_reason(reason)
    if not sentence:
        raise Invalid(NO_REASON)
    return sentence


def _require_open(part: RollOutTenant, refusal: str) -> None:
    lock_rows(RollOut, RollOut.id == part.rollout_id)
    part.rollout = RollOut.get_by_id(part.rollout_id)
    if part.rollout.state not in OPEN:
        raise Invalid(refusal)


def _go_on(part: RollOutTenant, **columns: Any) -> None:
    """Let the roll-out go on in the tenant: with its plan if it has one, else it is planned first."""
    _require_open(part, NO_OBJECTION)
    state = _state_without_objection(part)
    if not rollout_tenants.move(part, [T.OBJECTED], state, **columns):
        raise Invalid(NO_OBJECTION)
    if state != T.PREVIEWED:
        rollouts.move(part.rollout, [S.PREVIEWED], S.PREVIEWING)


def _state_without_objection(part: RollOutTenant) -> RollOutTenantState:
    restore: Restore | None = Restore.get_or_none(Restore.id == part.restore_id) if part.restore_id else None
    if restore is None:
        return T.WAITING
    is_counted = restore.state in (RestoreState.PREVIEWED, RestoreState.APPROVED) and bool(part.counts)
    return T.PREVIEWED if is_counted else T.PREVIEWING


def _record(action: Action, actor: Actor, part: RollOutTenant, **details: Any) -> None:
    standard = part.rollout.standard
    audit.record(
        action, actor, f"roll-out {part.rollout_id}", tenant=part.tenant, standard=str(standard.name), **details
    )
