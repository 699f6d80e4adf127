"""`/kept-forms/<name>`: back to a form that came too late, as it was typed. Nothing is sent by itself."""

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from web.presentation.links import safe_redirect_path
from web.security import form_refill, kept_forms
from web.security.access import requires
from web.security.attempt_limits import is_known_browser
from web.security.kept_forms import KeptForm, KeptWhy
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.views.people import refused_forms

pages = Blueprint("kept_forms", __name__, url_prefix="/kept-forms")

SIGN_IN_AGAIN = "You were signed out. Nothing was changed. Sign in, and the form is there as you typed it."
NOT_KEPT = "You were signed out. Nothing was changed. What you typed could not be kept: go back to copy it."
TOO_LARGE = "You were signed out. Nothing was changed. A file is not kept: sign in, and choose it again."
OPEN_TOO_LONG = "This page was open too long. Nothing was sent. Sign in now."
IS_SIGNED_OUT = "You are signed out."
SIGNED_OUT = "You were signed out. Nothing was changed. Here is what you typed."
EXPIRED = "This form expired. Nothing was changed. Here is what you typed."
SIGNED_OUT_AT_BUTTON = "You were signed out. Nothing was changed. Press the button again."
EXPIRED_AT_BUTTON = "This form expired. Nothing was changed. Press the button again."


def register(app: Flask) -> None:
    app.after_request(_fill_in)
    refused_forms.register(app)


def answer_late_form() -> Response | None:
    """Answer a form that came without a session, or with another than it was drawn for; None where it is none of ours.

    To the sign-in, or to the form itself for who is signed in again meanwhile.
    """
    is_signed_in = current_user.is_authenticated
    owner = kept_forms.find_owner()
    if owner is None:
        return None
    if request.endpoint == "sign_in.leave":
        return None if is_signed_in else _to_sign_in(IS_SIGNED_OUT, "")
    name = kept_forms.keep(owner, KeptWhy.EXPIRED if is_signed_in else KeptWhy.SIGNED_OUT)
    following = url_for("kept_forms.page", name=name) if name else owner.page
    if not is_signed_in:
        return _to_sign_in(SIGN_IN_AGAIN if name else NOT_KEPT, following)
    if owner.user_id != current_user.id:
        page = render_template("kept_forms/of_another.html", following=following if name else "")
        return Response(page, 409, mimetype="text/html")
    return redirect(following, 303) if name else None


def answer_large_form() -> Response | None:
    """Answer what is too large for somebody who is signed out; None for who is signed in."""
    if current_user.is_authenticated or request.method != "POST":
        return None
    # A stranger is told no more than that it is too large.
    if not is_known_browser() and "_user_id" not in session:
        return None
    from_page = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return _to_sign_in(TOO_LARGE, safe_redirect_path(from_page))


def _to_sign_in(sentence: str, following: str) -> Response:
    flash(sentence, "warning")
    return redirect(url_for("sign_in.sign_in", next=following or None), 303)


@pages.get("/<name>")
@requires(Permission.SIGNED_IN)
def page(name: str) -> Any:
    """Lead to the page with the form. Where that is no more, show what was typed, to be copied."""
    kept = kept_forms.find(name)
    if kept and not request.args.get("show"):
        return redirect(kept_forms.address_of(kept.page, name), 303)
    return render_template("kept_forms/page.html", kept=kept, sentence=_sentence(kept, is_typed=True) if kept else "")


def _sentence(kept: KeptForm, *, is_typed: bool) -> str:
    was_signed_out = kept.why == KeptWhy.SIGNED_OUT
    if is_typed:
        sentence = SIGNED_OUT if was_signed_out else EXPIRED
    else:
        sentence = SIGNED_OUT_AT_BUTTON if was_signed_out else EXPIRED_AT_BUTTON
    return f"{sentence} {refused_forms.PARTIAL}" if kept.is_partial else sentence


def _fill_in(response: Response) -> Response:
    """Fill the form of a page in that is asked for with what was kept."""
    name = request.args.get("kept", "") if request.method == "GET" else ""
    if not name or request.endpoint == "kept_forms.page" or response.mimetype != "text/html":
        return response
    kept = kept_forms.find(name)
    if kept is None or response.is_streamed:
        return response
    if kept.why == KeptWhy.REFUSED:
        return refused_forms.fill_in(response, kept)
    found = form_refill.refill(response.get_data(as_text=True), kept.path, kept.fields, request.path)
    if found is None or response.status_code != 200:
        return redirect(url_for("kept_forms.page", name=name, show="list"), 303)
    sentence = translated(_sentence(kept, is_typed=found.filled > 0))
    note = Markup('<div class="alert alert-warning">{}</div>').format(sentence)
    response.set_data(found.page.replace(refused_forms.BOX, refused_forms.BOX + note, 1))
    return response
