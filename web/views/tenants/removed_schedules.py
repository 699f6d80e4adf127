"""A schedule that was removed, for as long as that can be undone: signed, in the message that says so."""

from typing import Any

from flask import render_template
from itsdangerous import BadSignature
from markupsafe import Markup

from db.errors import Invalid
from db.models import Schedule
from db.tenants import schedules
from web.signatures import signer

UNDO_SECONDS = 15 * 60
PURPOSE = "removed schedule"


def message(schedule: Schedule) -> Markup:
    """Say that it was removed, with a button that puts it back."""
    removed = signer(PURPOSE).dumps(schedules.columns_to_put_back(schedule))
    return Markup(render_template("schedules/_removed.html", tenant=schedule.tenant, removed=removed))  # noqa: S704


def read(removed: str) -> dict[str, Any]:
    """Return what `schedules.put_back` takes. Raises Invalid when that was too long ago."""
    try:
        columns: dict[str, Any] = signer(PURPOSE).loads(removed, max_age=UNDO_SECONDS)
    except BadSignature as e:
        raise Invalid("It was removed too long ago to be undone here: add it again.") from e
    return columns
