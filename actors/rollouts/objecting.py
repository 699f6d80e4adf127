"""Objections to roll-outs: after each, the roll-out goes on with what may be done now."""

import config
from actors.rollouts import rolling_out
from db.audit.audit import Actor
from db.models import RollOutTenant
from db.rollouts import objections


def make(part: RollOutTenant, actor: Actor, reason: str) -> None:
    """Object to a roll-out in a tenant: it is left alone there. Raises Invalid."""
    objections.make(part, actor, reason)
    rolling_out.enqueue(part.rollout)


def take_back(part: RollOutTenant, actor: Actor) -> None:
    """Take an objection back. Raises Invalid."""
    objections.take_back(part, actor)
    rolling_out.enqueue(part.rollout)


def override(part: RollOutTenant, actor: Actor, reason: str) -> None:
    """Let the roll-out come to a tenant whose manager objects. Raises Invalid."""
    objections.override(part, actor, reason, four_eyes=config.settings().rollout_four_eyes)
    rolling_out.enqueue(part.rollout)
