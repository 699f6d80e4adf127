"""Asking Entra ID again about people who are signed in by it: so that a role that it takes away ends within the hour.

No run: nobody asked for it, and nothing of a tenant is read. The message carries the person's id.
"""

import logging

import dramatiq
import redis
from dramatiq.errors import BrokerConnectionError

from actors.people import entra_sign_in
from actors.process import logs
from actors.queue.broker import INTERACTIVE
from db.accounts import entra_grants
from db.models import EntraToken, User
from graph.errors import GraphError

logger = logging.getLogger(__name__)


@dramatiq.actor(actor_name="entra.ask-again", queue_name=INTERACTIVE)
def recheck(*, user_id: int) -> None:
    user = User.get_or_none((User.id == user_id) & User.is_active)
    if user is None or not entra_sign_in.is_set_up():
        return
    try:
        entra_sign_in.renew_or_sign_out(user)
    except GraphError as e:
        logger.warning("Entra ID could not be asked about who is signed in: %s", e.sentence, extra=logs.REPEATED)


def enqueue_recheck(token: EntraToken) -> None:
    """Its turn first: a message that is lost comes again a few minutes later."""
    if not entra_grants.claim_check(token):
        return
    try:
        recheck.send(user_id=token.user_id)
    except (BrokerConnectionError, redis.RedisError):
        logger.warning("the queue is unreachable", extra=logs.REPEATED)
