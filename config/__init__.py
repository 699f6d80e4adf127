"""Every setting, read from the environment once and checked before anything starts.

The only reader of the environment. A wrong value refuses to start and names every wrong variable at once.
"""

import base64
import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from config import parsers
from config.parsers import SQLITE, MailServer
from config.variables import FILE_SUFFIX, is_from_file, read_text

PREFIX = "TENANTKEEP_"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
DEFAULT_REDIS_PREFIX = "tenantkeep"


class SettingsError(Exception):
    """One line per wrong variable, each saying what to set."""


@dataclass(frozen=True)
class Settings:
    database_url: str
    # Of the role that owns the tables, for `migrate` alone; "": the same as database_url.
    owner_database_url: str
    redis_url: str
    # Where locks and counts are; "": in the database after the queue's own.
    redis_locks_url: str
    # What the names of everything in Redis begin with; another one than usual, and one database is enough.
    redis_prefix: str
    secret_key: str = field(repr=False)
    # Newest first: the first seals, all of them unseal.
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    graph_url: str
    login_url: str
    # By which requests leave, and whom they are not for; "" and () where they leave directly.
    proxy_url: str = field(repr=False)
    no_proxy: tuple[str, ...]
    ca_bundle: str  # a file of authorities that are believed beside the usual ones; "" for none
    port: int
    # Where web listens; "": on loopback, at the port.
    bind: str
    log_format: str
    public_url: str
    proxies: int
    # Our own directory, whose people sign in with Entra ID; "" where they do not.
    sign_in_directory_id: str
    sign_in_client_id: str
    sign_in_client_secret: str = field(repr=False)
    metrics_token: str = field(repr=False)
    metrics_tenants: int  # with more, no tenant has figures of its own
    metrics_tenant_names: bool
    readiness_after_backups: bool
    otlp_url: str  # of the collector that traces go to; "" where nothing is traced
    otlp_headers: tuple[tuple[str, str], ...] = field(repr=False)
    otlp_sample_percent: int
    # After how many days what is kept only for people to look back at goes: db/housekeeping/daily_prune.py,
    # db/housekeeping/old_rows.py.
    run_item_days: int
    run_days: int
    restore_days: int
    notification_days: int
    directory_name_days: int
    document_days: int
    # How long a deletion of backup sets, or of a tenant, waits, and can be taken back.
    deletion_days: int
    document_languages: str  # a folder of catalogs beside the product's own; "" for none
    plan_hours: int
    rollout_four_eyes: bool  # whoever asked for a roll-out of a standard does not confirm it
    settle_seconds: int
    # Where notices go by e-mail, and from whom; None where they do not.
    smtp: MailServer | None
    mail_from: str
    queue_tags: tuple[str, ...]  # tags of tenants, folded, whose runs have queues and workers of their own
    definition_languages: tuple[str, ...]  # in which Microsoft's words for settings are asked for; () for nowhere
    watch_minutes: int  # between looks at a watched tenant that has no interval of its own
    api_requests_per_minute: int  # of one token
    demo_mailbox: str  # the file of the demo's mails; "" anywhere else
    # Where the platform writes a token that the app registrations trust; "" where it does not.
    federated_token_file: str
    identity_url: str  # the metadata service of the machine, which gives tokens of its managed identity
    # Variables that begin as ours do, and are none of ours.
    unknown: tuple[str, ...] = ()
    # Variables whose text is in a file.
    from_files: tuple[str, ...] = ()


def secrets(settings: Settings) -> list[str]:
    """Return the values of settings that must never be shown, as they may stand in a text."""
    urls = [settings.database_url, settings.owner_database_url, settings.redis_url, settings.redis_locks_url]
    urls.append(settings.proxy_url)
    passwords = [password for url in urls for password in _passwords(url)]
    keys = [base64.urlsafe_b64encode(key).decode() for key in settings.encryption_keys]
    others = [settings.secret_key, settings.sign_in_client_secret, settings.metrics_token]
    others += [value for _, value in settings.otlp_headers]
    others += [settings.smtp.password] if settings.smtp else []
    return [*others, *passwords, *map(unquote, passwords), *keys]


