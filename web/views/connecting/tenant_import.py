"""`/tenants/connect/import`: many tenants from a CSV file: looked at line by line first, then imported. For admins."""

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from actors.connecting import tenant_import
from actors.facade.csv_rows import csv_row
from db.clock import utcnow
from db.errors import Invalid
from web.security.access import current_actor, requires
from web.security.permissions import Permission
from web.views.connecting.links import link_address

pages = Blueprint("tenant_import", __name__, url_prefix="/tenants/connect/import")

# All lines that can be imported are; only so many of either sort are shown.
SHOWN = 200


@pages.get("")
@requires(Permission.ADMINISTER)
def page() -> str:
    return render_template("connecting/import.html")


@pages.post("")
@requires(Permission.ADMINISTER)
def look() -> Any:
    """Show the verdict on every line. Nothing is written."""
    file = request.files.get("file")
    try:
        lines = tenant_import.read_file(file.read() if file else b"")
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/import.html"), 400
    good, bad = ([line for line in lines if bool(line.problem) == is_bad] for is_bad in (False, True))
    text = tenant_import.as_file(good)
    return render_template("connecting/import.html", good=good, bad=bad, text=text, shown=SHOWN)


@pages.post("/go")
@requires(Permission.ADMINISTER)
def go() -> Any:
    """Import what was shown, and answer with the links: they are shown only now."""
    try:
        lines = tenant_import.read_file(request.form.get("text", "").encode())
        imported = tenant_import.import_lines(lines, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/import.html"), 400
    text = "".join(map(csv_row, tenant_import.as_rows(imported, link_address)))
    answer = Response("\ufeff" + text, mimetype="text/csv")  # without the mark, Excel takes it for another encoding
    answer.headers["Content-Disposition"] = f"attachment; filename=tenantkeep-links-{utcnow():%Y-%m-%d}.csv"
    return answer
