"""How often a sign-in may be tried: counted in Redis, for all web processes together.

Per address, so that nobody tries many accounts; per account, so that nobody tries many passwords from many addresses.
The second could be used to keep a person out. So it ends by itself after a quarter of an hour, and a browser in which
the account was signed in before (it holds a signed cookie that says so) has a count of its own: what strangers try
elsewhere does not touch it.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable
from functools import cache

import redis
from flask import current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.wrappers import Response

import config
from actors.broker import locks

logger = logging.getLogger(__name__)

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
# Many people may share an address, so only failures count.
PER_ADDRESS = RateLimitItemPerMinute(30, 5)
_NEWS = RateLimitItemPerMinute(1, 5)
TOO_MANY = "Too many tries. Wait a quarter of an hour, or sign in with a browser that you have used here before."

KNOWN_SECONDS = 90 * 24 * 3600
ANY_BROWSER = "any"


class Tries:
    """What a sign-in to this account, in this request, counts against."""

    def __init__(self, email: str) -> None:
        mark = _mark(email)
        self._account = ("account", mark, _known_browser(mark) or ANY_BROWSER)
        self._address = ("address", request.remote_addr or "")

    def may(self) -> bool:
        """Counts one try; False when there were too many, whatever the password is."""
        return bool(
            _count(lambda limiter: limiter.test(PER_ADDRESS, *self._address))
            and _count(lambda limiter: limiter.hit(PER_ACCOUNT, *self._account))
        )

    def failed(self) -> None:
        _count(lambda limiter: limiter.hit(PER_ADDRESS, *self._address))

    def succeeded(self) -> None:
        """Wholly, second factor included: else who knows the password could guess codes for ever."""
        _count(lambda limiter: limiter.clear(PER_ACCOUNT, *self._account))

    def is_news(self) -> bool:
        """The first refusal in a while is worth an audit event; a thousand would fill the log for an attacker."""
        return bool(_count(lambda limiter: limiter.hit(_NEWS, *self._account, *self._address)))


def remember_browser(response: Response, email: str) -> Response:
    """This browser is known to this account from now on."""
    mark = _mark(email)
    response.set_cookie(
        _cookie(mark),
        _signer().dumps([mark, secrets.token_hex(8)]),
        max_age=KNOWN_SECONDS,
        path="/sign-in",
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )
    return response


def _known_browser(mark: str) -> str | None:
    try:
        owner, browser = _signer().loads(request.cookies.get(_cookie(mark), ""), max_age=KNOWN_SECONDS)
    except BadSignature:
        return None
    return str(browser) if owner == mark else None


def _mark(email: str) -> str:
    return hashlib.sha256(email.encode("utf-8", "replace")).hexdigest()[:32]


def _cookie(mark: str) -> str:
    return f"tenantkeep-known-{mark[:8]}"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="known browser")


def _count(act: Callable[[MovingWindowRateLimiter], bool | None]) -> bool | None:
    """In Redis; while it is away, in this process: on-call must get in, and an attacker cannot take Redis away."""
    try:
        return act(_shared())
    except redis.RedisError:
        logger.warning("Redis does not answer: tries are counted in this process")
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
