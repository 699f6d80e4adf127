"""A request id for each answer, and the headers that keep a browser from doing more than it should."""

import hashlib
import logging
import re
import uuid
from pathlib import Path
from typing import Any

import flask_admin
from flask import Flask, Response, current_app, g, request
from flask.sessions import SecureCookieSessionInterface

from actors.process import logs

logger = logging.getLogger(__name__)

MISSES_PUBLIC_URL = (
    "Browsers come over https, and TENANTKEEP_PUBLIC_URL is not set. Set it to the address that they use: "
    "then cookies travel over https alone, and no neighbour of its host can set them."
)
# No inline script or style anywhere: what an attacker manages to store as text stays text.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
NOTHING_OF_THE_DEVICE = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
STATIC = frozenset({"static", "admin.static"})
_REQUEST_ID = re.compile(r"[\w.-]{8,64}")


class Sessions(SecureCookieSessionInterface):
    """The session's cookie, for https alone where the request came over it, whatever the settings lack."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return is_over_https()


def is_over_https() -> bool:
    """Also by a header that no setting says to believe: whoever lies with it has a cookie that is only too strict."""
    said = request.headers.get("X-Forwarded-Proto", "").lower().split(",")  # one behind the other, each says it
    is_said = "https" in (one.strip() for one in said)
    return bool(current_app.config["SESSION_COOKIE_SECURE"] or request.is_secure or is_said)


class Utf8(Response):
    """Half a character in a policy's text, which UTF-8 has no bytes for, is shown and downloaded as JSON escapes it."""

    def set_data(self, value: bytes | str) -> None:
        super().set_data(value.encode("utf-8", "backslashreplace") if isinstance(value, str) else value)


def register(app: Flask) -> None:
    app.response_class = Utf8
    app.session_interface = Sessions()
    app.before_request(_name_request)
    app.before_request(_miss_public_url)
    app.after_request(_add_headers)
    versions = {"static": _version_of(Path(app.static_folder or "")), "admin.static": flask_admin.__version__}

    app.extensions["versions"] = versions

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        """Browsers keep a file for ever: another version of it has another address."""
        if endpoint in versions:
            values.setdefault("v", versions[endpoint])


def _version_of(folder: Path) -> str:
    """Of what the files say, so that every process of an installation has the same."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _name_request() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _miss_public_url() -> None:
    if is_over_https() and not current_app.config["SESSION_COOKIE_SECURE"]:
        logger.warning(MISSES_PUBLIC_URL, extra=logs.REPEATED)


def _add_headers(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Permissions-Policy"] = NOTHING_OF_THE_DEVICE
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint not in STATIC or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif request.args.get("v") == current_app.extensions["versions"][request.endpoint]:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
