"""Rows of the whole installation that go by their age alone: the oldest first, a few at a time.

Each is found from the beginning of an index, where what went before is no more: however long this goes on, nothing is
walked twice.
"""

from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.accounts import api_starts
from db.clock import utcnow
from db.models import ApiStart, ApiToken, Notification, Run, RunItem, Stint

ROWS_AT_ONCE = 500
# For so long the list of tokens shows what is no more.
API_TOKENS_KEPT = timedelta(days=366)


def delete_old_items(days: int) -> int:
    """Delete items of runs that ended longer ago; the totals stay.

    Return how many: less than ROWS_AT_ONCE at the end.
    """
    before = utcnow() - timedelta(days=days)
    first, last = RunItem.select(pw.fn.MIN(RunItem.run)).scalar() or 0, _last_run_before(before)
    # Between those two also for PostgreSQL, which would go along all runs from the first on, however long ago it was.
    of_old = RunItem.select(RunItem.id).join(Run).where((RunItem.run <= last) & Run.id.between(first, last))
    old = of_old.where(Run.ended_at < before)
    ids = [row[0] for row in old.order_by(RunItem.run, RunItem.id).limit(ROWS_AT_ONCE).tuples()]
    # An ended run's items change no more.
    return int(RunItem.delete().where(RunItem.id.in_(ids)).execute()) if ids else 0


def delete_old_stints(days: int) -> int:
    """Delete stints of runs that ended longer ago. Return how many: less than ROWS_AT_ONCE at the end."""
    before = utcnow() - timedelta(days=days)
    first, last = Stint.select(pw.fn.MIN(Stint.run)).scalar() or 0, _last_run_before(before)
    of_old = Stint.select(Stint.id).join(Run).where((Stint.run <= last) & Run.id.between(first, last))
    rows = of_old.where(Run.ended_at < before).order_by(Stint.run, Stint.id).limit(ROWS_AT_ONCE)
    ids = [row[0] for row in rows.tuples()]
    return int(Stint.delete().where(Stint.id.in_(ids)).execute()) if ids else 0


def delete_old_notifications(days: int) -> int:
    """Delete old notifications, read or not. Return how many: less than ROWS_AT_ONCE at the end."""
    before = utcnow() - timedelta(days=days)
    old = (Notification.run <= _last_run_before(before)) & (Notification.changed_at < before)
    rows = Notification.select(Notification.id).where(old).order_by(Notification.run).limit(ROWS_AT_ONCE)
    ids = [row[0] for row in rows.tuples()]
    # A notification that changed in between, since its run ended late, is news.
    return int(Notification.delete().where(Notification.id.in_(ids) & (Notification.changed_at < before)).execute())


def delete_old_api_starts() -> int:
    """Delete what is remembered of programs' starts for longer than a day. Return how many."""
    return _delete_oldest(ApiStart, ApiStart.made_at, utcnow() - api_starts.KEPT)


def delete_old_api_tokens() -> int:
    """Delete tokens that expired, ended or not, so long ago that nobody looks for them. Return how many."""
    return _delete_oldest(ApiToken, ApiToken.expires_at, utcnow() - API_TOKENS_KEPT)


def _delete_oldest(model: Any, at: pw.Field, before: datetime) -> int:
    ids = [row[0] for row in model.select(model.id).where(at < before).order_by(at).limit(ROWS_AT_ONCE).tuples()]
    return int(model.delete().where(model.id.in_(ids)).execute()) if ids else 0


def _last_run_before(before: datetime) -> int:
    """Return the id of the last run that was made before then, 0 without one."""
    newest_first = Run.select(Run.id).where(Run.created_at < before).order_by(Run.created_at.desc(), Run.id.desc())
    return newest_first.limit(1).scalar() or 0
