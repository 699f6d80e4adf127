"""Clients of Redis: of one server, or of the one that Sentinel calls the master just now. And what is wrong with it.

The names of all that is ours begin alike, so that two installations can share a Redis.
"""

from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.exceptions import NoPermissionError as NoPermissionError
from redis.exceptions import RedisError as RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

import config
from graph.errors import redact

# The queue's names have always begun so, where they begin like the others.
NAMESPACE = "dramatiq" if config.redis_prefix() == config.DEFAULT_REDIS_PREFIX else f"{config.redis_prefix()}:dramatiq"
SENTINEL_PORT = 26379
_BY_SENTINEL = "+sentinel"

CLUSTER = (
    "Redis is a cluster, which spreads names over servers: messages and locks need all of theirs in one. Name a server "
    "by itself, or one that Sentinel watches."
)


def key(name: str) -> str:
    """Return the name of a key of this installation."""
    return f"{config.redis_prefix()}:{name}"


def client_for(url: str) -> redis.Redis:
    """Return a client; it connects when it is used. `url` is one that config.parsers.redis_url takes."""
    # No retries: a start must answer at once when Redis is away; the scheduler sends what was not sent.
    patience: dict[str, Any] = {
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        "retry": Retry(NoBackoff(), 0),
    }
    if urlsplit(url).scheme.endswith(_BY_SENTINEL):
        return _client_by_sentinel(url, patience)
    return redis.Redis.from_url(url, **patience, health_check_interval=30)


def _client_by_sentinel(url: str, patience: dict[str, Any]) -> redis.Redis:
    """Return a client that asks the sentinels for the master with each new connection."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    service, _, number = parts.path.strip("/").partition("/")
    named = {name: unquote(value) for name, _, value in (pair.partition("=") for pair in parts.query.split("&"))}
    credentials = {"username": named.pop("sentinel_username", None), "password": named.pop("sentinel_password", None)}
    # The same address of one server, for redis-py to read what stands in it.
    query = "&".join(pair for pair in parts.query.split("&") if pair and not pair.startswith("sentinel_"))
    scheme = parts.scheme.removesuffix(_BY_SENTINEL)
    options: Any = parse_url(urlunsplit((scheme, f"{user}@unused" if user else "unused", f"/{number}", query, "")))  # type: ignore[no-untyped-call]
    options = {name: value for name, value in options.items() if name not in {"host", "port"}}
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    tls = {name: value for name, value in options.items() if name.startswith("ssl")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [_host_and_port(host) for host in hosts.split(",")], sentinel_kwargs={**patience, **credentials, **tls}
    )
    client: redis.Redis = sentinel.master_for(service, **patience, **options, health_check_interval=30)  # type: ignore[no-untyped-call]
    return client


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return unquote(str(parts.hostname)), parts.port or SENTINEL_PORT


def trouble(client: redis.Redis, *, with_reason: bool = True) -> str | None:
    """Return what is wrong with the server and what to do, within about a second, or None. The reason names hosts."""
    try:
        client.ping()
        return CLUSTER if _is_cluster(client) else None
    except redis.RedisError as e:
        return _describe(e, client, with_reason)


def _is_cluster(client: redis.Redis) -> bool:
    try:
        facts: Any = client.info("server")
    except NoPermissionError:  # a user who may do little
        return False
    # Valkey calls it otherwise.
    return "cluster" in (facts.get("redis_mode"), facts.get("server_mode"))


def _describe(error: redis.RedisError, client: redis.Redis, with_reason: bool) -> str:
    if isinstance(error, redis.AuthenticationError):
        return "Redis asks for another user or password."
    if isinstance(error, MasterNotFoundError):  # its own words hold the sentinels' passwords
        return "No sentinel answers and names a master just now. Are the service's name and the sentinels' right?"
    if isinstance(error, redis.ResponseError) and "DB index" in str(error):
        number = client.connection_pool.connection_kwargs.get("db", 0)
        return (
            f"Redis has no database {number}. Raise `databases` in its configuration, or set TENANTKEEP_REDIS_PREFIX: "
            "with that, one database is enough."
        )
    return f"Redis does not answer: {redact(str(error)).rstrip('.')}." if with_reason else "Redis does not answer."


def allows_anonymous_access(url: str) -> bool:
    """Tell whether Redis answers without user and password."""
    parts = urlsplit(url)
    anonymous = client_for(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    try:
        return bool(anonymous.ping())
    except redis.RedisError:
        return False
    finally:
        anonymous.close()
