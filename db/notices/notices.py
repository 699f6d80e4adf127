"""Notices: each occurrence once to each channel that wants it and may hear of it, bundled into deliveries when due."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import has_come, is_recent, utcnow
from db.database import Condition, lock_rows, transaction
from db.models import Change, Channel, Delivery, Notice, NoticeRule, Occurrence, Policy, Tenant
from db.notices import deliveries, pace, rules
from db.notices.rules import Audience
from db.sql import upserts
from db.sql.value_lists import batched, is_in
from db.states import DeliveryState, NoticePace, NoticePhase

# One transaction makes the notices of so many.
OCCURRENCES_AT_ONCE = 500
# A channel gets so many messages of one thing each; of more that are due with them, one message of all.
MAX_SINGLE = 3
# And in ten minutes so many at the most: what comes then waits, and is one message.
MAX_IN_WINDOW, WINDOW = 30, timedelta(minutes=10)
# A day, and then the quiet hours.
LONGEST_WAIT = timedelta(days=3)

_IS_UNDELIVERED = Notice.delivery.is_null()


@transaction
def make(limit: int = OCCURRENCES_AT_ONCE) -> int:
    """Make the notices of what began and of what is well again, for those not yet told. Return of how many."""
    now = utcnow()
    return _tell_begun(now, limit) + _tell_ended(now, limit)


def _tell_begun(now: datetime, limit: int) -> int:
    untold = _locked(Occurrence.told_at.is_null(), limit)
    if not untold:
        return 0
    # What ended before anybody could hear of it is no news, and neither is that it ended.
    going = [occurrence for occurrence in untold if occurrence.ended_at is None]
    active = rules.active()
    audience = Audience([rule.channel for rule in active])
    rows = [row for occurrence in going for row in _rows(occurrence, active, audience, now)]
    _insert(rows)
    ids = [occurrence.id for occurrence in untold]
    Occurrence.update(told_at=now).where(Occurrence.id.in_(ids)).execute()
    Occurrence.update(end_told_at=now).where(Occurrence.id.in_(ids) & Occurrence.ended_at.is_null(False)).execute()
    return len(untold)


def _rows(
    occurrence: Occurrence, active: Sequence[NoticeRule], audience: Audience, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield a row for each channel that hears of it: by the rule of it that tells it first."""
    by_channel: dict[int, dict[str, Any]] = {}
    tags = rules.tags_of(occurrence) if any(rule.tags for rule in active) else frozenset()
    for rule in active:
        if rules.wants(rule, occurrence, tags) and audience.may_hear(rule.channel, occurrence):
            row = _row(rule.channel_id, rule.id, occurrence, NoticePhase.BEGAN, rules.due_at(rule, occurrence, now))
            known = by_channel.get(rule.channel_id)
            if known is None or row["due_at"] < known["due_at"]:
                by_channel[rule.channel_id] = row
    yield from by_channel.values()


def _row(channel_id: int, rule_id: int, occurrence: Occurrence, phase: NoticePhase, due_at: datetime) -> dict[str, Any]:
    return {
        "channel": channel_id,
        "occurrence": occurrence.id,
        "phase": str(phase),
        "rule": rule_id,
        "due_at": due_at,
    }


def _insert(rows: list[dict[str, Any]]) -> None:
    upserts.insert_missing(Notice, (Notice.channel, Notice.occurrence, Notice.phase), rows)


def _locked(which: Condition, limit: int) -> list[Occurrence]:
    """Lock and return the first occurrences of which this holds: another teller waits, and finds it holds no more."""
    ids = [
        row[0] for row in Occurrence.select(Occurrence.id).where(which).order_by(Occurrence.id).limit(limit).tuples()
    ]
    if not ids:
        return []
    lock_rows(Occurrence, Occurrence.id.in_(ids))
    return list(Occurrence.select().where(Occurrence.id.in_(ids) & which).order_by(Occurrence.id))


def _tell_ended(now: datetime, limit: int) -> int:
    is_untold = Occurrence.ended_at.is_null(False) & Occurrence.end_told_at.is_null()
    ended = _locked(is_untold & Occurrence.told_at.is_null(False), limit)
    if not ended:
        return 0
    ids = [occurrence.id for occurrence in ended]
    heard = _notices(Notice.occurrence.in_(ids) & (Notice.phase == NoticePhase.BEGAN))
    audience = Audience([notice.channel for notice in heard])
    by_id = {occurrence.id: occurrence for occurrence in ended}
    rows = []
    for notice in heard:
        if notice.delivery_id is None:
            _forget_if_at_once(notice)
        elif notice.rule and _may_go(notice, audience) and notice.delivery.state != DeliveryState.FAILED:
            occurrence = by_id[notice.occurrence_id]
            due_at = pace.due_at(notice.rule, now)
            rows.append(_row(notice.channel_id, notice.rule_id, occurrence, NoticePhase.ENDED, due_at))
    _insert(rows)
    Occurrence.update(end_told_at=now).where(Occurrence.id.in_(ids)).execute()
    return len(ended)


def _forget_if_at_once(notice: Notice) -> None:
    """Take back what quiet hours held up until it was over. A digest says that it was, and that it is well again."""
    if notice.rule is None or notice.rule.pace == NoticePace.AT_ONCE:
        Notice.delete().where((Notice.id == notice.id) & _IS_UNDELIVERED).execute()


