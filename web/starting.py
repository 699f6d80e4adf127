"""The one answer to every start: a message with a link to the run, at once."""

from flask import flash, jsonify, redirect, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from actors.starting import Start
from web.access import wants_json


def answer(start: Start, back_to: str) -> Response:
    address = url_for("runs.page", run_id=start.run.id)
    if wants_json():
        response: Response = jsonify(run=start.run.id, is_new=start.is_new, url=address)
        response.status_code = 202
        return response
    tell(start)
    return redirect(back_to, 303)


def tell(start: Start) -> None:
    flash(
        Markup('{} <a class="alert-link" href="{}">View run</a>').format(
            sentence(start), url_for("runs.page", run_id=start.run.id)
        ),
        "success" if start.is_sent else "warning",
    )


def sentence(start: Start) -> str:
    if not start.is_sent:
        return f"Run {start.run.id} is recorded. The queue cannot be reached; it starts by itself when it is back."
    if not start.is_new:
        return f"Run {start.run.id} is already {start.run.state}; here it is."
    return f"Run {start.run.id} started."
