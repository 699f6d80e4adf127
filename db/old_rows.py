"""What goes by its age alone, of the whole installation: the oldest first, a few rows at a time.

Each is found from the beginning of an index, where what went before is no more: however long this goes on, nothing is
walked twice.
"""

from datetime import timedelta

from db.clock import utcnow
from db.models import Notification, Run, RunItem

TOGETHER = 500


def forget_items(days: int) -> int:
    """Of runs that ended longer ago; their totals stay. Returns how many went: less than TOGETHER when none is left."""
    before = utcnow() - timedelta(days=days)
    last = (
        Run.select(Run.id)
        .where(Run.created_at < before)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
        .scalar()
    )
    old = RunItem.select(RunItem.id).join(Run).where((RunItem.run <= (last or 0)) & (Run.ended_at < before))
    ids = [row[0] for row in old.order_by(RunItem.run, RunItem.id).limit(TOGETHER).tuples()]
    # An ended run's items change no more.
    return int(RunItem.delete().where(RunItem.id.in_(ids)).execute()) if ids else 0


def forget_notifications(days: int) -> int:
    """Read or not: nobody reads what is that old. As `forget_items`."""
    before = utcnow() - timedelta(days=days)
    last = (
        Run.select(Run.id)
        .where(Run.created_at < before)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
        .scalar()
    )
    old = (Notification.run <= (last or 0)) & (Notification.changed_at < before)
    rows = Notification.select(Notification.id).where(old).order_by(Notification.run).limit(TOGETHER)
    ids = [row[0] for row in rows.tuples()]
    # One that changed in between, since its run ended late, is news.
    return int(Notification.delete().where(Notification.id.in_(ids) & (Notification.changed_at < before)).execute())
