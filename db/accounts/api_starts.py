"""Starts that programs gave a key: each is done once, and answered the same again for a day.

The answer is saved in the transaction that does the act, so that a crash leaves both or neither. Of several requests
with one key, the others wait until the first one's transaction has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db.clock import utcnow
from db.database import Condition, transaction
from db.errors import Invalid
from db.models import ApiStart

KEPT = timedelta(hours=24)


class KeyReused(Invalid):
    """The key stands for another request."""


@dataclass(frozen=True)
class StartAnswer:
    """The answer to a start. `status` None: as its route has it; `location`: the address of what it started."""

    status: int | None
    body: Any
    location: str | None


@transaction
def answer_once(token_id: int, key: str, request_mark: str, act: Callable[[], StartAnswer]) -> StartAnswer:
    """Return what `act` answers, or what it answered when the key came first. Raises KeyReused, and whatever it does.

    An error of `act` takes the whole back: the key is as if it had never come.
    """
    is_it = (ApiStart.token == token_id) & (ApiStart.key == key)
    ApiStart.delete().where(is_it & _is_old()).execute()
    if not _take_key(token_id, key, request_mark):
        known = ApiStart.get(is_it)
        if known.request_mark != request_mark:
            raise KeyReused("This Idempotency-Key came before with another request. Give each start a key of its own.")
        return StartAnswer(known.status, known.body, known.location)
    answer = act()
    ApiStart.update(status=answer.status, body=answer.body, location=answer.location).where(is_it).execute()
    return answer


def _take_key(token_id: int, key: str, request_mark: str) -> bool:
    row = {"token": token_id, "key": key, "request_mark": request_mark, "made_at": utcnow()}
    # PostgreSQL waits here for another transaction that has the key, and SQLite has let it end before.
    return bool(list(ApiStart.insert(row).on_conflict_ignore().returning(ApiStart.id).tuples().execute()))


def _is_old() -> Condition:
    return ApiStart.made_at < utcnow() - KEPT
