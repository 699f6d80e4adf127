"""Requests for consent: a link asks a customer's administrator to let our app into their directory.

    waiting --the directory that was meant agreed--> accepted
       |  ^ \\--another one, or any was meant--> answered --an admin here confirms--> accepted
       |  +-- a refusal: it may be tried again              \\--rejects--> rejected
       +-- withdrawn

The link holds a token, and the way to Microsoft a single-use state; the database keeps the SHA-256 of either. What an
answer says of its directory can be forged: only a run that signs in there connects a tenant
(actors/connecting/connect.py).
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import MAX_SKEW, has_come, is_recent, utcnow
from db.database import Condition, database
from db.errors import Invalid
from db.models import ConsentRequest, Tenant, User
from db.states import AppAccess, ConsentState, Result
from db.tenants import tenants

LINK_VALID_FOR = timedelta(days=7)
# From leaving for Microsoft to coming back.
WAY_VALID_FOR = timedelta(minutes=30)
# What is over is deleted with the next request.
KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True)
class WantedConsent:
    """The consent that is asked for. `tenant` None: of whichever directory answers, which gets name and tags then."""

    name: str
    access: AppAccess
    tenant: Tenant | None = None
    tags: Sequence[str] = ()
    cloud: str = "global"


def ask(wanted: WantedConsent, actor: Actor) -> tuple[ConsentRequest, str]:
    """Make a request, and return it with the token of its link: nobody can see that again."""
    token, now = secrets.token_urlsafe(32), utcnow()
    with database.atomic():
        ConsentRequest.delete().where(ConsentRequest.asked_at < now - KEPT_FOR).execute()
        request = ConsentRequest.create(
            tenant=wanted.tenant,
            name=tenants.clean_name(wanted.name),
            tags=list(wanted.tags) or None,
            directory_id=wanted.tenant.directory_id if wanted.tenant else None,
            cloud=wanted.tenant.cloud if wanted.tenant else wanted.cloud,
            access=wanted.access,
            token_hash=_hash(token),
            asked_by=actor.user_id,
            asked_at=now,
            expires_at=now + LINK_VALID_FOR,
        )
        _record(Action.CONSENT_ASKED, actor, request, directory_id=request.directory_id)
    return request, token


def new_link(request: ConsentRequest, actor: Actor) -> str:
    """Return the token of a new link; the one before leads nowhere from now on. Raises Invalid."""
    token = secrets.token_urlsafe(32)
    columns = {"token_hash": _hash(token), "way_hash": None, "expires_at": utcnow() + LINK_VALID_FOR}
    with database.atomic():
        _change(request, ConsentState.WAITING, columns)
        _record(Action.CONSENT_LINK_MADE, actor, request)
    return token


def find_by_link(token: str) -> ConsentRequest | None:
    """Return the request that a link leads to, None for one that is unknown, used, withdrawn or over."""
    request: ConsentRequest | None = (
        ConsentRequest.select().where((ConsentRequest.token_hash == _hash(token)) & is_open()).first()
    )
    if request is None or (request.tenant_id and request.tenant.removing_since):
        return None
    return request


def is_open() -> Condition:
    """Return the condition that a request still waits for an answer, and its link leads on."""
    is_over = has_come(ConsentRequest.expires_at, utcnow(), LINK_VALID_FOR + MAX_SKEW)
    condition: Condition = (ConsentRequest.state == ConsentState.WAITING) & ~is_over
    return condition


def begin_way(request: ConsentRequest) -> str:
    """Return the single-use state of a way to Microsoft; one that was begun before is over. Raises Invalid."""
    state = secrets.token_urlsafe(32)
    with database.atomic():
        _change(request, ConsentState.WAITING, {"way_hash": _hash(state), "left_at": utcnow()})
    return state


def use_way(state: str) -> ConsentRequest | None:
    """Take an answer's state, once. Return its request; None for one that is unknown, used, late or over."""
    is_its_way = (ConsentRequest.way_hash == _hash(state)) & is_open()
    is_its_way &= is_recent(ConsentRequest.left_at, WAY_VALID_FOR, utcnow())
    with database.atomic():
        request: ConsentRequest | None = ConsentRequest.select().where(is_its_way).first()
        used = ConsentRequest.update(way_hash=None).where(is_its_way).execute() if request else 0
    return request if used else None


