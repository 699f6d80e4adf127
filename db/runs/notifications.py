"""Notifications in the bell: one per run and recipient. Its words are made from the run as it is when looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.accounts import users
from db.clock import utcnow
from db.models import IS_ACTIVE, Notification, Policy, Run, RunItem, Tenant, User
from db.runs import run_history
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import ENDED, UNSETTLED


def notify_recipients(run: Run) -> None:
    """Notify the requester and the tenant's subscribers. Called in the transaction that makes the run."""
    recipients = users.subscriber_ids(run.tenant_id)
    if run.requested_by_id is not None:
        recipients.add(run.requested_by_id)
    # Who asked knows that it began.
    known = {run.requested_by_id: utcnow()}
    rows = [{"user": user_id, "run": run.id, "read_at": known.get(user_id)} for user_id in sorted(recipients)]
    upserts.insert_missing(Notification, (Notification.user, Notification.run), rows)


def notify_user(run: Run, user: User) -> None:
    """Notify somebody who pressed start and found this run."""
    upserts.insert_missing(Notification, (Notification.user, Notification.run), [{"user": user.id, "run": run.id}])


def has_recipients(run: Run) -> bool:
    """Return whether anybody was notified of the run."""
    return bool(Notification.select().where(Notification.run == run).exists())


def mark_unread(run_id: int, but_user_id: int | None = None) -> None:
    """Make the ended run unread again for everybody who was notified of it, but for one who need not be told.

    Who started a run and sees it succeed has no news of it: it stays in their list, read.
    """
    now, of_run = utcnow(), Notification.run == run_id
    Notification.update(changed_at=now, read_at=None).where(of_run).execute()
    if but_user_id is not None:
        Notification.update(read_at=now).where(of_run & (Notification.user == but_user_id)).execute()


def unread_count(user_id: int, tenant_ids: Sequence[int] | None = None) -> int:
    unread = _of_user(Notification.select(Notification.id), user_id, tenant_ids).where(Notification.read_at.is_null())
    return int(unread.limit(100).count())


def _of_user(query: Any, user_id: int, tenant_ids: Sequence[int] | None) -> Any:
    """Return this person's notifications, of tenants that they may see now: a role that goes takes its news with it."""
    query = query.where(Notification.user == user_id)
    if tenant_ids is None:
        return query
    return query.join(Run).where(is_in(Run.tenant, tenant_ids))


@dataclass(frozen=True)
class FollowedRun:
    run: Run
    total: int
    settled: int


@dataclass(frozen=True)
class FollowedRuns:
    # How many of this person's runs go on (MAX_COUNTED: so many or more), the ids of the newest, and those shown.
    active: int
    ids: list[int]
    shown: list[FollowedRun]
    has_more: bool


MAX_COUNTED, MAX_FOLLOWED, MAX_SHOWN = 100, 20, 5


def followed_runs(user_id: int, tenant_ids: Sequence[int] | None = None, also: Sequence[int] = ()) -> FollowedRuns:
    """Return the person's runs that go on, and of the ids `also` those that ended meanwhile."""
    is_of_user = pw.fn.EXISTS(
        Notification.select(Notification.id).where((Notification.run == Run.id) & (Notification.user == user_id))
    )
    if tenant_ids is not None:
        is_of_user &= is_in(Run.tenant, tenant_ids)
    going = _newest_active(is_of_user)
    shown = run_history.newest_runs(is_in(Run.id, going[:MAX_SHOWN]), MAX_SHOWN) if going else []
    if also:
        shown += run_history.newest_runs(is_in(Run.id, also) & Run.state.in_(ENDED) & is_of_user, MAX_FOLLOWED)
    settled = _progress_by_run([run.id for run in shown])
    described = [FollowedRun(run, *settled.get(run.id, (run.total, 0))) for run in shown]
    return FollowedRuns(len(going), going[:MAX_FOLLOWED], described, has_more=len(going) > MAX_SHOWN)


def _newest_active(is_of_user: Any) -> list[int]:
    """Return the ids of active parent runs. Counting stops at a limit, for every open page asks every few seconds."""
    run_ids: Any = Run.select(Run.id).where(IS_ACTIVE & Run.parent.is_null() & is_of_user)
    return [row[0] for row in run_ids.order_by(Run.id.desc()).limit(MAX_COUNTED).tuples()]


def _progress_by_run(run_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return run id -> (items, settled items)."""
    is_open = pw.Case(None, [(RunItem.state.in_(UNSETTLED), 1)], 0)
    rows = (
        RunItem.select(RunItem.run, pw.fn.COUNT(RunItem.id), pw.fn.SUM(is_open))
        .where(is_in(RunItem.run, run_ids))
        .group_by(RunItem.run)
        .tuples()
    )
    return {run_id: (total, total - unsettled) for run_id, total, unsettled in rows}


PAGE_SIZE = 50


def latest(
    user_id: int, tenant_ids: Sequence[int] | None = None, *, only_unread: bool = False, page: int = 0
) -> list[Notification]:
    """Return a page of notifications and one more, the newest change first.

    They are found by their ids first: joined, the rows would all be sorted.
    """
    ids = _of_user(Notification.select(Notification.id), user_id, tenant_ids)
    if only_unread:
        ids = ids.where(Notification.read_at.is_null())
    newest = (Notification.changed_at.desc(), Notification.id.desc())
    page_ids = [row[0] for row in ids.order_by(*newest).limit(PAGE_SIZE + 1).offset(page * PAGE_SIZE).tuples()]
    return list(
        Notification.select(Notification, Run, Tenant, Policy, User)
        .join(Run)
        .join(Tenant)
        .join_from(Run, Policy, pw.JOIN.LEFT_OUTER, on=Run.policy)
        .join_from(Notification, User, pw.JOIN.LEFT_OUTER, on=Notification.asked_by)
        .where(is_in(Notification.id, page_ids))
        .order_by(*newest)
    )


def mark_read(user_id: int, ids: Iterable[int] | None = None) -> int:
    """Mark these as read, or all of this person's when `ids` is None; another person's are never touched."""
    query = Notification.update(read_at=utcnow()).where((Notification.user == user_id) & Notification.read_at.is_null())
    if ids is not None:
        query = query.where(is_in(Notification.id, ids))
    return int(query.execute())


def find_of_run(user_id: int, run: Run) -> Notification | None:
    """Return this person's notification of the run."""
    return Notification.get_or_none(user=user_id, run=run)
