"""Every setting, read from the environment once and checked before anything starts.

The only reader of the environment. A wrong value refuses to start and names every wrong variable at once.
"""

import base64
import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from uuid import UUID

PREFIX = "TENANTKEEP_"
SQLITE = "sqlite:///"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"


# Scheme -> how the connection is secured, and the port where none is given.
_MAIL_SCHEMES = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    security: str  # none, starttls, tls
    user: str = ""
    password: str = field(default="", repr=False)


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
    metrics_token: str = field(repr=False)
    # After how many days what is kept only for people to look back at goes: db/housekeeping/daily_prune.py,
    # db/housekeeping/old_rows.py.
    run_item_days: int
    run_days: int
    restore_days: int
    notification_days: int
    directory_name_days: int
    plan_hours: int
    settle_seconds: int
    # Where notices go by e-mail, and from whom; None where they do not.
    smtp: MailServer | None
    mail_from: str
    watch_minutes: int  # between looks at a watched tenant that has no interval of its own
    demo_mailbox: str  # the file of the demo's mails; "" anywhere else
    # Variables that begin as ours do, and are none of ours.
    unknown: tuple[str, ...] = ()


def secrets(settings: Settings) -> list[str]:
    """Return the values of settings that must never be shown, as they may stand in a text."""
    urls = (settings.database_url, settings.owner_database_url, settings.redis_url, settings.redis_locks_url)
    passwords = [password for url in urls for password in _passwords(url)]
    keys = [base64.urlsafe_b64encode(key).decode() for key in settings.encryption_keys]
    others = [settings.secret_key, settings.sign_in_client_secret, settings.metrics_token]
    others += [settings.smtp.password] if settings.smtp else []
    return [*others, *passwords, *map(unquote, passwords), *keys]


def _passwords(url: str) -> list[str]:
    parts = urlsplit(url)
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    return [parts.password or "", *(value for name, _, value in pairs if name in {"password", "sslpassword"})]


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


def _keys(text: str) -> tuple[bytes, ...]:
    try:
        keys = tuple(base64.urlsafe_b64decode(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        keys = ()
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("each key must be 32 random bytes in URL-safe base64. Make one with: tenantkeep keys new")
    return keys


_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _service_url(text: str) -> str:
    parts = _split(text, "must be an https address: https://host")
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an https address: https://host")
    loopback = parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("must be an https address (plain http only on loopback)")
    return text.rstrip("/")


def _public_url(text: str) -> str:
    address = _service_url(text)
    if urlsplit(address).path:
        raise ValueError("must be a host of its own, without a path behind it: https://host")
    return address


def _number(lowest: int, highest: int, unit: str = "") -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a number {unit}from {lowest} to {highest}")
        return int(text)

    return parse


def _guid(text: str) -> str:
    try:
        return str(UUID(text)) if text else ""
    except ValueError as e:
        raise ValueError("must be an id of the form 00000000-0000-0000-0000-000000000000") from e


def _any(text: str) -> str:
    return text


_ENCODE = "Percent-encode each of @ : / ? # % & = in its user and password: %40 for @, %2F for /"
_POSTGRESQL_FORM = f"must be postgresql://user:password@host:port/name. {_ENCODE}"
_REDIS_FORM = f"must be redis://user:password@host:port/number, or rediss:// for TLS. {_ENCODE}"

# An unencoded @ / ? or # in a password leaves an @ or # where none may stand.
_ADDRESS = re.compile(r"\w+://(?:[^@/?#\s]*@)?[^@/?#\s]*(?:/[^@?#\s]*)?(?:\?[^@#\s]*)?", re.ASCII)
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})|%00")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[\w.%-]*)(?::(?P<port>[0-9]{0,5}))?")