def record_refusal(request: ConsentRequest, sentence: str, actor: Actor) -> None:
    """Record that the administrator, or Microsoft, said no. The link leads on: it may be tried again."""
    with database.atomic():
        _change(request, ConsentState.WAITING, {"refusal": sentence[:500], "answered_at": utcnow()})
        _record(
            Action.CONSENT_ANSWERED, actor, request, result=Result.FAILED,
            directory_id=request.directory_id, refusal=sentence[:500],
        )  # fmt: skip


def record_answer(request: ConsentRequest, directory_id: str, actor: Actor) -> bool:
    """Record which directory agreed, as the answer claims. Return whether it is the one that was meant.

    Another one waits for an admin here. Raises Invalid when the request is over, or the id is none.
    """
    directory_id = tenants.parse_guid(directory_id, "directory id")
    is_meant = request.directory_id == directory_id
    state = ConsentState.ACCEPTED if is_meant else ConsentState.ANSWERED
    columns = {"state": state, "answered_id": directory_id, "answered_at": utcnow(), "refusal": None}
    with database.atomic():
        _change(request, ConsentState.WAITING, columns)
        _record(Action.CONSENT_ANSWERED, actor, request, directory_id=directory_id, refusal=None)
    return is_meant


def confirm(request: ConsentRequest, tenant: Tenant, actor: Actor) -> None:
    """Record that the directory that answered is meant, by this tenant. Raises Invalid."""
    with database.atomic():
        columns = {"state": ConsentState.ACCEPTED, "tenant": tenant, "directory_id": tenant.directory_id}
        _change(request, ConsentState.ANSWERED, columns)
        _record(Action.CONSENT_CONFIRMED, actor, request, directory_id=tenant.directory_id)


def reject(request: ConsentRequest, actor: Actor) -> None:
    """Record that the directory that answered is not meant: nothing is ever asked of it. Raises Invalid."""
    with database.atomic():
        _change(request, ConsentState.ANSWERED, {"state": ConsentState.REJECTED})
        _record(Action.CONSENT_REJECTED, actor, request, directory_id=request.answered_id)


def withdraw(request: ConsentRequest, actor: Actor) -> None:
    """Make the link lead nowhere. Raises Invalid when the request is over."""
    with database.atomic():
        _change(request, ConsentState.WAITING, {"state": ConsentState.WITHDRAWN, "way_hash": None})
        _record(Action.CONSENT_WITHDRAWN, actor, request, directory_id=request.directory_id)


def withdraw_of_tenant(tenant: Tenant, actor: Actor) -> None:
    """Withdraw every request of a tenant that an answer could still come to."""
    for request in ConsentRequest.select().where((ConsentRequest.tenant == tenant) & is_open()):
        withdraw(request, actor)


def _change(request: ConsentRequest, expected: ConsentState, columns: Mapping[str, object]) -> None:
    """Change a request that is in the expected state. Raises Invalid for another: somebody was faster."""
    is_expected = (ConsentRequest.id == request.id) & (ConsentRequest.state == expected)
    if not ConsentRequest.update(dict(columns)).where(is_expected).execute():
        raise Invalid("This request for consent was answered, withdrawn or decided meanwhile. Load the page again.")
    for name, value in columns.items():
        setattr(request, name, value)


def _record(
    action: Action, actor: Actor, request: ConsentRequest, *, result: Result = Result.OK, **details: object
) -> None:
    subject = f"request for consent {request.id}"
    audit.record(action, actor, subject, tenant=request.tenant, result=result, access=str(request.access), **details)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def find_by_id(request_id: int) -> ConsentRequest | None:
    return ConsentRequest.get_or_none(ConsentRequest.id == request_id)


def waiting(limit: int, offset: int = 0) -> list[ConsentRequest]:
    """Return the newest requests of which something may still come, or somebody here has to decide."""
    query = ConsentRequest.select(ConsentRequest, User).join(User, pw.JOIN.LEFT_OUTER)
    is_listed = is_open() | (ConsentRequest.state == ConsentState.ANSWERED)
    return list(query.where(is_listed).order_by(ConsentRequest.id.desc()).limit(limit).offset(offset))


def of_tenant(tenant: Tenant) -> list[ConsentRequest]:
    """Return the tenant's requests, the newest first."""
    return list(ConsentRequest.select().where(ConsentRequest.tenant == tenant).order_by(ConsentRequest.id.desc()))
