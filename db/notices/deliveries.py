"""Deliveries: one message each to one channel, tried until it arrives or is given up.

    waiting --handed over, claimed--> sending --arrived--> sent
       ^                                 |
       +---- refused for now, later -----+--- refused for good, or too often --> failed

One delivery of a channel is under way at a time, and a few of all channels: a receiver that is slow delays nobody else.
A worker that dies between sending and noting it leaves a claim that runs out; the message then goes again, under the
same id: at least once.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import has_come, utcnow
from db.database import Condition, database, lock_rows
from db.errors import Invalid
from db.models import Channel, Delivery, Notice, User
from db.sql import time_ranges, value_lists
from db.states import DeliveryState

# After each try that did not succeed, the next comes so much later: the last about a day after the first.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40, 80, 160, 360, 360, 360))
# A receiver may name a time of its own, within these.
LONGEST_PAUSE = timedelta(hours=6)
# As many at once, of all workers: each may keep a thread waiting for ten seconds.
MAX_UNDER_WAY = 4
# Of those that are due: a channel is left out as soon as one of its own is under way, so others come next.
MAX_LOOKED_AT = 1000
# A message that was put into the queue is claimed by then; else it was lost, and goes again.
HANDED_OVER_FOR = timedelta(minutes=2)
# Longer than any sender takes.
CLAIMED_FOR = timedelta(minutes=2)
KEPT_FOR = timedelta(days=90)
MAX_ANSWER = 500

WORKERS_ENDED = "The worker ended each time that it sent this."
SWITCHED_OFF = "The channel was switched off before this was sent."
OWNER_GONE = "The account whose channel it is was switched off."

_UNSENT = (DeliveryState.WAITING, DeliveryState.SENDING)


class Refusal(Exception):
    """A try that did not succeed: why, without secrets. `is_final`: no further one can help.

    `retry_after`: the pause that the receiver asked for. `is_of_channel`: the channel is failing by it.
    """

    def __init__(
        self,
        sentence: str,
        *,
        is_final: bool = False,
        retry_after: timedelta | None = None,
        is_of_channel: bool = True,
    ) -> None:
        super().__init__(sentence)
        self.is_of_channel = is_of_channel
        self.sentence, self.is_final, self.retry_after = sentence, is_final, retry_after


def create(channel: Channel, notices: Sequence[Notice], due_at: datetime) -> Delivery:
    """Make a delivery of these notices to the channel, in the caller's transaction."""
    delivery = Delivery.create(channel=channel, message_id=str(uuid.uuid4()), next_at=due_at)
    for ids in value_lists.batched(sorted(notice.id for notice in notices)):
        Notice.update(delivery=delivery).where(Notice.id.in_(ids)).execute()
    return delivery


def create_test(channel: Channel, actor: Actor) -> Delivery:
    """Make a test that goes the same way as a notice. Raises Invalid for a channel that is switched off."""
    if not channel.is_active:
        raise Invalid("The channel is switched off. Switch it on, then test it.")
    with database.atomic():
        delivery = Delivery.create(channel=channel, message_id=str(uuid.uuid4()), is_test=True, asked_by=actor.user_id)
        audit.record(Action.CHANNEL_TESTED, actor, f"channel {channel.name}")
    return delivery


def hand_over_due(apart: Collection[int] = ()) -> list[Delivery]:
    """Return the deliveries to put into the queue now, one of a channel, and hold each back until its message is read.

    `apart`: ids to leave out.
    """
    now = utcnow()
    room = MAX_UNDER_WAY - _under_way(now).count()
    if room <= 0:
        return []
    firsts: dict[int, int] = {}
    for delivery_id, channel_id in _due(now).limit(MAX_LOOKED_AT).tuples():
        if delivery_id not in apart:
            firsts.setdefault(channel_id, delivery_id)
    return [delivery for delivery in map(_hand_over, list(firsts.values())[:room]) if delivery]


def hand_over_next(channel_id: int) -> Delivery | None:
    """Return the channel's next delivery, if one is due, as `hand_over_due` does: for who has just sent another."""
    following = _due(utcnow()).where(Delivery.channel == channel_id).limit(1).tuples().first()
    return _hand_over(following[0]) if following else None


def _due(now: datetime) -> Any:
    """Return a query of what is due in channels where nothing is under way, from the index of what is unsent."""
    due = Delivery.select(Delivery.id, Delivery.channel).where(_is_due(now) & _is_of_free_channel(now))
    return due.order_by(Delivery.next_at, Delivery.id)


def _hand_over(delivery_id: int) -> Delivery | None:
    now = utcnow()
    held = Delivery.update(claimed_until=now + HANDED_OVER_FOR).where((Delivery.id == delivery_id) & _is_due(now))
    return Delivery.get_by_id(delivery_id) if held.execute() else None


def _is_due(now: datetime) -> Condition:
    is_free = Delivery.claimed_until.is_null() | ~_is_claimed(now)
    return _is_unsent() & has_come(Delivery.next_at, now, 2 * LONGEST_PAUSE) & is_free


def _is_claimed(now: datetime) -> Condition:
    # What is held for longer than any was so by a clock that was set back since.
    condition: Condition = Delivery.claimed_until.between(now, now + 2 * max(HANDED_OVER_FOR, CLAIMED_FOR))
    return condition


