"""`/documents/provider`: whose name and logo stand on documents. For admins."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for

from db.documents import provider
from db.documents.provider import MAX_LOGO_BYTES
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("document_provider", __name__, url_prefix="/documents/provider")


@pages.get("/")
@requires(Permission.ADMINISTER)
def page() -> str:
    return render_template("documents/provider.html", provider=provider.get(), max_kilobytes=MAX_LOGO_BYTES // 1024)


@pages.post("/")
@requires(Permission.ADMINISTER)
def save() -> Any:
    file = request.files.get("logo")
    logo = file.read(MAX_LOGO_BYTES + 1) if file and file.filename else None
    if request.form.get("without_logo") == "yes":
        logo = b""
    with refusals_flashed():
        provider.save(form_text("name"), logo, current_actor())
        flash("Saved. Documents made from now on bear it.", "success")
    return redirect(url_for("document_provider.page"), 303)


@pages.get("/logo")
@requires(Permission.ADMINISTER)
def logo() -> Response:
    kept = provider.get()
    if not kept.logo:
        abort(404)
    return Response(kept.logo, mimetype=kept.logo_type)
