"""A form that was refused is there again as it was typed, with the refusal's sentence where it begins.

Views flash their refusal and lead back, or draw the page anew: neither has to know what was typed.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g, message_flashed, request
from flask_login import current_user
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from web.security import form_refill, kept_forms
from web.security.kept_forms import KeptForm, KeptWhy
from web.translation.sentences import translated

PARTIAL = "Passwords, codes and files are not kept: give them again."
# The box at the top of every page in which stands what was flashed, and a refusal in it.
BOX = '<div role="status" aria-live="polite">'
_FLASHED = re.compile(re.escape(BOX) + r'(?:\s*<div class="alert alert-\w+">.*?</div>)*', re.DOTALL)
_REFUSAL = re.compile(r'\s*<div class="alert alert-danger">(.*?)</div>', re.DOTALL)
# Where the browser goes to.
PLACE = "refused"


def register(app: Flask) -> None:
    message_flashed.connect(_note, app)
    app.after_request(_keep)


def _note(_app: Flask, *, category: str, **_: Any) -> None:
    if category == "danger":
        g.is_refused = True


def _keep(response: Response) -> Response:
    """Fill the form in on a page that was drawn at once, or keep it for the page that is asked for next."""
    if request.method != "POST" or not g.get("is_refused") or not current_user.is_authenticated:
        return response
    owner = kept_forms.find_owner()
    if owner is None or owner.user_id != current_user.id:
        return response
    if response.status_code == 400 and response.mimetype == "text/html" and not response.is_streamed:
        return fill_in(response, kept_forms.sent_form(owner.page, KeptWhy.REFUSED))
    if response.status_code == 303 and not urlsplit(response.location or "").netloc:
        name = kept_forms.keep(owner, KeptWhy.REFUSED)
        if name is not None:
            address = kept_forms.address_of(response.location, name)
            response.location = urlsplit(address)._replace(fragment=PLACE).geturl()
    return response


def fill_in(response: Response, kept: KeptForm) -> Response:
    """Fill the refused form in, and let it begin with the refusal. A page without that form stays as it is."""
    page = response.get_data(as_text=True)
    flashed = _FLASHED.search(page)
    refusal = _REFUSAL.search(flashed[0]) if flashed else None
    note = _note_of(refusal[1], kept) if refusal else ""
    found = form_refill.refill(page, kept.path, kept.fields, request.path, note)
    if found is not None and found.has_visible:
        response.set_data(_without(found.page, flashed, refusal))
    return response


def _without(page: str, flashed: re.Match[str] | None, refusal: re.Match[str] | None) -> str:
    """Return the page without the refusal at its top; it has none once it was shown."""
    if flashed is None or refusal is None:
        return page
    return page.replace(flashed[0], flashed[0].replace(refusal[0], "", 1), 1)


def _note_of(refusal: str, kept: KeptForm) -> str:
    """Return what the form begins with: the refusal, and what was not kept of it."""
    sentence = Markup(refusal.strip())  # noqa: S704 - a part of our own page
    if kept.is_partial:
        sentence += Markup(" ") + escape(translated(PARTIAL))
    # A page that is drawn at once has no place in its address.
    attributes = "" if request.method == "GET" else " autofocus"
    return (
        f'<div class="alert alert-danger refused" id="{PLACE}" role="alert" tabindex="-1"{attributes}>{sentence}</div>'
    )