def _is_unsent() -> Condition:
    # As the index has it: PostgreSQL takes it for no other words.
    return pw.SQL("state IN ('waiting', 'sending')")


def _under_way(now: datetime) -> Any:
    return Delivery.select().where(_is_unsent() & _is_claimed(now))


def _is_of_free_channel(now: datetime) -> Condition:
    return Delivery.channel.not_in(_under_way(now).columns(Delivery.channel))


def claim(delivery_id: int, attempts: int) -> Delivery | None:
    """Take the delivery for this worker; None when somebody else has, or it is to be sent no more.

    `attempts`: how many there were when the message was made. A second message for the same try finds another number.
    """
    mine = (Delivery.id == delivery_id) & (Delivery.attempts == attempts) & Delivery.state.in_(_UNSENT)
    taken = Delivery.update(
        state=DeliveryState.SENDING, attempts=Delivery.attempts + 1, claimed_until=utcnow() + CLAIMED_FOR
    )
    if not taken.where(mine).execute():
        return None
    delivery = (
        Delivery.select(Delivery, Channel, User)
        .join(Channel)
        .left_outer_join(User, on=Channel.owner)
        .where(Delivery.id == delivery_id)
        .get()
    )
    refusal = _refusal_before_sending(delivery)
    if refusal is None:
        return delivery
    record_refusal(delivery, Refusal(refusal, is_final=True, is_of_channel=refusal != SWITCHED_OFF))
    return None


def _refusal_before_sending(delivery: Delivery) -> str | None:
    channel = delivery.channel
    if delivery.attempts > len(PAUSES) + 1:
        return WORKERS_ENDED
    if not channel.is_active:  # while an earlier try was under way
        return SWITCHED_OFF
    return OWNER_GONE if channel.owner_id is not None and not channel.owner.is_active else None


def record_sent(delivery: Delivery, answer: str) -> bool:
    """Note that the delivery arrived. False when another worker has taken it meanwhile."""
    facts = {"state": DeliveryState.SENT, "sent_at": utcnow(), "answer": answer[:MAX_ANSWER]}
    return _record(delivery, facts, {"error": None, "sent_at": utcnow()})


def record_refusal(delivery: Delivery, refusal: Refusal) -> bool:
    """Note why a try did not succeed, and when the next comes; none after the last, or a refusal for good."""
    # Who tests sees what came of it, and tests again.
    tries_left = delivery.attempts <= len(PAUSES) and not refusal.is_final and not delivery.is_test
    answer = refusal.sentence[:MAX_ANSWER]
    facts: dict[str, Any] = {"state": DeliveryState.FAILED, "answer": answer}
    if tries_left:
        pause = max(PAUSES[delivery.attempts - 1], min(refusal.retry_after or timedelta(0), LONGEST_PAUSE))
        facts = {"state": DeliveryState.WAITING, "answer": answer, "next_at": utcnow() + pause}
    if not _record(delivery, facts, {"error": answer} if refusal.is_of_channel else {}):
        return False
    if tries_left:
        _hold_channel(delivery, refusal)
    return True


def _record(delivery: Delivery, facts: dict[str, Any], of_channel: dict[str, Any]) -> bool:
    is_mine = (Delivery.id == delivery.id) & (Delivery.attempts == delivery.attempts)
    is_mine &= Delivery.state == DeliveryState.SENDING
    with database.atomic():
        lock_rows(Channel, Channel.id == delivery.channel_id)
        if not Delivery.update(**facts, claimed_until=None).where(is_mine).execute():
            return False
        if of_channel:
            Channel.update(of_channel).where(Channel.id == delivery.channel_id).execute()
    return True


def _hold_channel(refused: Delivery, refusal: Refusal) -> None:
    """Put off what else waits for a receiver that takes nothing now. Not for long: it may be this message alone."""
    until = utcnow() + max(PAUSES[0], min(refusal.retry_after or timedelta(0), LONGEST_PAUSE))
    others = (Delivery.channel == refused.channel_id) & (Delivery.id != refused.id) & _is_unsent()
    waiting = (Delivery.state == DeliveryState.WAITING) & (Delivery.next_at < until)
    Delivery.update(next_at=until).where(others & waiting).execute()


def of_channel(channel: Channel, limit: int) -> list[Delivery]:
    """Return the channel's newest deliveries, newest first."""
    newest_first = Delivery.select().where(Delivery.channel == channel.id).order_by(Delivery.id.desc())
    return list(newest_first.limit(limit))


def count_unsent() -> int:
    return int(Delivery.select().where(_is_unsent()).count())


def count_failed(since: datetime) -> int:
    is_recent = time_ranges.since(Delivery.created_at, since)
    return int(Delivery.select().where(is_recent & (Delivery.state == DeliveryState.FAILED)).count())


def delete_old(rows_at_once: int) -> int:
    """Delete some deliveries that ended, of long ago. Return how many: less than `rows_at_once` at the end."""
    before = utcnow() - KEPT_FOR
    ended = Delivery.state.not_in(_UNSENT)
    oldest_first = Delivery.select(Delivery.id).where((Delivery.created_at < before) & ended)
    ids = [row[0] for row in oldest_first.order_by(Delivery.created_at).limit(rows_at_once).tuples()]
    return int(Delivery.delete().where(Delivery.id.in_(ids)).execute()) if ids else 0
