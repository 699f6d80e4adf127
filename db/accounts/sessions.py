"""Sessions: where people are signed in. One ends by signing out, by idling, by age, or when the person's rights change.

A session is a row, and its token is kept as a SHA-256 alone: docs/decisions/0027-sessions-are-rows.md.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from db.clock import is_recent, utcnow
from db.database import Condition
from db.models import Session, User

# From sign-in to the end, whatever happens in between: one working day.
MAX_AGE = timedelta(hours=12)
# How long Entra ID's answer about a person counts: roles that it takes away, and accounts, end within it.
ENTRA_VALID_FOR = timedelta(hours=1)
ENTRA = "Entra ID"
# Without a page that the person asked for. What a page asks for by itself does not count.
MAX_IDLE = timedelta(hours=2)
# `seen_at` is written this often, not with every page.
SEEN_INTERVAL = timedelta(minutes=1)


def begin(user: User, address: str | None, browser: str, way: str) -> str:
    """Begin a session and return its token, which only this browser's cookie may hold.

    Deletes sessions that have ended.
    """
    token = secrets.token_urlsafe(32)
    now = utcnow()
    Session.delete().where(~is_alive()).execute()
    Session.create(
        user=user,
        token_mark=_token_hash(token),
        began_at=now,
        seen_at=now,
        address=address,
        browser=browser[:200],
        way=way,
    )
    User.update(last_sign_in_at=now).where(User.id == user.id).execute()
    return token


def find(token: str, *, is_asked_for: bool) -> Session | None:
    """Return the live session of an active person, joined with them, or None."""
    now = utcnow()
    session: Session | None = (
        Session.select(Session, User)
        .join(User)
        .where((Session.token_mark == _token_hash(token)) & is_alive() & User.is_active & _is_known_by_entra(now))
        .first()
    )
    if session and is_asked_for and now - session.seen_at > SEEN_INTERVAL:
        Session.update(seen_at=now).where(Session.id == session.id).execute()
    return session


def of_user(user_id: int) -> list[Session]:
    """Return the person's live sessions, the last seen first."""
    return list(Session.select().where((Session.user == user_id) & is_alive()).order_by(Session.seen_at.desc()))


def end(user_id: int, session_id: int) -> bool:
    """End one session of the person. Return False when it is not theirs, or had ended."""
    return bool(Session.delete().where((Session.id == session_id) & (Session.user == user_id)).execute())


def end_all(user_id: int, *, but_id: int | None = None, way: str | None = None) -> int:
    """End a person's sessions, but for the session `but`, or only those that began `by` that way. Return how many."""
    is_ending = (Session.user == user_id) & (Session.way == way) if way else Session.user == user_id
    return int(Session.delete().where(is_ending & (Session.id != but_id) if but_id else is_ending).execute())


def _is_known_by_entra(now: datetime) -> Condition:
    return (Session.way != ENTRA) | is_recent(User.entra_checked_at, ENTRA_VALID_FOR, now)


def is_alive() -> Condition:
    """Return the condition that a session is neither too old nor idle for too long."""
    now = utcnow()
    return is_recent(Session.began_at, MAX_AGE, now) & is_recent(Session.seen_at, MAX_IDLE, now)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
