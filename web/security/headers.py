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
from itsdangerous import URLSafeTimedSerializer

from actors.process import logs
from db import observation
from web.signatures import SkewTolerantSigner

logger = logging.getLogger(__name__)

PUBLIC_URL_IS_MISSING = (
    "Browsers come over https, and TENANTKEEP_PUBLIC_URL is not set. Set it to the address that they use: "
    "then cookies travel over https alone, and no neighbour of its host can set them."
)
# No inline script or style anywhere: what an attacker manages to store as text stays text.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
NO_DEVICE_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# What may be kept, and has to be asked for again: objects of the API, by their ETag.
REVALIDATE = "private, no-cache"
STATIC_ENDPOINTS = frozenset({"static", "admin.static"})
_REQUEST_ID = re.compile(r"[\w.-]{8,64}")


class SessionCookie(SecureCookieSessionInterface):
    """The session's cookie, which every web host takes; for https alone where the request came over it, whatever the
    settings lack.
    """

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = SkewTolerantSigner
        return serializer

    def get_cookie_secure(self, app: Flask) -> bool:
        return is_over_https()


def is_over_https() -> bool:
    """Does the browser use https? A header is believed even from no known proxy: a lie makes the liar's cookie too
    strict.
    """
    protocols = request.headers.get("X-Forwarded-Proto", "").lower().split(",")  # one behind the other, each says it
    is_https_claimed = "https" in (protocol.strip() for protocol in protocols)
    return bool(current_app.config["SESSION_COOKIE_SECURE"] or request.is_secure or is_https_claimed)


class Utf8Response(Response):
    """A response that shows half a character, which UTF-8 has no bytes for, as JSON escapes it."""

    def set_data(self, value: bytes | str) -> None:
        super().set_data(value.encode("utf-8", "backslashreplace") if isinstance(value, str) else value)


def register(app: Flask) -> None:
    app.response_class = Utf8Response
    app.session_interface = SessionCookie()
    app.before_request(_name_request)
    app.teardown_request(_forget_request)
    app.before_request(_warn_of_missing_public_url)
    app.after_request(_add_headers)
    versions = {"static": _files_version(Path(app.static_folder or "")), "admin.static": flask_admin.__version__}

    app.extensions["versions"] = versions

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        """Put the file's version into its address: browsers keep a file for ever."""
        if endpoint in versions:
            values.setdefault("v", versions[endpoint])


def _files_version(folder: Path) -> str:
    """Return a version made of the files' contents, so that every process of an installation has the same."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _name_request() -> None:
    claimed_id = request.headers.get("X-Request-Id", "")
    g.request_id = claimed_id if _REQUEST_ID.fullmatch(claimed_id) else uuid.uuid4().hex
    # For each line that is logged meanwhile, and each run that is started.
    logs.bind(request_id=g.request_id)
    observation.request_id.set(g.request_id)


def _forget_request(_error: BaseException | None) -> None:
    logs.unbind()
    observation.request_id.set(None)


def _warn_of_missing_public_url() -> None:
    if is_over_https() and not current_app.config["SESSION_COOKIE_SECURE"]:
        logger.warning(PUBLIC_URL_IS_MISSING, extra=logs.REPEATED)


def _add_headers(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Permissions-Policy"] = NO_DEVICE_PERMISSIONS
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if response.headers.get("Cache-Control") == REVALIDATE and response.status_code < 400:
        return response
    if request.endpoint not in STATIC_ENDPOINTS or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif request.args.get("v") == current_app.extensions["versions"][request.endpoint]:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
