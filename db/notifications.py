"""The bell. A run has one notification per recipient; its words are made from the run as it is when looked at."""

from collections.abc import Iterable

import peewee as pw

from db.clock import utcnow
from db.models import Membership, Notification, Policy, Run, Tenant, User


def for_run(run: Run) -> None:
    """Tell the requester and the tenant's subscribers. Called in the transaction that makes the run."""
    recipients = {
        row.user_id
        for row in Membership.select(Membership.user).where(
            (Membership.tenant == run.tenant_id) & (Membership.is_subscribed == True)  # noqa: E712
        )
    }
    if run.requested_by_id is not None:
        recipients.add(run.requested_by_id)
    rows = [{"user": user_id, "run": run.id} for user_id in sorted(recipients)]
    if rows:
        Notification.insert_many(rows).on_conflict_ignore().execute()


def tell(run: Run, user: User) -> None:
    """Someone pressed start and found this run: it is theirs to follow too."""
    Notification.insert(user=user, run=run).on_conflict_ignore().execute()


def mark_changed(run_id: int) -> None:
    """The run ended: unread again for everyone it was told to."""
    Notification.update(changed_at=utcnow(), read_at=None).where(Notification.run == run_id).execute()


def unread_count(user_id: int) -> int:
    unread = Notification.select(Notification.id).where((Notification.user == user_id) & Notification.read_at.is_null())
    return int(unread.limit(100).count())


def latest(user_id: int, limit: int = 50) -> list[Notification]:
    """Newest change first, with run, tenant and policy fetched in the same statement."""
    return list(
        Notification.select(Notification, Run, Tenant, Policy)
        .join(Run)
        .join(Tenant)
        .join_from(Run, Policy, pw.JOIN.LEFT_OUTER, on=Run.policy)
        .where(Notification.user == user_id)
        .order_by(Notification.changed_at.desc(), Notification.id.desc())
        .limit(limit)
    )


def mark_read(user_id: int, ids: Iterable[int] | None = None) -> int:
    """Mark these as read, or all of this person's when `ids` is None; another person's are never touched."""
    query = Notification.update(read_at=utcnow()).where((Notification.user == user_id) & Notification.read_at.is_null())
    if ids is not None:
        query = query.where(Notification.id.in_(list(ids)))
    return int(query.execute())