_PASSWORD_PARAMETERS = frozenset({"password", "sslpassword", "sentinel_password"})


def _passwords(url: str) -> list[str]:
    parts = urlsplit(url)
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    return [parts.password or "", *(value for name, _, value in pairs if name in _PASSWORD_PARAMETERS)]


def shown(url: str) -> str:
    """Return the address without its password, for people to read; of SQLite the file's whole path."""
    if url.startswith(SQLITE):
        return str(Path(url.removeprefix(SQLITE)).absolute())
    parts = urlsplit(url)
    user, host = parts.netloc.rpartition("@")[::2]
    name = user.partition(":")[0]
    return f"{parts.scheme}://{name}{'@' if name else ''}{host}{parts.path}"


def user_of(url: str) -> str:
    """Return the user that a PostgreSQL address names; "" where the driver finds one elsewhere."""
    parts = urlsplit(url)
    pairs = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    return unquote(parts.username or pairs.get("user", "")) if parts.scheme == "postgresql" else ""


_MAKE_KEY = "python -c 'import secrets, base64; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"

_DAYS = parsers.number(1, 3650, "of days ")

# name -> (parser, default or None when required, how to make one)
_VARIABLES: dict[str, tuple[Callable[[str], Any], str | None, str]] = {
    "DATABASE_URL": (parsers.database_url, "sqlite:///var/tenantkeep.db", ""),
    "OWNER_DATABASE_URL": (parsers.optional(parsers.postgresql_url), "", ""),
    "REDIS_URL": (parsers.redis_url, DEFAULT_REDIS_URL, ""),
    "REDIS_LOCKS_URL": (parsers.optional(parsers.redis_url), "", ""),
    "REDIS_PREFIX": (parsers.redis_prefix, DEFAULT_REDIS_PREFIX, ""),
    "SECRET_KEY": (parsers.secret_key, None, _MAKE_KEY),
    "ENCRYPTION_KEYS": (parsers.keys, None, _MAKE_KEY),
    "GRAPH_URL": (parsers.service_url, "https://graph.microsoft.com", ""),
    "LOGIN_URL": (parsers.service_url, "https://login.microsoftonline.com", ""),
    "BIND": (parsers.optional(parsers.bind_address), "", ""),
    "PROXY_URL": (parsers.optional(parsers.proxy_url), "", ""),
    "NO_PROXY": (parsers.hosts, "", ""),
    "CA_BUNDLE": (parsers.optional(parsers.ca_file), "", ""),
    "PUBLIC_URL": (parsers.optional(parsers.public_url), "", ""),
    "PROXIES": (parsers.number(0, 9), "0", ""),
    "SIGN_IN_DIRECTORY_ID": (parsers.guid, "", ""),
    "SIGN_IN_CLIENT_ID": (parsers.guid, "", ""),
    "SIGN_IN_CLIENT_SECRET": (parsers.any_text, "", ""),
    "METRICS_TOKEN": (parsers.optional(parsers.secret_key), "", ""),
    "METRICS_TENANTS": (parsers.number(0, 100_000), "500", ""),
    "METRICS_TENANT_NAMES": (parsers.on_or_off, "off", ""),
    "READINESS_AFTER_BACKUPS": (parsers.on_or_off, "on", ""),
    "OTLP_URL": (parsers.optional(parsers.collector_url), "", ""),
    "OTLP_HEADERS": (parsers.headers, "", ""),
    "OTLP_SAMPLE_PERCENT": (parsers.number(1, 100, "of percent "), "100", ""),
    "RUN_ITEM_DAYS": (_DAYS, "90", ""),
    "RUN_DAYS": (_DAYS, "730", ""),
    "RESTORE_DAYS": (_DAYS, "730", ""),
    "NOTIFICATION_DAYS": (_DAYS, "180", ""),
    "DIRECTORY_NAME_DAYS": (_DAYS, "365", ""),
    "DOCUMENT_DAYS": (_DAYS, "30", ""),
    "DELETION_DAYS": (parsers.number(0, 90, "of days "), "7", ""),
    "DOCUMENT_LANGUAGES": (parsers.any_text, "", ""),
    "PLAN_HOURS": (parsers.number(1, 720, "of hours "), "24", ""),
    "ROLLOUT_FOUR_EYES": (parsers.on_or_off, "on", ""),
    "SETTLE_SECONDS": (parsers.number(1, 3600, "of seconds "), "120", ""),
    "SMTP_URL": (parsers.optional(parsers.smtp), "", ""),
    "MAIL_FROM": (parsers.optional(parsers.mail_from), "", ""),
    "QUEUE_TAGS": (parsers.tags, "", ""),
    "DEFINITION_LANGUAGES": (parsers.languages, "en", ""),
    "WATCH_MINUTES": (parsers.number(1, 1440, "of minutes "), "5", ""),
    "API_REQUESTS_PER_MINUTE": (parsers.number(1, 100_000, "of requests "), "600", ""),
    "DEMO_MAILBOX": (parsers.any_text, "", ""),
    "FEDERATED_TOKEN_FILE": (parsers.any_text, "", ""),
    "IDENTITY_URL": (parsers.identity_url, "http://169.254.169.254", ""),
    "LOG_FORMAT": (parsers.log_format, "text" if sys.stderr.isatty() else "json", ""),
}


