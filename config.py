"""Every setting, read from the environment once and checked before anything starts.

The only reader of the environment. A wrong value refuses to start and names every wrong variable at once.
"""

import base64
import binascii
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

PREFIX = "TENANTKEEP_"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"


class SettingsError(Exception):
    """One line per wrong variable, each saying what to set."""


@dataclass(frozen=True)
class Settings:
    database_url: str
    redis_url: str
    secret_key: str = field(repr=False)
    # Newest first: the first seals, all of them unseal.
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    graph_url: str
    login_url: str
    port: int
    log_format: str
    public_url: str
    proxies: int
    # Our own directory, whose people sign in with Entra ID; "" where they do not.
    sign_in_directory_id: str
    sign_in_client_id: str
    sign_in_client_secret: str = field(repr=False)
    run_item_days: int
    plan_hours: int
    settle_seconds: int


def secrets(settings: Settings) -> list[str]:
    """What of the settings must never be shown, as it may stand in a text."""
    found = [urlsplit(url).password or "" for url in (settings.database_url, settings.redis_url)]
    keys = [base64.urlsafe_b64encode(key).decode() for key in settings.encryption_keys]
    return [settings.secret_key, settings.sign_in_client_secret, *found, *map(unquote, found), *keys]


def _keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(base64.urlsafe_b64decode(part.strip()) for part in text.split(",") if part.strip())
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("each key must be 32 random bytes in URL-safe base64")
    return keys


def _service_url(text: str) -> str:
    parts = urlsplit(text)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("must be an https address (plain http only on loopback)")
    return text.rstrip("/")


def _public_url(text: str) -> str:
    return _service_url(text) if text else ""


def _proxies(text: str) -> int:
    if not text.isdigit() or int(text) > 9:
        raise ValueError("must be a number from 0 to 9")
    return int(text)


def _guid(text: str) -> str:
    try:
        return str(UUID(text)) if text else ""
    except ValueError as e:
        raise ValueError("must be an id of the form 00000000-0000-0000-0000-000000000000") from e


def _any(text: str) -> str:
    return text


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("must start with sqlite:/// or postgresql://")
    return text


def _redis_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"redis", "rediss", "unix"} or not (parts.path.strip("/") or "0").isdigit():
        raise ValueError("must be redis://host:port/number")
    return text


def _log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError("must be text or json")
    return text


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise ValueError("must be a number of days from 1 to 3650")
    return int(text)


def _hours(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 720:
        raise ValueError("must be a number of hours from 1 to 720")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3600:
        raise ValueError("must be a number of seconds from 1 to 3600")
    return int(text)


def _secret_key(text: str) -> str:
    if len(text) < 16:
        raise ValueError("must be at least 16 random characters")
    return text


_MAKE_KEY = "python -c 'import secrets, base64; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"

# name -> (parser, default or None when required, how to make one)
_VARIABLES = {
    "DATABASE_URL": (_database_url, "sqlite:///var/tenantkeep.db", ""),
    "REDIS_URL": (_redis_url, DEFAULT_REDIS_URL, ""),
    "SECRET_KEY": (_secret_key, None, _MAKE_KEY),
    "ENCRYPTION_KEYS": (_keys, None, _MAKE_KEY),
    "GRAPH_URL": (_service_url, "https://graph.microsoft.com", ""),
    "LOGIN_URL": (_service_url, "https://login.microsoftonline.com", ""),
    "PUBLIC_URL": (_public_url, "", ""),
    "PROXIES": (_proxies, "0", ""),
    "SIGN_IN_DIRECTORY_ID": (_guid, "", ""),
    "SIGN_IN_CLIENT_ID": (_guid, "", ""),
    "SIGN_IN_CLIENT_SECRET": (_any, "", ""),
    "RUN_ITEM_DAYS": (_days, "90", ""),
    "PLAN_HOURS": (_hours, "24", ""),
    "SETTLE_SECONDS": (_seconds, "120", ""),
    "LOG_FORMAT": (_log_format, "text" if sys.stderr.isatty() else "json", ""),
}


def load(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError with one line per wrong variable; values never appear in it."""
    values, problems = {}, []
    for name, (parse, default, recipe) in _VARIABLES.items():
        text = environ.get(PREFIX + name) or default
        if text is None:
            problems.append(f"{PREFIX}{name} is required. Make one with: {recipe}")
            continue
        try:
            values[name.lower()] = parse(text)
        except (ValueError, binascii.Error) as e:
            problems.append(f"{PREFIX}{name} is wrong: {e}")
    port = environ.get("PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        problems.append("PORT is wrong: must be a number from 1 to 65535")
    problems += _half_an_entra_sign_in(values)
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(port=int(port), **values)  # type: ignore[arg-type]


def _half_an_entra_sign_in(values: Mapping[str, Any]) -> list[str]:
    """Entra ID needs all of it: whose people, as which app, and where it sends them back to."""
    names = ("sign_in_directory_id", "sign_in_client_id", "sign_in_client_secret")
    given = [name for name in names if values.get(name)]
    missing = [name for name in (*names, "public_url") if given and not values.get(name)]
    return [f"{PREFIX}{name.upper()} is required where people sign in with Entra ID" for name in missing]


def redis_urls() -> tuple[str, str]:
    """The broker's Redis database, and the one after it for locks: the broker's maintenance runs KEYS over its own.

    Never raises, because actors bind to the broker at import, when `--help` may be all that is wanted: a wrong
    address is refused by `settings`, which every process asks before it does anything.
    """
    try:
        url = _redis_url(os.environ.get(f"{PREFIX}REDIS_URL") or DEFAULT_REDIS_URL)
    except ValueError:
        url = DEFAULT_REDIS_URL
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0)
    return url, urlunsplit(parts._replace(path=f"/{number + 1}"))


@cache
def settings() -> Settings:
    return load(os.environ)


def use(environment: Mapping[str, str]) -> None:
    """Put settings into this process's environment, as the demo does for itself and its children."""
    os.environ.update(environment)
    settings.cache_clear()


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment for a process we start, with changes."""
    return {**os.environ, **changes}


def path_with(folder: Path) -> str:
    """PATH with one folder in front."""
    return f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
