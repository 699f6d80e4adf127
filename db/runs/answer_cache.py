"""Graph's answers to the readings of a run, kept until their results are recorded."""

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import database
from db.encryption import keyring
from db.models import Run, RunAnswer
from db.runs import claims
from db.runs.claims import Claim
from db.sql import upserts, value_lists
from db.sql.value_lists import is_in

# (reading, mark of the path, document).
AnswerRow = tuple[str, str, Mapping[str, Any]]
ROWS_PER_STATEMENT = 200
KEY = (RunAnswer.run, RunAnswer.reading, RunAnswer.path_mark)


def save(claim: Claim, rows: Sequence[AnswerRow], *, asked_at: datetime | None = None) -> None:
    """Save answers for the parent run, whichever child is at work.

    Raises ClaimLost: a worker taken for dead may know older answers. `asked_at`: a time before any of them was asked
    for.
    """
    run, now = parent_id_of(claim.run), asked_at or utcnow()
    sealed = [
        {
            "run": run,
            "reading": reading,
            "path_mark": mark,
            "kept_at": now,
            "sealed": _seal_document(run, reading, mark, document),
        }
        for reading, mark, document in rows
    ]
    with database.atomic():
        claims.assert_claim(claim)
        for batch in value_lists.batched(sealed, ROWS_PER_STATEMENT):
            upserts.insert_or_update(RunAnswer, KEY, batch, [RunAnswer.sealed, RunAnswer.kept_at])
    claim.has_progressed = True


def load(run: Run, readings: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return reading -> path hash -> document."""
    documents: dict[str, dict[str, Any]] = {}
    for batch in value_lists.batched(readings, ROWS_PER_STATEMENT):
        for row in RunAnswer.select().where((RunAnswer.run == parent_id_of(run)) & RunAnswer.reading.in_(batch)):
            documents.setdefault(row.reading, {})[row.path_mark] = _open_document(row)
    return documents


def begin_times(run: Run, readings: Collection[str]) -> dict[str, datetime]:
    """Return reading -> when it began, for readings that have an answer."""
    times: dict[str, datetime] = {}
    for batch in value_lists.batched(readings, ROWS_PER_STATEMENT):
        rows = RunAnswer.select(RunAnswer.reading, pw.fn.MIN(RunAnswer.kept_at)).where(
            (RunAnswer.run == parent_id_of(run)) & is_in(RunAnswer.reading, batch)
        )
        times |= dict(rows.group_by(RunAnswer.reading).tuples())
    return times


def delete(run: Run, readings: Collection[str] | None = None) -> None:
    """Delete the answers of some readings, or of all of them for None."""
    is_deleted = RunAnswer.run == parent_id_of(run)
    RunAnswer.delete().where(
        is_deleted if readings is None else is_deleted & is_in(RunAnswer.reading, readings)
    ).execute()


def parent_id_of(run: Run) -> int:
    """Return the parent run's id, or the run's own without one: a child may go on from what another was answered."""
    return run.parent_id or run.id


def seal_owner(row: RunAnswer) -> str:
    return _seal_owner(row.run_id, row.reading, row.path_mark)


def _seal_owner(run_id: int, reading: str, path_mark: str) -> str:
    return f"run:{run_id}:answer:{reading}:{path_mark}"


def _seal_document(run_id: int, reading: str, path_mark: str, document: Mapping[str, Any]) -> bytes:
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return keyring().seal(zlib.compress(plain, 1), _seal_owner(run_id, reading, path_mark))


def _open_document(row: RunAnswer) -> Any:
    plain = zlib.decompress(keyring().unseal(row.sealed, seal_owner(row)))
    return json.loads(plain.decode("utf-8", "surrogatepass"))
