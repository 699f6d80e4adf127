"""`entra.ask-again`: asks Entra ID again about people who signed in with it. A role that it takes away ends in an hour.

This is no run: nobody asked for it, and nothing of a tenant is read. The message carries the person's id.
"""

import logging

import dramatiq

from actors.people import entra_sign_in
from actors.process import logs
from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import INTERACTIVE
from db.accounts import entra_grants, users
from db.models import EntraToken
from graph.errors import GraphError

logger = logging.getLogger(__name__)


@dramatiq.actor(broker=broker, actor_name="entra.ask-again", queue_name=INTERACTIVE)
def recheck(*, user_id: int) -> None:
    user = users.find_by_id(user_id)
    if user is None or not user.is_active or not entra_sign_in.is_set_up():
        return
    try:
        entra_sign_in.renew_or_sign_out(user)
    except GraphError as e:
        logger.warning("Entra ID could not be asked about who is signed in: %s", e.sentence, extra=logs.REPEATED)


def enqueue_recheck(token: EntraToken) -> None:
    """Take the token's turn, then send the message: one that is lost comes again a few minutes later."""
    if entra_grants.claim_check(token):
        send(recheck, user_id=token.user_id)
