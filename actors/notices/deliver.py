"""`notice.deliver`: sends one delivery, notes what became of it, and goes on with the channel's next.

This is no run: nobody waits for it, and nothing of a tenant is read. The message carries the delivery's id, and how
often it was tried; the scheduler sends it for what is due, and for what a worker left that died.
"""

import logging

import dramatiq

from actors.notices import outgoing, words
from actors.notices.senders import SENDERS
from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import INTERACTIVE
from db.models import Delivery
from db.notices import deliveries
from db.notices.deliveries import Refusal
from db.states import ChannelKind

logger = logging.getLogger(__name__)

OUR_FAULT = "It could not be written or sent, by a fault of Tenantkeep’s own: its log has the details."


# A few at a time (MAX_UNDER_WAY), so that what people wait for in this queue has its threads.
@dramatiq.actor(broker=broker, actor_name="notice.deliver", queue_name=INTERACTIVE)
def deliver(*, delivery_id: int, attempts: int) -> None:
    delivery = deliveries.claim(delivery_id, attempts)
    if delivery is None:
        return
    _send(delivery)
    following = deliveries.hand_over_next(delivery.channel_id)
    if following:
        enqueue(following)


def _send(delivery: Delivery) -> None:
    facts = {"delivery": delivery.id, "channel": delivery.channel_id, "attempt": delivery.attempts}
    try:
        to = outgoing.outgoing(delivery, words.message_of(delivery))
        answer = SENDERS[ChannelKind(delivery.channel.kind)](to)
    except Refusal as e:
        logger.warning("a notice was not sent: %s", e.sentence, extra=facts)
        deliveries.record_refusal(delivery, e)
    except Exception:
        logger.exception("a notice could not be sent", extra=facts)
        deliveries.record_refusal(delivery, Refusal(OUR_FAULT))
    else:
        logger.info("a notice was sent", extra=facts)
        deliveries.record_sent(delivery, answer)


def enqueue(delivery: Delivery) -> None:
    """Put a delivery that was handed over into the queue: a message that is lost comes again some minutes later."""
    send(deliver, delivery_id=delivery.id, attempts=delivery.attempts)
