"""Addresses of our own: links to pages, and where a form may lead back to."""

from urllib.parse import urlsplit

from flask import url_for
from markupsafe import Markup


def link(endpoint: str, label: object, **values: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **values), label)  # type: ignore[arg-type]


def safe_redirect_path(address: str | None) -> str:
    """Return the address if it is a path of ours; "" for one that could lead to another site."""
    if address is None or not address.isprintable():
        return ""
    try:
        parts = urlsplit(address.replace("\\", "/"))
    except ValueError:
        return ""
    # Browsers read `///host` as `//host`, and a backslash as a slash.
    is_path = address.startswith("/") and address[1:2] not in ("/", "\\")
    return address if is_path and not parts.scheme and not parts.netloc else ""