def _notices(which: Condition) -> list[Notice]:
    """Return notices, each with its channel, rule, occurrence and delivery, in the order in which they came."""
    query = Notice.select(Notice, Channel, NoticeRule, Occurrence, Delivery).join(Channel).switch(Notice)
    query = query.join(NoticeRule, pw.JOIN.LEFT_OUTER).switch(Notice).join(Occurrence).switch(Notice)
    return list(query.join(Delivery, pw.JOIN.LEFT_OUTER).where(which).order_by(Notice.id))


def _may_go(notice: Notice, audience: Audience) -> bool:
    """Return whether its channel and its rule still stand, and its owner may still see what it is about."""
    is_wanted = notice.channel.is_active and notice.rule is not None and notice.rule.is_active
    return bool(is_wanted and audience.may_hear(notice.channel, notice.occurrence))


# --- bundled ---------------------------------------------------------------------------------------------------------


def channels_with_due(now: datetime) -> list[int]:
    """Return the ids of channels that have something to tell now."""
    query = Notice.select(Notice.channel).where(_IS_UNDELIVERED & has_come(Notice.due_at, now, LONGEST_WAIT)).distinct()
    return sorted(row[0] for row in query.tuples())


@transaction
def bundle(channel_id: int) -> list[Delivery]:
    """Make deliveries of a channel's notices that are due: one each, or one of many.

    What it may no longer hear of, or nobody wants any longer, is forgotten.
    """
    lock_rows(Channel, Channel.id == channel_id)
    now = utcnow()
    due = _notices((Notice.channel == channel_id) & _IS_UNDELIVERED & has_come(Notice.due_at, now, LONGEST_WAIT))
    audience = Audience([notice.channel for notice in due])
    going = [notice for notice in due if _may_go(notice, audience)]
    gone = {notice.id for notice in due} - {notice.id for notice in going}
    for ids in batched(sorted(gone)):
        Notice.delete().where(Notice.id.in_(ids)).execute()
    if not going:
        return []
    channel = going[0].channel
    at_once = [notice for notice in going if notice.rule.pace == NoticePace.AT_ONCE]
    digest = [notice for notice in going if notice.rule.pace != NoticePace.AT_ONCE]
    bundles = [digest] if digest else []
    room = MAX_IN_WINDOW - _count_recent(channel, now)
    if at_once and room > 0:
        is_one_each = len(at_once) <= min(MAX_SINGLE, room)
        bundles += [[notice] for notice in at_once] if is_one_each else [at_once]
    return [deliveries.create(channel, notices, now) for notices in bundles]


def _count_recent(channel: Channel, now: datetime) -> int:
    is_told = (Delivery.channel == channel) & ~Delivery.is_test
    return int(Delivery.select().where(is_told & is_recent(Delivery.created_at, WINDOW, now)).count())


def forget_of_silenced() -> int:
    """Delete what channels that are switched off were about to tell: switched on again, they tell no backlog."""
    silenced = Channel.select(Channel.id).where(~Channel.is_active)
    return int(Notice.delete().where(_IS_UNDELIVERED & Notice.channel.in_(silenced)).execute())


def of_delivery(delivery: Delivery) -> list[Notice]:
    """Return the notices that a delivery tells, without what its channel's owner may no longer see."""
    told = _notices(Notice.delivery == delivery.id)
    audience = Audience([notice.channel for notice in told])
    return [notice for notice in told if audience.may_hear(notice.channel, notice.occurrence)]


def changes_of(told: Sequence[Occurrence]) -> dict[int, Change]:
    """Return change id -> change, with its tenant and policy, of those that there still are."""
    ids = [occurrence.change_id for occurrence in told if occurrence.change_id]
    query = Change.select(Change, Tenant, Policy).join(Tenant).switch(Change).join(Policy)
    return {row.id: row for some in batched(ids) for row in query.where(Change.id.in_(some))}


def tenant_names(told: Sequence[Occurrence]) -> dict[int, str]:
    ids = {occurrence.tenant_id for occurrence in told} - {None}
    return dict(Tenant.select(Tenant.id, Tenant.name).where(is_in(Tenant.id, sorted(ids))).tuples())


def count_by_delivery(told: Sequence[Delivery]) -> dict[int, int]:
    """Return delivery id -> how many notices it tells."""
    query = Notice.select(Notice.delivery, pw.fn.COUNT(Notice.id)).group_by(Notice.delivery)
    return dict(query.where(Notice.delivery.in_([delivery.id for delivery in told])).tuples())


def only_ones(told: Sequence[Delivery]) -> dict[int, Occurrence]:
    """Return delivery id -> what it tells, of those that tell one thing."""
    first = pw.fn.MIN(Notice.occurrence)
    query = Notice.select(Notice.delivery, first).where(Notice.delivery.in_([delivery.id for delivery in told]))
    by_delivery = dict(query.group_by(Notice.delivery).having(pw.fn.COUNT(Notice.id) == 1).tuples())
    found = {row.id: row for row in Occurrence.select().where(Occurrence.id.in_(list(by_delivery.values())))}
    return {delivery: found[number] for delivery, number in by_delivery.items()}
