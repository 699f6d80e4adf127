"""An exported log proves itself, and a spoiled one is found without any database."""

import pytest

from db.audit import chain_export
from db.errors import Invalid
from db.models import AuditEvent, AuditHead
from tests.support.audit_log import without_triggers, write

# --- exported with proof -----------------------------------------------------------------------------------------


def document(first=1, last=None):
    return list(chain_export.document_lines(first, last or AuditHead.get().last_id))


def test_an_export_proves_itself_and_says_where_in_the_chain_it_belongs(database):
    write(6)
    verdict = chain_export.check_document(document(3, 5))
    assert (verdict.events, verdict.first_id, verdict.last_id, verdict.faults) == (3, 3, 5, [])
    assert verdict.previous_hash == AuditEvent.get_by_id(2).hash
    assert verdict.last_hash == AuditEvent.get_by_id(5).hash
    assert chain_export.differences_from_log(verdict) == []


def spoiled(lines):
    """Name -> the document after somebody worked on it."""
    changed = [line.replace("session", "nothing") if number == 2 else line for number, line in enumerate(lines)]
    return {
        "an event changed": changed,
        "an event left out": lines[:2] + lines[3:],
        "two events swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "cut off": lines[:-1],
        "cut short, with the old last line": [*lines[:-2], lines[-1]],
        "another last line": [*lines[:-1], lines[-1].replace('"events": 4', '"events": 5')],
        "something after it": [*lines, lines[1]],
        "another first line": [lines[0].replace("0" * 64, "1" * 64), *lines[1:]],
    }


@pytest.mark.parametrize("how", spoiled([""] * 6))
def test_a_spoiled_export_is_found_without_any_database(database, how):
    write(4)
    assert chain_export.check_document(spoiled(document())[how]).faults


@pytest.mark.parametrize("lines", [[], ["x"], ["[]"], ['{"format": "other"}'], None])
def test_what_is_no_export_is_refused_with_a_sentence(database, lines):
    write(1)
    with pytest.raises(Invalid):
        chain_export.check_document([document()[0], '{"id": "x"}'] if lines is None else lines)


def test_a_whole_chain_that_somebody_made_up_does_not_belong_here(database):
    write(3)
    verdict = chain_export.check_document(document())
    without_triggers(database)
    AuditEvent.update(hash="f" * 64).where(AuditEvent.id == 3).execute()
    assert chain_export.differences_from_log(verdict) == [
        "Event 3 of this installation has another hash than the document says."
    ]
