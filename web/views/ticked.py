"""What was ticked in a form: each once, and no more than its page has to tick."""

from flask import abort
from werkzeug.datastructures import MultiDict


def ticked(form: MultiDict[str, str], name: str, most: int) -> list[str]:
    """The values of a field that may be repeated, in their order. 400 for more than the page had: no page sent that."""
    found = list(dict.fromkeys(form.getlist(name)))
    if len(found) > most:
        abort(400)
    return found
