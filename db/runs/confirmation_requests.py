"""Requests to confirm a restore: those who may write or approve its plan find it in their bells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.database import transaction
from db.errors import Invalid
from db.models import Notification, Restore, Run, User
from db.notices import occurrences
from db.restores import approvals, restores
from db.sql import upserts
from db.states import NoticeEvent, RunKind

# Nobody is asked for the same plan again before.
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class ConfirmationRequest:
    """A plan that somebody was asked to confirm: who, when, by whom."""

    asked_at: datetime
    asked_by: str
    names: list[str]


def find_recent(restore: Restore) -> ConfirmationRequest | None:
    """Return the request for this plan of within the hour, if there is one."""
    preview_id = _preview_id(restore)
    if preview_id is None:
        return None
    asker = User.alias()
    rows = list(
        Notification.select(Notification, User, asker)
        .join(User, on=Notification.user)
        .join_from(Notification, asker, on=Notification.asked_by)
        .where((Notification.run == preview_id) & is_recent(Notification.asked_at, PATIENCE, utcnow()))
        .order_by(Notification.asked_at.desc(), User.name)
    )
    if not rows:
        return None
    newest = rows[0]
    return ConfirmationRequest(newest.asked_at, newest.asked_by.name, [row.user.name for row in rows])


@transaction
def ask(restore: Restore, people: Sequence[User], actor: Actor) -> bool:
    """Tell these people that the plan waits for one of them; False where they were told within the hour. Raises
    Invalid where nothing is to be confirmed.
    """
    restores.lock_restore(restore)
    now = Restore.get_by_id(restore.id)
    preview_id = _preview_id(now)
    if now.state not in approvals.READY or preview_id is None:
        raise Invalid("There is no plan to confirm: preview it first.")
    if not people:
        raise Invalid("Nobody else may confirm this restore. Ask an admin for a manager of this tenant.")
    if find_recent(now):
        return False
    at = utcnow()
    rows = [
        {"user": user.id, "run": preview_id, "asked_by": actor.user_id, "asked_at": at, "changed_at": at,
         "read_at": None}
        for user in people
    ]  # fmt: skip
    renewed = (Notification.asked_by, Notification.asked_at, Notification.changed_at, Notification.read_at)
    upserts.insert_or_update(Notification, (Notification.user, Notification.run), rows, renewed)
    occurrences.begin(
        NoticeEvent.RESTORE_ASKED,
        f"restore_asked:{now.id}:{at.isoformat()}",
        now.tenant,
        restore_id=now.id,
        facts={"asked_by": actor.name},
    )
    audit.record_of_restore(Action.CONFIRMATION_ASKED, actor, now, asked=sorted(user.name for user in people))
    return True


def mark_read(restore: Restore, user_id: int) -> None:
    """Mark the requests that this person has got for the restore as read: they are looking at it."""
    previews = Run.select(Run.id).where((Run.restore_id == restore.id) & (Run.kind == RunKind.PREVIEW))
    is_unread = (Notification.user == user_id) & Notification.read_at.is_null() & Notification.asked_at.is_null(False)
    Notification.update(read_at=utcnow()).where(is_unread & Notification.run.in_(previews)).execute()


def _preview_id(restore: Restore) -> int | None:
    """Return the id of the preview that made the plan: another plan is asked for anew."""
    is_its = (Run.restore_id == restore.id) & (Run.kind == RunKind.PREVIEW)
    newest: int | None = Run.select(pw.fn.MAX(Run.id)).where(is_its).scalar()
    return newest
