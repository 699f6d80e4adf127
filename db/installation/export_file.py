"""Export of the whole installation to a file that a passphrase opens: contents and credentials too, without our keys.

A line that says which Tenantkeep can import it and counts all rows, then for each table a line that names it, and a
line for every row; packed with gzip, then sealed with age: `age -d FILE | gunzip` reads it.
Read in one transaction, so that the picture is of one moment while the installation runs on.
"""

import json
from collections.abc import Callable, Mapping, Set
from gzip import GzipFile
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import peewee as pw

from db import migrate, private_file
from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database, is_sqlite
from db.encryption import SealError
from db.errors import Invalid
from db.installation import row_codec
from db.installation.age_file import AgeWriter
from db.schema import row_ids

MIN_PASSPHRASE_LENGTH = 12
# Contents are packed already; more effort saves little.
COMPRESSION_LEVEL = 3

# Told after some rows: how many are done, of how many.
ReportProgress = Callable[[int, int], None]


def export_all(path: Path, passphrase: str, actor: Actor, tell: ReportProgress, *, force: bool = False) -> int:
    """Write the export and return its number of rows. Raises Invalid; then the path holds what it held before."""
    if len(passphrase) < MIN_PASSPHRASE_LENGTH:
        raise Invalid(f"A passphrase needs at least {MIN_PASSPHRASE_LENGTH} characters: the file holds every secret.")
    try:
        with private_file.writing(path, force=force) as out:
            # Before anything is read: nobody takes everything along without a trace. So it is in the file as well.
            audit.record(Action.EXPORTED, actor, "installation", file=str(path))
            return _write(out, passphrase, tell)
    except SealError as e:
        raise Invalid(f"Nothing was exported. {e}") from e


def _write(out: BinaryIO, passphrase: str, tell: ReportProgress) -> int:
    sealer = AgeWriter(out, passphrase)
    with GzipFile(fileobj=sealer, mode="wb", compresslevel=COMPRESSION_LEVEL, filename="", mtime=0) as lines:
        total = write_rows(lines, tell)
    sealer.close()
    return total


def write_rows(lines: BinaryIO | GzipFile, tell: ReportProgress, but: Set[pw.Field] = frozenset()) -> int:
    """Write every row, as it was at one moment, without the fields `but`. Return how many rows there are."""
    # Deferred: SQLite's readers hold up no writer. Both kinds see what was there at their first look.
    with database.atomic("DEFERRED" if is_sqlite() else "REPEATABLE READ"):
        counts = {model: model.select().count() for model in row_codec.EXPORTED_TABLES}
        total, done = sum(counts.values()), 0
        lines.write(_line({"rows": total, **header()}))
        for model, count in counts.items():
            names = [field.name for field in row_codec.fields(model, but)]
            head = {"table": model._meta.table_name, "fields": names, "rows": count, "last_id": _last_id(model)}
            lines.write(_line(head))
            for rows in row_codec.iter_batches(model, but):
                lines.write(b"".join(row_codec.encode_row(model, row, but) for row in rows))
                done += len(rows)
                tell(done, total)
    return total


def _last_id(model: Any) -> int:
    """Return the last id of a table, so that where it arrives no row gets the id of one that was deleted here."""
    return row_ids.last_given_id(model) if row_ids.auto_numbered([model]) else 0


def header() -> dict[str, Any]:
    """Return what tells which Tenantkeep can import what follows."""
    return {"version": version("tenantkeep"), "migrations": migrate.applied(), "made_at": utcnow().isoformat()}


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"