# What libpq takes behind the ?. It shows any other name, which may be a piece of a password that is not encoded.
_POSTGRESQL_PARAMETERS = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "fallback_application_name",
    "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "krbsrvname", "load_balance_hosts", "options", "passfile", "password", "port",
    "require_auth", "requirepeer", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcertmode",
    "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert",
    "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
})  # fmt: skip
_REDIS_PARAMETERS = frozenset(
    {"ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
)


def _split(text: str, form: str) -> SplitResult:
    # What urllib raises holds the address, and with it the password.
    try:
        parts = urlsplit(text)
        _ = parts.hostname, parts.username
    except ValueError:
        raise ValueError(form) from None
    for host in parts.netloc.rpartition("@")[2].split(","):
        found = _HOST.fullmatch(host)
        if not found or not 0 < int(found["port"] or 1) < 65536:
            raise ValueError(f"{form}. A port is a number from 1 to 65535")
    return parts


def _address(text: str, form: str, parameters: Iterable[str]) -> SplitResult:
    """Take a server's address apart; raises ValueError that holds nothing of it, for drivers do show it."""
    if not _ADDRESS.fullmatch(text) or _STRAY_PERCENT.search(text):
        raise ValueError(form)
    parts = _split(text, form)
    for pair in parts.query.split("&") if parts.query else []:
        name, is_pair, _ = pair.partition("=")
        if not is_pair or name not in parameters:
            raise ValueError(f"{form}. Behind the ? may stand {', '.join(sorted(parameters))}")
    return parts


def _database_url(text: str) -> str:
    if text.startswith(SQLITE) and text != SQLITE:
        return text
    if not text.startswith("postgresql://"):
        raise ValueError("must start with sqlite:/// and name a file, or with postgresql://")
    return _postgresql_url(text)


def _postgresql_url(text: str) -> str:
    parts = _address(text, _POSTGRESQL_FORM, _POSTGRESQL_PARAMETERS)
    if parts.scheme != "postgresql":
        raise ValueError(_POSTGRESQL_FORM)
    if not parts.path.strip("/"):
        raise ValueError(f"lacks the name of the database: it {_POSTGRESQL_FORM}")
    return text


def _redis_url(text: str) -> str:
    parts = _address(text, _REDIS_FORM, _REDIS_PARAMETERS)
    knows_parameters = parts.scheme == "rediss"
    if parts.scheme not in {"redis", "rediss"} or (parts.query and not knows_parameters) or "," in parts.netloc:
        raise ValueError(_REDIS_FORM)
    if not re.fullmatch("/?[0-9]{0,4}/?", parts.path):
        raise ValueError(_REDIS_FORM)
    return text


_SMTP_FORM = (
    "must be smtp+starttls://user:password@host:587, or smtps://user:password@host:465; smtp://host:25 in the clear "
    f"only on this machine. {_ENCODE}"
)
_MAIL_ADDRESS = r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+"


def _smtp(text: str) -> MailServer:
    if not re.fullmatch(r"[a-z+]+://(?:[^@/?#\s]*@)?[^@/?#\s]+/?", text) or _STRAY_PERCENT.search(text):
        raise ValueError(_SMTP_FORM)
    parts = _split(text, _SMTP_FORM)
    security, port = _MAIL_SCHEMES.get(parts.scheme, ("", 0))
    is_open = security == "none" and (parts.hostname not in _LOOPBACK or parts.username)
    if not security or is_open or not parts.hostname or "," in parts.netloc:
        raise ValueError(_SMTP_FORM)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, parts.port or port, security, user, password)


def _mail_from(text: str) -> str:
    if not re.fullmatch(rf"{_MAIL_ADDRESS}|[^<>\r\n\"]+ <{_MAIL_ADDRESS}>", text) or not text.isascii():
        raise ValueError("must be an address, or a name with one: Tenantkeep <tenantkeep@example.com>")
    return text


def _log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError("must be text or json")
    return text


def _secret_key(text: str) -> str:
    if len(text) < 16:
        raise ValueError("must be at least 16 random characters")
    return text


def _optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: parse(text) if text else ""


_MAKE_KEY = "python -c 'import secrets, base64; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"

_DAYS = _number(1, 3650, "of days ")

