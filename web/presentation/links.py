"""Addresses of our own: links to pages, by the names of what they show, and where a form may lead back to."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from db.names import work_names
from db.names.work_names import Name, OwnWords
from web.presentation.formatters import datetime_html
from web.translation.languages import ENGLISH, current_language
from web.translation.sentences import translated


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


# What has a name -> its page, and what the page calls its number.
_PAGES = {
    work_names.RUN: ("runs.page", "run_id"),
    work_names.RESTORE: ("restores.page", "restore_id"),
    work_names.BACKUP_SET: ("backup_sets.page", "backup_set_id"),
    work_names.SNAPSHOT: ("snapshots.page", "snapshot_id"),
}


_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def name_html(name: Name) -> Markup:
    """Show a name in the reader's language, with its times, which the script shows in the reader's zone."""
    sentence = gettext(_PLACEHOLDER.sub(r"%(\1)s", name.sentence.replace("%", "%%")))
    return escape(sentence) % {key: _value_html(value) for key, value in name.values.items()}


def _value_html(value: Any) -> Any:
    if isinstance(value, Name):
        return name_html(value)
    if isinstance(value, OwnWords):
        return translated(value)
    return datetime_html(value) if isinstance(value, datetime) else value


def numbered(name: Name) -> str:
    """Return a name with its number, as plain text in the reader's language: for a title, or to be heard."""
    return f"{as_text(name)} ({translated(name.kind)} {name.number})"


def as_text(name: Name) -> str:
    """Return a name as plain text in the reader's language."""
    return str(name) if current_language() == ENGLISH else str(name_html(name).striptags())


def number_html(name: Name) -> Markup:
    """Show the number of what has a name, small: “run 41”."""
    return Markup('<small class="number">{}&nbsp;{}</small>').format(translated(name.kind), name.number)


def phrase_link(name: Name) -> Markup:
    """Return a link to what the number of a name is of, around words that need no number beside them."""
    return Markup('<a href="{}">{}</a>').format(page_of(name), name_html(name))


def name_link(name: Name, class_: str = "") -> Markup:
    """Return a link to what has the name, and its number beside it."""
    css = Markup(' class="{}"').format(class_) if class_ else ""
    return Markup('<a{} href="{}">{}</a> {}').format(css, page_of(name), name_html(name), number_html(name))


def page_of(name: Name) -> str:
    """Return the address of the page of what has the name."""
    endpoint, argument = _PAGES[name.kind]
    values: dict[str, Any] = {argument: name.number}
    return url_for(endpoint, **values)


# As templates call them.
OF_NAMES: dict[str, Callable[..., Any]] = {
    "name_html": name_html,
    "name_link": name_link,
    "number_html": number_html,
    "numbered": numbered,
    "phrase_link": phrase_link,
}
