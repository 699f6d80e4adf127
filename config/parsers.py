"""The parsers of settings' values: each returns the value of a text, or raises ValueError that says what to write.

What is raised holds nothing of the text, for it may be a secret.
"""

import base64
import re
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

SQLITE = "sqlite:///"

# Scheme -> how the connection is secured, and the port where none is given.
_MAIL_SCHEMES = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    security: str  # none, starttls, tls
    user: str = ""
    password: str = field(default="", repr=False)


def keys(text: str) -> tuple[bytes, ...]:
    try:
        keys = tuple(base64.urlsafe_b64decode(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        keys = ()
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("each key must be 32 random bytes in URL-safe base64. Make one with: tenantkeep keys new")
    return keys


_BIND_FORM = "must be address:port (0.0.0.0:8000, [::]:8000), or unix:/path/of/the/socket"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def service_url(text: str) -> str:
    parts = _split(text, "must be an https address: https://host")
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be an https address: https://host")
    loopback = parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("must be an https address (plain http only on loopback)")
    return text.rstrip("/")


def identity_url(text: str) -> str:
    """Accept the address of a metadata service: link-local, as all clouds have it, or loopback."""
    parts = _split(text, "must be http://169.254.169.254, or an address on loopback")
    hosts = _LOOPBACK | {"169.254.169.254"}
    if parts.scheme not in {"http", "https"} or parts.hostname not in hosts or "@" in parts.netloc or parts.query:
        raise ValueError("must be http://169.254.169.254, or an address on loopback")
    return text.rstrip("/")


def public_url(text: str) -> str:
    address = service_url(text)
    if urlsplit(address).path:
        raise ValueError("must be a host of its own, without a path behind it: https://host")
    return address


def bind_address(text: str) -> str:
    """Where web listens: host:port, [address]:port, or the path of a socket."""
    if text.startswith("unix:"):
        if not text.startswith("unix:/"):
            raise ValueError(_BIND_FORM)
        return text
    found = _HOST.fullmatch(text)
    if not found or not found["name"] or not 0 < int(found["port"] or 0) < 65536:
        raise ValueError(_BIND_FORM)
    return text


def number(lowest: int, highest: int, unit: str = "") -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"must be a number {unit}from {lowest} to {highest}")
        return int(text)

    return parse


def guid(text: str) -> str:
    try:
        return str(UUID(text)) if text else ""
    except ValueError as e:
        raise ValueError("must be an id of the form 00000000-0000-0000-0000-000000000000") from e


def collector_url(text: str) -> str:
    """Return the address of a collector. Plain http is for one beside us: spans hold no secrets."""
    form = "must be http://host:port or https://host, without user and password"
    parts = _split(text, form)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError(form)
    return text.rstrip("/")


def headers(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of name=value,name=value."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(
        re.fullmatch(r"[\w-]+", name.strip(), re.ASCII) and value.strip().isprintable() for name, _, value in pairs
    ):
        raise ValueError("must be name=value, with a comma between two")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def languages(text: str) -> tuple[str, ...]:
    """Return the languages of a list with commas, each once, as HTTP names them (de, pt-br): English before all.

    “none” is none at all, not even English.
    """
    codes = [code.strip().lower() for code in text.split(",") if code.strip()]
    if codes == ["none"]:
        return ()
    if not all(re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})?", code) for code in codes):
        raise ValueError("must be codes of languages, with a comma between two (de,fr), or none")
    return tuple(dict.fromkeys(["en", *codes]))


def on_or_off(text: str) -> bool:
    if text not in {"on", "off"}:
        raise ValueError("must be on or off")
    return text == "on"


def any_text(text: str) -> str:
    return text


_ENCODE = "Percent-encode each of @ : / ? # % & = in its user and password: %40 for @, %2F for /"
_POSTGRESQL_FORM = f"must be postgresql://user:password@host:port/name. {_ENCODE}"
_SENTINEL_FORM = (
    "must be redis+sentinel://user:password@host:26379,host:26379/service/number, or rediss+sentinel:// for TLS. "
    + _ENCODE
)
_REDIS_FORM = f"must be redis://user:password@host:port/number, or rediss:// for TLS. {_ENCODE}"

# An unencoded @ / ? or # in a password leaves an @ or # where none may stand.
_ADDRESS = re.compile(r"[\w+]+://(?:[^@/?#\s]*@)?[^@/?#\s]*(?:/[^@?#\s]*)?(?:\?[^@#\s]*)?", re.ASCII)
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

# Who we are to the sentinels, where they ask too: mostly somebody else than to the server.
_SENTINEL_PARAMETERS = frozenset({"sentinel_password", "sentinel_username"})


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


