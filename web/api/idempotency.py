"""`Idempotency-Key`: a start that is asked for again, because its answer got lost, is not done again."""

import hashlib
import re
from collections.abc import Callable

from flask import request
from flask_login import current_user

from actors.queue import enqueue
from db.accounts import api_starts
from db.accounts.api_starts import KeyReused, StartAnswer
from web.api.endpoints import ApiAnswer
from web.api.problems import FieldError, ProblemError

HEADER = "Idempotency-Key"
TAKES = {HEADER: "A word of the program's own, 1 to 200 characters, that stands for this very start for 24 hours."}
_KEY = re.compile(r"[!-~]{1,200}")


def once(act: Callable[[], ApiAnswer]) -> ApiAnswer:
    """Return what `act` answers; with a key that came before, what it answered then.

    Permissions are checked before, outside: what `act` does is one transaction, and a refusal in it leaves nothing.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    if not _KEY.fullmatch(key):
        wrong = FieldError(field=HEADER, message="It has 1 to 200 characters: letters, digits and signs, no spaces.")
        raise ProblemError(400, "The idempotency key is none.", [wrong])
    try:
        with enqueue.held_back() as waiting:

            def act_anew() -> StartAnswer:
                waiting.clear()  # of a try that a deadlock took back
                answer = act()
                return StartAnswer(answer.status, answer.document, answer.headers.get("Location"))

            saved = api_starts.answer_once(current_user.token.id, key, _request_mark(), act_anew)
    except KeyReused as e:
        raise ProblemError(422, str(e)) from e
    return ApiAnswer(saved.body, {"Location": saved.location} if saved.location else {}, saved.status)


def _request_mark() -> str:
    """Return the fingerprint of what is asked for: the method, the address and the body."""
    asked = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    return hashlib.sha256(asked).hexdigest()