def load(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError with one line per wrong variable; values never appear in it."""
    values: dict[str, Any] = {}
    problems = []
    for name, (parse, default, recipe) in _VARIABLES.items():
        try:
            text = read_text(PREFIX + name, environ) or default
            if text is None:
                problems.append(f"{PREFIX}{name} is required. Make one with: {recipe}")
                continue
            values[name.lower()] = parse(text)
        except ValueError as e:
            problems.append(f"{PREFIX}{name} is wrong: {e}.")
    try:
        values["port"] = parsers.number(1, 65535)(environ.get("PORT") or "8000")
    except ValueError as e:
        problems.append(f"PORT is wrong: {e}.")
    values["smtp"] = values.pop("smtp_url", None) or None
    ours = {PREFIX + name + suffix for name in _VARIABLES for suffix in ("", FILE_SUFFIX)}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in ours)
    problems += _half_an_entra_sign_in(values) + _mistyped(unknown)
    if values["smtp"] and not values.get("mail_from"):
        problems.append(f"{PREFIX}MAIL_FROM is required where notices go by e-mail: the address that they come from")
    if problems:
        raise SettingsError("\n".join(problems))
    from_files = tuple(PREFIX + name for name in _VARIABLES if is_from_file(PREFIX + name, environ))
    return Settings(**values, unknown=tuple(unknown), from_files=from_files)


def _mistyped(unknown: Iterable[str]) -> list[str]:
    """Refuse what was surely meant for one of ours: cookies without Secure, say, are no answer to PUBLICURL.

    A name that is like none of ours may be somebody else's: Kubernetes gives every container such variables for a
    service that is called tenantkeep. `doctor` names those, and processes at their start.
    """
    words = {name: name.removeprefix(PREFIX).removesuffix(FILE_SUFFIX) for name in unknown}
    found = {name: difflib.get_close_matches(word, _VARIABLES, 1) for name, word in words.items()}
    suffixes = {name: FILE_SUFFIX if name.endswith(FILE_SUFFIX) else "" for name in unknown}
    return [
        f"{name} is no setting. Did you mean {PREFIX}{near[0]}{suffixes[name]}?" for name, near in found.items() if near
    ]


def _half_an_entra_sign_in(values: Mapping[str, Any]) -> list[str]:
    """Entra ID needs all of it: whose people, as which app, and where it sends them back to."""
    names = ("sign_in_directory_id", "sign_in_client_id", "sign_in_client_secret")
    given = [name for name in names if values.get(name)]
    missing = [name for name in (*names, "public_url") if given and not values.get(name)]
    return [f"{PREFIX}{name.upper()} is required where people sign in with Entra ID" for name in missing]


def redis_urls() -> tuple[str, str]:
    """The queue's Redis database, and where locks and counts are: the one after it, if nobody said otherwise.

    Apart, because the queue's maintenance runs KEYS over its own. It does so only when a worker died, and names do not
    meet, so a Redis that has but one database may serve both: so it does where there is a prefix.

    Never raises, because actors bind to the broker at import, when `--help` may be all that is wanted: a wrong
    address is refused by `settings`, which every process asks before it does anything.
    """
    try:
        url = parsers.redis_url(read_text(f"{PREFIX}REDIS_URL", os.environ) or DEFAULT_REDIS_URL)
        locks_url = parsers.optional(parsers.redis_url)(read_text(f"{PREFIX}REDIS_LOCKS_URL", os.environ))
    except ValueError:
        url, locks_url = DEFAULT_REDIS_URL, ""
    if not locks_url and redis_prefix() == DEFAULT_REDIS_PREFIX:
        parts = urlsplit(url)
        service, _, number = parts.path.rstrip("/").rpartition("/")
        locks_url = urlunsplit(parts._replace(path=f"{service}/{int(number or 0) + 1}"))
    return url, locks_url or url


def redis_prefix() -> str:
    """Return what the name of every key in Redis begins with, so that two installations can share one. Never raises."""
    try:
        return parsers.redis_prefix(read_text(f"{PREFIX}REDIS_PREFIX", os.environ) or DEFAULT_REDIS_PREFIX)
    except ValueError:
        return DEFAULT_REDIS_PREFIX


def queue_tags() -> tuple[str, ...]:
    """The tags that have queues of their own, for the broker. Never raises, like `redis_urls`."""
    try:
        return parsers.tags(read_text(f"{PREFIX}QUEUE_TAGS", os.environ))
    except ValueError:
        return ()


_FILE_PARAMETERS = frozenset({"passfile", "sslkey", "ssl_keyfile"})


def secret_files() -> dict[Path, str]:
    """Return the files that hold passwords and keys of ours -> what names each: a variable, in words."""
    found = {Path(os.environ[PREFIX + name + FILE_SUFFIX]): PREFIX + name + FILE_SUFFIX
             for name in _VARIABLES if is_from_file(PREFIX + name, os.environ)}  # fmt: skip
    urls = {"DATABASE_URL": settings().database_url, "OWNER_DATABASE_URL": settings().owner_database_url}
    urls |= dict(zip(("REDIS_URL", "REDIS_LOCKS_URL"), redis_urls(), strict=True))
    for name, url in urls.items():
        pairs = [pair.partition("=") for pair in urlsplit(url).query.split("&")]
        named = {
            Path(unquote(path)): f"{word} of {PREFIX}{name}" for word, _, path in pairs if word in _FILE_PARAMETERS
        }
        found = named | found
    return found


@cache
def settings() -> Settings:
    return load(os.environ)


def use(environment: Mapping[str, str]) -> None:
    """Put settings into this process's environment, as the demo does for itself and its children."""
    os.environ.update(_without_files(environment), **environment)
    settings.cache_clear()


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment for a process we start, with changes."""
    return {**os.environ, **_without_files(changes), **changes}


def _without_files(given: Iterable[str]) -> dict[str, str]:
    """Return what takes away the files that the environment names for variables that are given now."""
    files = (name + FILE_SUFFIX for name in given if name.startswith(PREFIX))
    return dict.fromkeys((name for name in files if name in os.environ), "")


def path_with(folder: Path) -> str:
    """PATH with one folder in front."""
    return f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
