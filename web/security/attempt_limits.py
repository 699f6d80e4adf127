"""Limits on what a request may cause before it is signed in, counted in Redis for all web processes together.

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
from flask import request
from flask_login import current_user
from itsdangerous import BadSignature
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.wrappers import Response

import config
from actors.process import logs
from actors.queue import redis_clients
from actors.queue.broker import locks
from web.security.client_address import customer_network
from web.security.headers import is_over_https
from web.signatures import signer

logger = logging.getLogger(__name__)

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
# Many people may share an address, so only failures count.
PER_ADDRESS = RateLimitItemPerMinute(30, 5)
# Refusals that one address may write to the audit log, which nothing is ever deleted from.
EVENTS_PER_ADDRESS = RateLimitItemPerHour(60)
# Refusals of all addresses together: whoever has many fills it no further either. The system's log has a line of it.
EVENTS_OF_ALL_ADDRESSES = RateLimitItemPerHour(3000)
_EVENTS_PER_ACCOUNT = RateLimitItemPerMinute(1, 5)
# An office signs in from one address at nine.
ENTRA_SIGN_INS_PER_ADDRESS = RateLimitItemPerMinute(100, 5)
TOO_MANY_TRIES = "Too many tries. Wait a quarter of an hour, or sign in with a browser that you have used here before."

KNOWN_BROWSER_SECONDS = 90 * 24 * 3600
ANY_BROWSER = "any"
_KNOWN_BROWSER = "known browser"


class SignInThrottle:
    """The counts of one sign-in: for its account and, without proof of an earlier one, for its address."""

    def __init__(self, email: str) -> None:
        account_hash = _account_hash(email)
        self._proof = _known_browser(account_hash) or _live_session(email)
        self._account = ("account", account_hash, self._proof or ANY_BROWSER)
        self._address = ("address", customer_network(request.remote_addr))

    def allow(self) -> bool:
        """Count one try; False when there were too many, whatever the password is."""
        return bool(
            (self._proof or _count(lambda limiter: limiter.test(PER_ADDRESS, *self._address)))
            and _count(lambda limiter: limiter.hit(PER_ACCOUNT, *self._account))
        )

    def record_failure(self) -> None:
        if not self._proof:
            record_address_failure()

    def reset(self) -> None:
        """Forget the account's tries: after the second factor too, else who has the password could guess codes."""
        _count(lambda limiter: limiter.clear(PER_ACCOUNT, *self._account))

    def should_audit(self) -> bool:
        """Is this the first refusal in a while? A thousand audit events would fill the log for an attacker."""
        is_full = not _count(lambda limiter: limiter.test(EVENTS_PER_ADDRESS, "events", self._address[1]))
        return not is_full and bool(
            _count(lambda limiter: limiter.hit(_EVENTS_PER_ACCOUNT, *self._account, *self._address))
        )


def record_address_failure() -> None:
    """Count a failed sign-in against the address of the request."""
    _count(lambda limiter: limiter.hit(PER_ADDRESS, "address", customer_network(request.remote_addr)))


def may_record_refusal() -> bool:
    """Count one refusal before sign-in. False: the audit log takes no more of this address, or of all, for now."""
    return bool(
        _count(lambda limiter: limiter.hit(EVENTS_PER_ADDRESS, "events", customer_network(request.remote_addr)))
        and _count(lambda limiter: limiter.hit(EVENTS_OF_ALL_ADDRESSES, "events of all"))
    )


def may_leave_for_entra() -> bool:
    """Count one sign-in that leaves for Entra. False: too many of this address, before Entra is asked for anything."""
    return bool(
        _count(lambda limiter: limiter.hit(ENTRA_SIGN_INS_PER_ADDRESS, "entra", customer_network(request.remote_addr)))
    )


def may_return_from_entra() -> bool:
    """May this address come back from Entra? Only its failures count: one way back may be sent again and again."""
    return bool(_count(lambda limiter: limiter.test(PER_ADDRESS, "address", customer_network(request.remote_addr))))


def remember_browser(response: Response, email: str) -> Response:
    """Set the signed cookie that says: this account was signed in here before."""
    account_hash = _account_hash(email)
    response.set_cookie(
        _cookie_name(account_hash),
        signer(_KNOWN_BROWSER).dumps([account_hash, secrets.token_hex(8)]),
        max_age=KNOWN_BROWSER_SECONDS,
        # Pages of the account, which ask for the password too, have to see it.
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_over_https(),
    )
    return response


def _known_browser(account_hash: str) -> str | None:
    try:
        owner, browser = signer(_KNOWN_BROWSER).loads(
            request.cookies.get(_cookie_name(account_hash), ""), max_age=KNOWN_BROWSER_SECONDS
        )
    except BadSignature:
        return None
    return str(browser) if owner == account_hash else None


def is_known_browser() -> bool:
    """Was anybody signed in with this browser before? It holds a signed cookie that says so."""
    prefix = _cookie_name("")
    owners = {_owner(value) for name, value in request.cookies.items() if name.startswith(prefix)}
    return any(map(_known_browser, owners - {""}))


def _owner(cookie: str) -> str:
    """Return the account that a signed cookie is of; "" for one that is not ours."""
    try:
        return str(signer(_KNOWN_BROWSER).loads(cookie, max_age=KNOWN_BROWSER_SECONDS)[0])
    except (BadSignature, LookupError, TypeError):
        return ""


def _live_session(email: str) -> str | None:
    is_theirs = current_user.is_authenticated and current_user.email == email
    return f"session {current_user.session.id}" if is_theirs else None


def _account_hash(email: str) -> str:
    """Return a keyed hash of the e-mail: what was typed may be a password, and Redis must not help anybody to guess
    it.
    """
    key = config.settings().secret_key.encode()
    return hmac.digest(key, b"tries of " + email.encode("utf-8", "replace"), "sha256").hex()[:32]


def _cookie_name(account_hash: str) -> str:
    return f"tenantkeep-known-{account_hash[:8]}"


def _count(act: Callable[[MovingWindowRateLimiter], bool | None]) -> bool | None:
    """Count in Redis, or in this process while Redis is away: on-call must get in, and an attacker cannot take Redis
    away.
    """
    try:
        return act(_redis_limiter())
    except (redis.RedisError, ValueError, TypeError) as e:  # it is away; or what stands there is no count of ours
        logger.warning("Redis does not count tries, this process does: %s", type(e).__name__, extra=logs.REPEATED)
        return act(_process_limiter())


@cache
def _redis_limiter() -> MovingWindowRateLimiter:
    # The address is not asked where there is a pool.
    return MovingWindowRateLimiter(
        RedisStorage("redis://", connection_pool=locks.connection_pool, key_prefix=redis_clients.key("tries"))
    )


@cache
def _process_limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