# name -> (parser, default or None when required, how to make one)
_VARIABLES: dict[str, tuple[Callable[[str], Any], str | None, str]] = {
    "DATABASE_URL": (_database_url, "sqlite:///var/tenantkeep.db", ""),
    "OWNER_DATABASE_URL": (_optional(_postgresql_url), "", ""),
    "REDIS_URL": (_redis_url, DEFAULT_REDIS_URL, ""),
    "REDIS_LOCKS_URL": (_optional(_redis_url), "", ""),
    "SECRET_KEY": (_secret_key, None, _MAKE_KEY),
    "ENCRYPTION_KEYS": (_keys, None, _MAKE_KEY),
    "GRAPH_URL": (_service_url, "https://graph.microsoft.com", ""),
    "LOGIN_URL": (_service_url, "https://login.microsoftonline.com", ""),
    "PUBLIC_URL": (_optional(_public_url), "", ""),
    "PROXIES": (_number(0, 9), "0", ""),
    "SIGN_IN_DIRECTORY_ID": (_guid, "", ""),
    "SIGN_IN_CLIENT_ID": (_guid, "", ""),
    "SIGN_IN_CLIENT_SECRET": (_any, "", ""),
    "METRICS_TOKEN": (_optional(_secret_key), "", ""),
    "RUN_ITEM_DAYS": (_DAYS, "90", ""),
    "RUN_DAYS": (_DAYS, "730", ""),
    "RESTORE_DAYS": (_DAYS, "730", ""),
    "NOTIFICATION_DAYS": (_DAYS, "180", ""),
    "DIRECTORY_NAME_DAYS": (_DAYS, "365", ""),
    "PLAN_HOURS": (_number(1, 720, "of hours "), "24", ""),
    "SETTLE_SECONDS": (_number(1, 3600, "of seconds "), "120", ""),
    "SMTP_URL": (_optional(_smtp), "", ""),
    "MAIL_FROM": (_optional(_mail_from), "", ""),
    "WATCH_MINUTES": (_number(1, 1440, "of minutes "), "5", ""),
    "DEMO_MAILBOX": (_any, "", ""),
    "LOG_FORMAT": (_log_format, "text" if sys.stderr.isatty() else "json", ""),
}


def load(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError with one line per wrong variable; values never appear in it."""
    values: dict[str, Any] = {}
    problems = []
    for name, (parse, default, recipe) in _VARIABLES.items():
        text = environ.get(PREFIX + name) or default
        if text is None:
            problems.append(f"{PREFIX}{name} is required. Make one with: {recipe}")
            continue
        try:
            values[name.lower()] = parse(text)
        except ValueError as e:
            problems.append(f"{PREFIX}{name} is wrong: {e}.")
    try:
        values["port"] = _number(1, 65535)(environ.get("PORT") or "8000")
    except ValueError as e:
        problems.append(f"PORT is wrong: {e}.")
    values["smtp"] = values.pop("smtp_url", None) or None
    unknown = sorted(
        name for name in environ if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in _VARIABLES
    )
    problems += _half_an_entra_sign_in(values) + _mistyped(unknown)
    if values["smtp"] and not values.get("mail_from"):
        problems.append(f"{PREFIX}MAIL_FROM is required where notices go by e-mail: the address that they come from")
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**values, unknown=tuple(unknown))


def _mistyped(unknown: Iterable[str]) -> list[str]:
    """Refuse what was surely meant for one of ours: cookies without Secure, say, are no answer to PUBLICURL.

    A name that is like none of ours may be somebody else's: Kubernetes gives every container such variables for a
    service that is called tenantkeep. `doctor` names those, and processes at their start.
    """
    found = {name: difflib.get_close_matches(name.removeprefix(PREFIX), _VARIABLES, 1) for name in unknown}
    return [f"{name} is no setting. Did you mean {PREFIX}{near[0]}?" for name, near in found.items() if near]


def _half_an_entra_sign_in(values: Mapping[str, Any]) -> list[str]:
    """Entra ID needs all of it: whose people, as which app, and where it sends them back to."""
    names = ("sign_in_directory_id", "sign_in_client_id", "sign_in_client_secret")
    given = [name for name in names if values.get(name)]
    missing = [name for name in (*names, "public_url") if given and not values.get(name)]
    return [f"{PREFIX}{name.upper()} is required where people sign in with Entra ID" for name in missing]


def redis_urls() -> tuple[str, str]:
    """The queue's Redis database, and where locks and counts are: the one after it, if nobody said otherwise.

    Apart, because the queue's maintenance runs KEYS over its own. It does so only when a worker died, and names do not
    meet, so a Redis that has but one database may serve both.

    Never raises, because actors bind to the broker at import, when `--help` may be all that is wanted: a wrong
    address is refused by `settings`, which every process asks before it does anything.
    """
    try:
        url = _redis_url(os.environ.get(f"{PREFIX}REDIS_URL") or DEFAULT_REDIS_URL)
        locks_url = _optional(_redis_url)(os.environ.get(f"{PREFIX}REDIS_LOCKS_URL") or "")
    except ValueError:
        url, locks_url = DEFAULT_REDIS_URL, ""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0)
    return url, locks_url or urlunsplit(parts._replace(path=f"/{number + 1}"))


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
