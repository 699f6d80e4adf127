"""Import of an exported installation into an empty one: all of it, or nothing.

Runs that were under way end here. Whoever took them up again would repeat, perhaps beside the old installation, what
was done in a tenant after the export.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from gzip import GzipFile
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, is_lock_held
from db.errors import Invalid
from db.installation import age_file, export_file, passphrase_file, row_codec, standstill
from db.installation.export_file import ReportProgress
from db.models import IS_ACTIVE, AuditHead, AuditKey, Content, CopyStore, Run
from db.runs import claims, completion
from db.schema import row_ids

MAX_HEAD_BYTES = 64 * 1024
# What a content has instead of its sealed body until that is brought back.
NOT_BACK_YET = b""
IMPORTED = "imported"
RUN_INTERRUPTED = (
    "Tenantkeep was imported from an export that was made while this run was under way. What it had done by then is "
    "recorded here, what it did later is not. Start it again."
)


class NotEmpty(Invalid):
    """There is something in this installation already: nothing is imported."""


@dataclass(frozen=True)
class ImportResult:
    rows: int
    made_at: str
    ended_runs: int


def import_all(path: Path, passphrase: str, actor: Actor, tell: ReportProgress) -> ImportResult:
    """Import the file. Raises Invalid; then everything is as it was."""
    try:
        with path.open("rb") as file:
            return _read(file, passphrase, actor, tell)
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {e.strerror}.") from e
    except pw.OperationalError as e:
        raise Invalid(f"Nothing was imported: {_why(e)}") from e


def _read(file: BinaryIO, passphrase: str, actor: Actor, tell: ReportProgress) -> ImportResult:
    with database.atomic():
        _check_empty()
        head, lines = _open(file, passphrase)
        result = _take(head, lines, tell)
        # The old installation may live on, and has the stores until an admin takes them back here: without its claim a
        # turn is not ours.
        CopyStore.update(turn_claim=None).execute()
        audit.record(
            Action.IMPORTED,
            actor,
            "installation",
            made_at=result.made_at,
            rows=result.rows,
            ended_runs=result.ended_runs,
        )
    return result


def import_state(
    lines: GzipFile, store: str, as_of: datetime | None, actor: Actor, tell: ReportProgress
) -> ImportResult:
    """Import the lines of a state, as stores of copies have it: contents are empty until they are brought back.

    `as_of`: the time that was asked for, which the rest of the recovery goes by. Nothing goes on by itself: the old
    installation may live on. Raises Invalid; then everything is as it was.
    """
    try:
        with database.atomic():
            _check_empty()
            result = _take(read_head(lines), lines, tell)
            standstill.stand_still()
            audit.record(
                Action.RECOVERED,
                actor,
                "installation",
                store=store,
                as_of=as_of.isoformat() if as_of else None,
                made_at=result.made_at,
                rows=result.rows,
                ended_runs=result.ended_runs,
            )
    except pw.OperationalError as e:
        raise Invalid(f"Nothing was imported: {_why(e)}") from e
    return result


def _take(head: Mapping[str, Any], lines: GzipFile, tell: ReportProgress) -> ImportResult:
    _check_version(head)
    rows = _insert_all(lines, head["rows"], tell)
    return ImportResult(rows, str(head["made_at"]), _end_active_runs())


def _open(file: BinaryIO, passphrase: str) -> tuple[Mapping[str, Any], GzipFile]:
    """Return what the file says of itself, and its lines after that. Raises Invalid when this cannot be told of it."""
    if age_file.is_age(file):
        lines = GzipFile(fileobj=age_file.open_with_passphrase(file, passphrase))
        return read_head(lines), lines
    head = passphrase_file.read_head(file)
    lines = GzipFile(fileobj=passphrase_file.open_sealed(file, head, passphrase))
    return {**head.header, **json.loads(next(lines))}, lines


def read_head(lines: GzipFile) -> Mapping[str, Any]:
    """Return the first of the lines of an export. Raises Invalid when there is no export in the file."""
    try:
        head = json.loads(lines.readline(MAX_HEAD_BYTES))
        made_by = (head["version"], head["made_at"])
        if all(isinstance(text, str) for text in made_by) and isinstance(head["rows"], int) and head["migrations"]:
            return dict(head)
    except Invalid:
        raise
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        pass
    raise Invalid("What is sealed in this file is no export of Tenantkeep.")


def _check_version(header: Mapping[str, Any]) -> None:
    exported, current = header["migrations"], export_file.header()
    if exported == current["migrations"]:
        return
    made_by = f"This export was made by Tenantkeep {header['version']}"
    if set(current["migrations"]) < set(exported):
        raise Invalid(f"{made_by}, which is newer than this one ({current['version']}). Update this one first.")
    raise Invalid(
        f"{made_by}, whose database ends with {exported[-1]}; this one's ends with {current['migrations'][-1]}. "
        "Import it with that version, update to this one, and run: tenantkeep migrate"
    )


# The tables that have rows in a new installation too.
_NEVER_EMPTY = (AuditHead, AuditKey)


def _check_empty() -> None:
    # First: whoever would record an event meanwhile waits here for our end.
    untouched = AuditHead.update(last_id=0).where(AuditHead.last_id == 0).execute()
    full = [model for model in row_codec.EXPORTED_TABLES if model not in _NEVER_EMPTY and model.select().exists()]
    if full or not untouched:
        names = ", ".join(model._meta.table_name for model in full)
        raise NotEmpty(
            f"This installation is not empty: it has rows in {names}. Name a new database in TENANTKEEP_DATABASE_URL, "
            "run tenantkeep migrate, and import into that."
        )


def _insert_all(lines: GzipFile, total: int, tell: ReportProgress) -> int:
    done = 0
    for model, rows in _read_batches(lines):
        _insert(model, rows)
        done += len(rows)
        tell(done, total)
    return done


def _read_batches(lines: GzipFile) -> Iterator[tuple[Any, list[row_codec.Row]]]:
    """Yield (table, some of its rows) to the end of the file.

    After a table's last rows its ids go on as they did there.
    """
    models = {model._meta.table_name: model for model in row_codec.EXPORTED_TABLES}
    for line in lines:
        table_head = json.loads(line)
        model, names, left = models[table_head["table"]], table_head["fields"], table_head["rows"]
        while left:
            batch = islice(lines, min(left, row_codec.batch_size(model)))
            rows = [row_codec.decode_row(model, names, json.loads(row_line)) for row_line in batch]
            yield model, rows
            left -= len(rows)
        if table_head["last_id"]:
            row_ids.continue_after(model, table_head["last_id"])


def _insert(model: Any, rows: list[row_codec.Row]) -> None:
    """Insert rows. Raises Invalid for what this engine cannot hold: longer text, or, as ValueError, a NUL in it."""
    if model is AuditHead:
        # Its row is there, and held; see _check_empty.
        AuditHead.update(rows[0]).execute()
        return
    if model is AuditKey:
        # The log goes on with the keys that it has. The first one of here was used for nothing.
        rows = [row for row in rows if not AuditKey.update(row).where(AuditKey.id == row["id"]).execute()]
    if not rows:
        return
    if model is Content:
        # A state has none of their bodies.
        rows = [{"sealed": NOT_BACK_YET, **row} for row in rows]
    try:
        model.insert_many(rows).as_rowcount().execute()
    except (pw.DataError, pw.IntegrityError, ValueError) as e:
        raise Invalid(f"Nothing was imported: table {model._meta.table_name} was refused: {_first_line(e)}") from e


def _why(e: pw.OperationalError) -> str:
    if not is_lock_held(e):
        return _first_line(e)
    return "another process is writing to the database, such as another import. Wait for its end, and run this again."


def _first_line(e: Exception) -> str:
    return str(e).strip().splitlines()[0].rstrip(".") + "."


def _end_active_runs() -> int:
    """End active runs, and return how many. The workers that held them are the other installation's."""
    Run.update(claimed_by=None, heartbeat_at=None).where(IS_ACTIVE).execute()
    wholes = list(Run.select().where(IS_ACTIVE & Run.parent.is_null()))
    for run in wholes:
        if held := claims.take_claim(run.id, run.kind):
            completion.fail(held, IMPORTED, RUN_INTERRUPTED)
    return len(wholes)