def database_url(text: str) -> str:
    if text.startswith(SQLITE) and text != SQLITE:
        return text
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with sqlite:/// and name a file, or with postgresql://")
    return postgresql_url(text)


def postgresql_url(text: str) -> str:
    """Return the address as postgresql://, which libpq and clouds' consoles spell postgres:// too."""
    if text.startswith("postgres://"):
        text = f"postgresql://{text.removeprefix('postgres://')}"
    parts = _address(text, _POSTGRESQL_FORM, _POSTGRESQL_PARAMETERS)
    if parts.scheme != "postgresql":
        raise ValueError(_POSTGRESQL_FORM)
    if not parts.path.strip("/"):
        raise ValueError(f"lacks the name of the database: it {_POSTGRESQL_FORM}")
    return text


def redis_url(text: str) -> str:
    by_sentinel = text.partition("://")[0].endswith("+sentinel")
    parameters = _SENTINEL_PARAMETERS if by_sentinel else frozenset()
    if text.startswith("rediss"):
        parameters |= _REDIS_PARAMETERS
    form = _SENTINEL_FORM if by_sentinel else _REDIS_FORM
    parts = _address(text, form, parameters)
    if by_sentinel:
        is_right = bool(re.fullmatch("/[A-Za-z0-9._-]+/[0-9]{1,4}/?", parts.path) and parts.hostname)
    else:
        is_right = bool(re.fullmatch("/?[0-9]{0,4}/?", parts.path)) and "," not in parts.netloc
    if not is_right or parts.scheme.removesuffix("+sentinel") not in {"redis", "rediss"}:
        raise ValueError(form)
    return text


def redis_prefix(text: str) -> str:
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._:-]{0,49}", text):
        raise ValueError("must begin with a letter or digit, and have at most 50 of letters, digits and . _ : -")
    return text


_SMTP_FORM = (
    "must be smtp+starttls://user:password@host:587, or smtps://user:password@host:465; smtp://host:25 in the clear "
    f"only on this machine. {_ENCODE}"
)
_MAIL_ADDRESS = r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+"


def smtp(text: str) -> MailServer:
    if not re.fullmatch(r"[a-z+]+://(?:[^@/?#\s]*@)?[^@/?#\s]+/?", text) or _STRAY_PERCENT.search(text):
        raise ValueError(_SMTP_FORM)
    parts = _split(text, _SMTP_FORM)
    security, port = _MAIL_SCHEMES.get(parts.scheme, ("", 0))
    is_open = security == "none" and (parts.hostname not in _LOOPBACK or parts.username)
    if not security or is_open or not parts.hostname or "," in parts.netloc:
        raise ValueError(_SMTP_FORM)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, parts.port or port, security, user, password)


def mail_from(text: str) -> str:
    if not re.fullmatch(rf"{_MAIL_ADDRESS}|[^<>\r\n\"]+ <{_MAIL_ADDRESS}>", text) or not text.isascii():
        raise ValueError("must be an address, or a name with one: Tenantkeep <tenantkeep@example.com>")
    return text


_PROXY_FORM = f"must be http://user:password@host:port, or https:// where the proxy itself speaks TLS. {_ENCODE}"


def proxy_url(text: str) -> str:
    parts = _address(text, _PROXY_FORM, ())
    if parts.scheme not in {"http", "https"} or not parts.hostname or "," in parts.netloc or parts.path.strip("/"):
        raise ValueError(_PROXY_FORM)
    return text.rstrip("/")


def hosts(text: str) -> tuple[str, ...]:
    """Return the names and networks of a list with commas between them."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[0-9A-Za-z._:/-]+", part) for part in found):
        raise ValueError("must be names and networks with commas between them: .example.com, 10.0.0.0/8")
    return found


def tags(text: str) -> tuple[str, ...]:
    """Return the tags of a list with commas between them, the same in any case, each once."""
    found = tuple(dict.fromkeys(" ".join(part.split()).casefold() for part in text.split(",") if part.strip()))
    if len(found) > 20 or any(len(tag) > 40 for tag in found):
        raise ValueError("must be at most 20 tags of tenants, of 40 characters each, with commas between them")
    return found


def ca_file(text: str) -> str:
    """Return the path of a file with certificates that can be read. OpenSSL's own words name what is wrong with it."""
    try:
        ssl.create_default_context().load_verify_locations(text)
    except ssl.SSLError:
        raise ValueError("must be a file of certificates in PEM (-----BEGIN CERTIFICATE-----)") from None
    except OSError as e:
        raise ValueError(f"must be a file that can be read: {(e.strerror or 'it cannot').lower()}") from None
    return text


def log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError("must be text or json")
    return text


def secret_key(text: str) -> str:
    if len(text) < 16:
        raise ValueError("must be at least 16 random characters")
    return text


def optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: parse(text) if text else ""
