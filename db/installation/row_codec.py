"""Rows of the tables that an export holds, as lines of JSON and back, on either engine.

Every table of db/models.py is exported unless it is named here, so that one added later is not forgotten.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

import peewee as pw

from db.encryption import keyring
from db.installation import key_rotation
from db.models import (
    TABLES,
    ApiStart,
    AssignmentLookUp,
    AuditCheck,
    ConsentRequest,
    DefinitionSource,
    Delivery,
    DocumentChunk,
    DocumentProvider,
    EntraToken,
    Heartbeat,
    KnownSetting,
    Lease,
    Listing,
    Manifest,
    Notice,
    Occurrence,
    Policy,
    PolicyDocument,
    PolicyReference,
    PolicySetting,
    PolicyTarget,
    ReadinessItem,
    RunAnswer,
    Seal,
    Session,
    Setback,
    TenantReadiness,
    Upload,
    UploadChunk,
)

# Table -> why it stays behind.
LEFT_OUT = {
    Session: "everybody signs in again",
    ApiStart: "what programs began is begun again here",
    EntraToken: "everybody signs in again",
    Listing: "of runs under way, which end with the move",
    RunAnswer: "of runs under way, which end with the move",
    AssignmentLookUp: "of people, kept for a few days, and found again by a run",
    Upload: "of runs under way, which end with the move",
    UploadChunk: "of runs under way, which end with the move",
    PolicyDocument: "it is made again from what travels",
    DocumentChunk: "it is made again from what travels",
    AuditCheck: "the log is checked again from its beginning",
    Lease: "of processes that run here",
    Heartbeat: "of processes that run here",
    Setback: "of the scheduler that runs here",
    Occurrence: "what is to be told is told from here",
    Delivery: "what is to be told is told from here",
    Notice: "what is to be told is told from here",
    DefinitionSource: "each tenant is asked for words from here",
    TenantReadiness: "each tenant is judged from here",
    ReadinessItem: "each tenant is judged from here",
    ConsentRequest: "links lead to the installation that made them",
    Seal: "the word sealed with this installation's own keys",
    KnownSetting: "the index is made anew from the contents",
    PolicySetting: "the index is made anew from the contents",
    PolicyTarget: "the index is made anew from the contents",
    PolicyReference: "the index is made anew from the contents",
}
EXPORTED_TABLES = tuple(model for model in TABLES if model not in LEFT_OUT)

# Sealed with this installation's keys: opened to travel, and sealed with the other's keys where it arrives.
SEALED_FIELDS = {sealed.field: sealed.owner for sealed in key_rotation.SEALED_FIELDS if sealed.model in EXPORTED_TABLES}
# Binary, and no secret.
NOT_SEALED = (Manifest.packed, DocumentProvider.logo)
# Where it arrives nothing is indexed yet.
FIELDS_LEFT_OUT = {Policy.index_version}

ROWS_AT_ONCE, BINARY_ROWS_AT_ONCE = 500, 50
# SQLite takes so many values in a statement; PostgreSQL, twice as many.
MAX_VALUES = 30_000

# Field -> value.
Row = Mapping[str, Any]


def fields(model: Any, but: Set[pw.Field] = frozenset()) -> list[pw.Field]:
    return [field for field in model._meta.sorted_fields if field not in FIELDS_LEFT_OUT and field not in but]


def batch_size(model: Any) -> int:
    """Return how many rows are held in memory at once: contents can be large."""
    is_binary = any(isinstance(field, pw.BlobField) for field in fields(model))
    return BINARY_ROWS_AT_ONCE if is_binary else min(ROWS_AT_ONCE, MAX_VALUES // len(fields(model)))


def iter_batches(model: Any, but: Set[pw.Field] = frozenset()) -> Iterator[list[Sequence[Any]]]:
    """Yield every row, a few at a time. psycopg2 would fetch the whole table before it gives the first row."""
    key = model._meta.primary_key
    columns = fields(model, but)
    place = columns.index(key)
    query = model.select(*columns).order_by(key).limit(batch_size(model)).tuples()
    rows = list(query)
    while rows:
        yield rows
        rows = list(query.where(key > rows[-1][place]))


def encode_row(model: Any, values: Sequence[Any], but: Set[pw.Field] = frozenset()) -> bytes:
    """Return the row as a line of JSON, its secrets opened. Raises SealError when a key is missing."""
    columns = fields(model, but)
    row = {field.name: value for field, value in zip(columns, values, strict=True)}
    encoded = [_encode_value(field, value, row) for field, value in zip(columns, values, strict=True)]
    return json.dumps(encoded, separators=(",", ":")).encode() + b"\n"


def _encode_value(field: pw.Field, value: Any, row: Row) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or not isinstance(field, pw.BlobField):
        return value
    plain = keyring().unseal(value, SEALED_FIELDS[field](field.model(**row))) if field in SEALED_FIELDS else value
    return base64.b64encode(plain).decode()


def decode_row(model: Any, names: Sequence[str], values: Sequence[Any]) -> Row:
    """Return the row that `encode_row` wrote, sealed with the keys of this installation."""
    encoded = dict(zip(names, values, strict=True))
    return {name: _decode_value(model._meta.fields[name], value, encoded) for name, value in encoded.items()}


def _decode_value(field: pw.Field, value: Any, row: Row) -> Any:
    if value is None:
        return None
    if isinstance(field, pw.DateTimeField):
        return datetime.fromisoformat(value)
    if not isinstance(field, pw.BlobField):
        return value
    plain = base64.b64decode(value)
    return keyring().seal(plain, SEALED_FIELDS[field](field.model(**row))) if field in SEALED_FIELDS else plain
