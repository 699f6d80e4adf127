"""What the scheduler remembers of the audit log's end outside the database."""

import peewee as pw
import pytest

from actors.housekeeping import audit_head
from db.audit import chain, chain_export, daily_check
from db.models import AuditCheck, AuditEvent, AuditHead, AuditKey
from tests.support.audit_log import cut, undone, whole_log, without_triggers, write


@pytest.mark.parametrize("left", [4, 1, 0])
def test_an_end_that_was_cut_off_with_its_head_is_found_by_what_was_remembered(database, redis_url, left):
    write(5)
    [point] = audit_head.recall_and_advance() or audit_head.recall()
    assert chain.point_as_text(point) == chain.point_as_text(chain.end_of_log())
    without_triggers(database)
    cut(left)
    assert list(chain.verify()) == [], "nothing in the database says so"
    assert "cut off" in next(chain.verify([point])).sentence
    assert [fault.event_id for fault in daily_check.check_next_events(audit_head.recall_and_advance())] == [5]
    write(7)
    assert audit_head.recall_and_advance() == [point], "not forgotten while it does not hold"
    assert [fault.event_id for fault in chain.verify([point])] == [5], "others grew in its place"
    assert daily_check.last_check().faults
    audit_head.remember(chain.end_of_log())
    assert list(chain.verify(audit_head.recall_and_advance())) == [], "accepted by hand"


def test_between_two_rounds_a_cut_is_found_at_the_next_sweep_and_told_once(database, redis_url):
    write(5)
    assert daily_check.check_next_events(audit_head.recall_and_advance()) == []
    assert daily_check.check_next_events(audit_head.recall_and_advance()) == []
    without_triggers(database)
    cut(3)
    assert [
        "older copy" in fault.sentence for fault in daily_check.check_next_events(audit_head.recall_and_advance())
    ] == [True]
    assert daily_check.check_next_events(audit_head.recall_and_advance()) == []
    assert "is missing" in daily_check.last_check().first_fault


def test_junk_in_redis_is_no_point_and_ends_nothing(database, redis_url):
    write(1)
    for junk in (
        b"",
        b"1",
        b"x:y",
        b"\xff\x00",
        b"99999999999999999999:" + b"0" * 64,
        b"9999999999999999999:" + b"0" * 64,
    ):
        audit_head.locks.set(audit_head._redis_key(), junk)
        assert audit_head.recall_and_advance() == []
        assert [chain.point_as_text(one) for one in audit_head.recall()] == [chain.point_as_text(chain.end_of_log())]


# --- whatever stands where ----------------------------------------------------------------------------------------

ODD = ("'x'", "x'ff'", "-1", "9223372036854775807", "'2030-13-45'")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_sqlite_lets_stand_in_the_log_is_a_fault_or_nothing_and_ends_nobody(database, redis_url):
    write(5)
    audit_head.recall_and_advance()
    without_triggers(database)
    columns = [(model, field.column_name) for model in (AuditEvent, AuditHead, AuditCheck, AuditKey)
               for field in model._meta.sorted_fields if field.column_name != "id"]  # fmt: skip
    for (model, column), odd in ((place, odd) for place in columns for odd in ODD):
        with undone(database):
            before = whole_log()
            try:
                database.execute_sql(f"UPDATE {model._meta.table_name} SET {column} = {odd}")  # noqa: S608
            except pw.IntegrityError:
                continue
            points = [] if model is AuditKey else audit_head.recall()
            found, swept = list(chain.verify(points)), daily_check.check_next_events(points)
            daily_check.last_check(), list(chain_export.document_lines(1, 5)) if model is not AuditKey else None
            is_otherwise = model is not AuditCheck and whole_log() != before
            assert (bool(found), bool(swept) >= is_otherwise) == (is_otherwise, True), (column, odd)
