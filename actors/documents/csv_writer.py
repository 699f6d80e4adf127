"""Writes a document as CSV: a line for each setting, assignment and fact. A spreadsheet runs nothing of it."""

from collections.abc import Iterable, Iterator

from actors.documents.blocks import clean
from actors.documents.composing import Record
from actors.documents.language import DocumentLanguage
from actors.facade.csv_rows import csv_row

# So that Excel takes it for UTF-8.
_BYTE_ORDER_MARK = "\ufeff"
# Excel cuts a cell at 32,767 characters, and goes on in the next row.
MAX_CELL = 32_000


def csv_pieces(records: Iterable[Record], language: DocumentLanguage) -> Iterator[str]:
    """Yield the file line by line."""
    say = language.say
    columns = (say("Policy type"), say("Policy"), say("Id"), say("Part"), say("Group"), say("Name"), say("Value"))
    yield _BYTE_ORDER_MARK + _line((*columns, say("Exact value")))
    for record in records:
        about = (record.policy_type, record.policy, record.policy_id, record.part, record.group)
        yield _line((*about, record.name, record.value, record.exact))


def _line(values: Iterable[str]) -> str:
    return csv_row(clean(value)[:MAX_CELL] for value in values)
