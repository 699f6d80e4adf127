"""API tokens: what programs sign in with, each in the place of the person who made it.

A token is a row, like a session, and its SHA-256 alone is kept: it is 256 random bits, so that there is nothing to
guess, and a slow hash would make every request of a program slow and guard nothing.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from db.accounts.sessions import ENTRA_VALID_FOR
from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.database import Condition, transaction
from db.errors import Invalid
from db.models import ApiToken, Tenant, TenantTag, User
from db.sql.value_lists import is_in
from db.states import Scope

PREFIX = "tk_"
SHOWN_CHARACTERS = 11
DEFAULT_DAYS, MAX_DAYS = 90, 366
MAX_NAME_LENGTH, MAX_TOKENS, MAX_TENANTS = 80, 50, 500
# `last_used_at` is written this often, not with every request.
USED_INTERVAL = timedelta(minutes=1)
UNKNOWN = "The token is not one of this installation's."
_NOT_CONFIRMED = "Entra ID did not confirm the person behind it within the hour: they have to sign in once more."


@transaction
def make(
    user: User,
    name: str,
    scopes: Collection[str],
    tenants: Sequence[Tenant] | None,
    tags: Sequence[str] | None,
    days: int,
    actor: Actor,
) -> tuple[ApiToken, str]:
    """Make a token and return its row with the token itself, which nobody can be shown again. Raises Invalid.

    `tenants` and `tags`, which come folded, limit it to tenants of either; both None: it is not limited.
    """
    now = utcnow()
    chosen, name = _parse_scopes(scopes), _parse_name(name)
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(f"A token lasts 1 to {MAX_DAYS} days.")
    if not user.is_active:
        raise Invalid(f"{user.email} is deactivated: a token of theirs would open nothing.")
    if len(tenants or ()) > MAX_TENANTS:
        raise Invalid(f"A token names at most {MAX_TENANTS} tenants. Give these tenants a tag, and the token that tag.")
    living = is_alive(now) & (ApiToken.user == user)
    if ApiToken.select().where(living).count() >= MAX_TOKENS:
        raise Invalid(f"{user.email} has {MAX_TOKENS} tokens already. End one first.")
    if ApiToken.select().where(living & (ApiToken.name == name)).exists():
        raise Invalid(f"{user.email} has a token “{name}” already. Give this one another name.")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.create(
        user=user,
        name=name,
        token_hash=_hash(token),
        prefix=token[:SHOWN_CHARACTERS],
        scopes=[str(scope) for scope in chosen],
        tenants=None if tenants is None else sorted({tenant.id for tenant in tenants}),
        tags=None if tags is None else sorted(set(tags)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(
        Action.TOKEN_MADE,
        actor,
        f"user {user.email}",
        name=name,
        scopes=row.scopes,
        tenants=None if tenants is None else [tenant.name for tenant in tenants],
        tags=row.tags,
        expires_at=row.expires_at.isoformat(timespec="seconds"),
    )
    return row, token


def _parse_scopes(scopes: Collection[str]) -> list[Scope]:
    unknown = set(scopes) - set(Scope)
    if unknown:
        raise Invalid(f"There is no scope “{min(unknown)}”. The scopes are {', '.join(Scope)}.")
    if not scopes:
        raise Invalid("Choose at least one scope.")
    return [scope for scope in Scope if scope in scopes]


def _parse_name(text: str) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name:
        raise Invalid("Give the token a name: which program will use it?")
    if len(name) > MAX_NAME_LENGTH:
        raise Invalid(f"The name of a token has at most {MAX_NAME_LENGTH} characters.")
    return name


def find(token: str) -> ApiToken | None:
    """Return the token's row with its person, whether it may still be used or not; None for one that we never made."""
    if not token.startswith(PREFIX):
        return None
    return ApiToken.select(ApiToken, User).join(User).where(ApiToken.token_hash == _hash(token)).first()


def why_unusable(row: ApiToken) -> str | None:
    """Return the reason why the token opens nothing now, as a sentence; None for one that may be used."""
    if row.ended_at is not None:
        return "It was ended."
    if row.expires_at <= utcnow():
        return "It expired."
    if not row.user.is_active:
        return "The person behind it is deactivated."
    return None if _is_known_to_entra(row.user) else _NOT_CONFIRMED


def _is_known_to_entra(user: User) -> bool:
    """Return whether a person who can come in by Entra ID alone still may, as their sessions do; True of all others."""
    if not user.entra_id or user.password_hash:
        return True
    return user.entra_checked_at is not None and is_recent(user.entra_checked_at, ENTRA_VALID_FOR, utcnow())


def record_use(row: ApiToken, address: str | None) -> None:
    """Note when the token was used last, and from where: at most once a minute."""
    now = utcnow()
    before = now - USED_INTERVAL
    if row.last_used_at is None or row.last_used_at <= before:
        is_due = ApiToken.last_used_at.is_null() | (ApiToken.last_used_at <= before)
        values = {ApiToken.last_used_at: now, ApiToken.last_address: address}
        ApiToken.update(values).where((ApiToken.id == row.id) & is_due).execute()


def allowed_tenant_ids(row: ApiToken) -> frozenset[int] | None:
    """Return the tenants that the token is limited to: those it names, and those that have its tags now. None: no
    limit.
    """
    if row.tenants is None and row.tags is None:
        return None
    tagged = TenantTag.select(TenantTag.tenant).where(is_in(TenantTag.folded, row.tags or [])).tuples()
    return frozenset(row.tenants or ()) | {tenant_id for (tenant_id,) in tagged}


@transaction
def end(row: ApiToken, actor: Actor) -> bool:
    """End the token at once. Return False when it had ended or expired already."""
    ended = ApiToken.update(ended_at=utcnow()).where((ApiToken.id == row.id) & is_alive(utcnow())).execute()
    if ended:
        audit.record(Action.TOKEN_ENDED, actor, f"user {row.user.email}", name=row.name)
    return bool(ended)


def end_all(user: User, actor: Actor) -> None:
    """In a transaction: end every token of the person."""
    for row in ApiToken.select().where((ApiToken.user == user) & is_alive(utcnow())).order_by(ApiToken.id):
        end(row, actor)


def is_alive(now: datetime) -> Condition:
    """Return the condition that a token has neither ended nor expired."""
    return ApiToken.ended_at.is_null() & (ApiToken.expires_at > now)


def listed(user_id: int | None, limit: int, offset: int = 0) -> list[ApiToken]:
    """Return tokens with their people, the newest first; None: everybody's."""
    query: Any = ApiToken.select(ApiToken, User).join(User).order_by(ApiToken.id.desc()).limit(limit).offset(offset)
    return list(query if user_id is None else query.where(ApiToken.user == user_id))


def find_by_id(token_id: int) -> ApiToken | None:
    return ApiToken.select(ApiToken, User).join(User).where(ApiToken.id == token_id).first()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def count_all() -> int:
    return int(ApiToken.select().count())
