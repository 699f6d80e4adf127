"""Forms kept for who sent one that was not done: it was refused, or their session had ended. No typed word is lost.

Every form of ours carries who it was drawn for, and on which page, signed. So a form that comes too late is known to be
ours and whose it is, even when every cookie has gone; a form that another site sends is never kept. What was typed is
sealed and kept in Redis for an hour, for that person alone. Secrets and files are not kept.
"""

import json
import logging
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
from flask import current_app, g, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from actors.queue import redis_clients
from actors.queue.broker import locks
from db.encryption import SealError, keyring

logger = logging.getLogger(__name__)

KEPT_SECONDS = 3600
# A form that was open over a long weekend.
OLDEST_FORM_HOURS = 5 * 24
# The newest of each person; the oldest makes room.
KEPT_PER_PERSON = 20
MAX_BYTES = 256 * 1024
# The field that says whose form it is.
OWNER_FIELD = "form_of"
# Never kept: secrets, what proves something once, and what every form has anew.
SECRET_FIELDS = frozenset(
    {
        "password", "new", "code", "present_code", "secret", "passphrase", "answer",
        # What signs in to a store of copies.
        "access_key", "secret_key", "session_token", "account_key", "sas_token", "private_key", "token", "username",
    }
)  # fmt: skip
_OWN_FIELDS = frozenset({"csrf_token", OWNER_FIELD})


class KeptWhy(StrEnum):
    """The reason for which a form was not done, and so was kept."""

    SIGNED_OUT = "signed_out"
    EXPIRED = "expired"
    REFUSED = "refused"


@dataclass(frozen=True)
class KeptForm:
    """`page` is where the form was, `path` where it was sent. `is_partial`: secrets or files were in it."""

    page: str
    path: str
    fields: list[tuple[str, str]]
    is_partial: bool
    why: KeptWhy


@dataclass(frozen=True)
class FormOwner:
    """Whom a form was drawn for, and on which page."""

    user_id: int
    page: str


def owner_field() -> Markup:
    """Return the hidden field that says whose the form is; nothing before a sign-in."""
    if g.get("is_bare") or not current_user.is_authenticated:
        return Markup("")
    if "form_owner" not in g:
        g.form_owner = _signer().dumps([current_user.id, _page_address(), int(time.time() // 3600)])
    return Markup('<input type="hidden" name="{}" value="{}">').format(OWNER_FIELD, g.form_owner)


def _page_address() -> str:
    """Return the address of the page that is drawn; of a part of one, the page around it."""
    query = [
        pair for pair in parse_qsl(request.query_string.decode("utf-8", "replace")) if pair[0] not in ("part", "kept")
    ]
    path = request.path.removesuffix("/progress")
    return f"{path}?{urlencode(query)}" if query else path


def find_owner() -> FormOwner | None:
    """Return whose form the request sends; None where it is no form of ours, or one of long ago."""
    # A browser says where a form is from; a signed field that somebody copied into another site's form counts no more.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return None
    try:
        user_id, page, hour = _signer().loads(request.form.get(OWNER_FIELD, ""))
    except (BadSignature, ValueError, TypeError):
        return None
    is_young = time.time() // 3600 - hour <= OLDEST_FORM_HOURS
    return FormOwner(user_id, page) if is_young else None


def sent_form(page: str, why: KeptWhy) -> KeptForm:
    """Return the form that the request sends, drawn on `page`, without its secrets and files."""
    values = list(request.form.items(multi=True))
    fields = [(name, value) for name, value in values if name not in SECRET_FIELDS | _OWN_FIELDS]
    has_files = any(file.filename for file in request.files.values())
    is_partial = has_files or any(value for name, value in values if name in SECRET_FIELDS)
    return KeptForm(page, request.path, fields, is_partial, why)


def keep(owner: FormOwner, why: KeptWhy) -> str | None:
    """Keep the request's form for its owner, and return the name that finds it; None where it cannot be kept."""
    plain = json.dumps(list(vars(sent_form(owner.page, why)).values())).encode()
    if len(plain) > MAX_BYTES:
        return None
    token = secrets.token_urlsafe(12)
    try:
        slot = int(locks.incr(redis_clients.key(f"kept-forms:{owner.user_id}"))) % KEPT_PER_PERSON
        name = f"{slot}.{token}"
        sealed = keyring().seal(plain, _seal_owner(owner.user_id, name))
        locks.set(_key(owner.user_id, slot), sealed, ex=KEPT_SECONDS)
    except redis.RedisError as e:
        logger.warning("a form could not be kept: Redis is away (%s)", type(e).__name__)
        return None
    return name


def find(name: str) -> KeptForm | None:
    """Return the current user's kept form of this name; another person's is none."""
    slot = name.partition(".")[0]
    if not current_user.is_authenticated or not (slot.isascii() and slot.isdigit() and len(slot) < 3):
        return None
    try:
        sealed = locks.get(_key(current_user.id, int(slot)))
        values = json.loads(keyring().unseal(sealed or b"", _seal_owner(current_user.id, name)))  # type: ignore[arg-type]
        page, path, fields, is_partial, why = values
        return KeptForm(page, path, [(field, value) for field, value in fields], is_partial, KeptWhy(why))
    except (redis.RedisError, SealError, ValueError):
        return None


def address_of(page: str, name: str) -> str:
    """Return the address of the page with the form, which is then filled in as it was typed."""
    parts = urlsplit(page)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "kept"]
    return parts._replace(query=urlencode([*query, ("kept", name)])).geturl()


def _key(user_id: int, slot: int) -> str:
    return redis_clients.key(f"kept-form:{user_id}:{slot}")


def _seal_owner(user_id: int, name: str) -> str:
    return f"form {name} of user {user_id}"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="whose form")
