"""What somebody who is not signed in may cause: counted in Redis, for all web processes together.

Per address, so that nobody tries many accounts; per account, so that nobody tries many passwords from many addresses.
The second could be used to keep a person out. So it ends by itself after a quarter of an hour, and who gives proof
counts apart: a browser in which the account was signed in before (it holds a signed cookie that says so), and a
session that lives. What strangers try elsewhere, or at the same address, does not touch them.

Per address too: what an unsigned request writes to the audit log, and what it asks of Entra ID.
"""

import hmac
import logging
import secrets
from collections.abc import Callable
from functools import cache

import redis
from flask import current_app, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.wrappers import Response

import config
from actors.process import logs
from actors.queue.broker import locks
from web.security.client_address import place
from web.security.headers import is_over_https

logger = logging.getLogger(__name__)

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
# Many people may share an address, so only failures count.
PER_ADDRESS = RateLimitItemPerMinute(30, 5)
# Of what is refused, so much of an address goes to the audit log, which nothing is ever deleted from.
EVENTS_PER_ADDRESS = RateLimitItemPerHour(60)
# And of all together: whoever has many addresses fills it no further either. The system's log has a line of it.
EVENTS_IN_ALL = RateLimitItemPerHour(3000)
_NEWS = RateLimitItemPerMinute(1, 5)
# An office signs in from one address at nine.
LEAVES_FOR_ENTRA = RateLimitItemPerMinute(100, 5)
TOO_MANY = "Too many tries. Wait a quarter of an hour, or sign in with a browser that you have used here before."

KNOWN_SECONDS = 90 * 24 * 3600
ANY_BROWSER = "any"


class Tries:
    """What a sign-in to this account, in this request, counts against."""

    def __init__(self, email: str) -> None:
        mark = _mark(email)
        self._proof = _known_browser(mark) or _live_session(email)
        self._account = ("account", mark, self._proof or ANY_BROWSER)
        self._address = ("address", place(request.remote_addr))

    def may(self) -> bool:
        """Counts one try; False when there were too many, whatever the password is."""
        return bool(
            (self._proof or _count(lambda limiter: limiter.test(PER_ADDRESS, *self._address)))
            and _count(lambda limiter: limiter.hit(PER_ACCOUNT, *self._account))
        )

    def failed(self) -> None:
        if not self._proof:
            address_failed()

    def succeeded(self) -> None:
        """Wholly, second factor included: else who knows the password could guess codes for ever."""
        _count(lambda limiter: limiter.clear(PER_ACCOUNT, *self._account))

    def is_news(self) -> bool:
        """The first refusal in a while is worth an audit event; a thousand would fill the log for an attacker."""
        is_full = not _count(lambda limiter: limiter.test(EVENTS_PER_ADDRESS, "events", self._address[1]))
        return not is_full and bool(_count(lambda limiter: limiter.hit(_NEWS, *self._account, *self._address)))


def address_failed() -> None:
    _count(lambda limiter: limiter.hit(PER_ADDRESS, "address", place(request.remote_addr)))


def may_be_recorded() -> bool:
    """Counts one refusal of somebody unsigned; False: the log of this address, or of all, is full for now."""
    return bool(
        _count(lambda limiter: limiter.hit(EVENTS_PER_ADDRESS, "events", place(request.remote_addr)))
        and _count(lambda limiter: limiter.hit(EVENTS_IN_ALL, "events of all"))
    )


def may_leave_for_entra() -> bool:
    """Counts one; False: too many of this address, before Entra is asked for anything."""
    return bool(_count(lambda limiter: limiter.hit(LEAVES_FOR_ENTRA, "entra", place(request.remote_addr))))


def may_return_from_entra() -> bool:
    """Failures alone count: one way back of a browser's own may be sent again and again."""
    return bool(_count(lambda limiter: limiter.test(PER_ADDRESS, "address", place(request.remote_addr))))


def remember_browser(response: Response, email: str) -> Response:
    """This browser is known to this account from now on."""
    mark = _mark(email)
    response.set_cookie(
        _cookie(mark),
        _signer().dumps([mark, secrets.token_hex(8)]),
        max_age=KNOWN_SECONDS,
        # Pages of the account, which ask for the password too, have to see it.
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_over_https(),
    )
    return response


def _known_browser(mark: str) -> str | None:
    try:
        owner, browser = _signer().loads(request.cookies.get(_cookie(mark), ""), max_age=KNOWN_SECONDS)
    except BadSignature:
        return None
    return str(browser) if owner == mark else None


def _live_session(email: str) -> str | None:
    is_theirs = current_user.is_authenticated and current_user.email == email
    return f"session {current_user.session.id}" if is_theirs else None


def _mark(email: str) -> str:
    """Keyed: what was typed may be a password, and Redis must not be where somebody tries which."""
    key = config.settings().secret_key.encode()
    return hmac.digest(key, b"tries of " + email.encode("utf-8", "replace"), "sha256").hex()[:32]


def _cookie(mark: str) -> str:
    return f"tenantkeep-known-{mark[:8]}"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="known browser")


def _count(act: Callable[[MovingWindowRateLimiter], bool | None]) -> bool | None:
    """In Redis; while it is away, in this process: on-call must get in, and an attacker cannot take Redis away."""
    try:
        return act(_shared())
    except (redis.RedisError, ValueError, TypeError) as e:  # it is away; or what stands there is no count of ours
        logger.warning("Redis does not count tries, this process does: %s", type(e).__name__, extra=logs.REPEATED)
        return act(_own())


@cache
def _shared() -> MovingWindowRateLimiter:
    _queue, url = config.redis_urls()
    return MovingWindowRateLimiter(
        RedisStorage(url, connection_pool=locks.connection_pool, key_prefix="tenantkeep:tries")
    )


@cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
