"""Each check of `doctor`, where all is well and where it is not."""

from datetime import timedelta

import pytest

from actors.queue.broker import broker
from db.clock import utcnow
from db.installation import installation
from db.models import Heartbeat, Tenant
from web.doctor import checks
from web.doctor.checks import WARN

on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def told(check):
    return [(level, sentence) for level, _, sentence in check()]


def test_clocks_that_differ_by_more_than_a_minute_are_to_be_set(redis_url):
    assert [level for level, _, _ in checks.redis_clock()] == [True]
    for ahead, words in ((300.0, "300 s ahead of that of X"), (-61.0, "61 s behind that of X")):
        level, _, sentence = checks.clock(ahead, "X")
        assert (level, words in sentence, "Set it by NTP" in sentence) == (False, True, True)


def test_a_redis_that_would_forget_or_cannot_write_is_named(redis_url, monkeypatch):
    [(level, _)] = told(checks.redis_persistence)
    assert level is True
    for facts, expected, words in (
        ({"aof_enabled": 0}, WARN, "Set appendonly yes"),
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, False, "aof_last_write_status"),
        ({"aof_enabled": 0, "rdb_last_bgsave_status": "err"}, False, "rdb_last_bgsave_status"),
    ):
        monkeypatch.setattr(broker.client, "info", lambda _section, facts=facts: facts)
        [(level, sentence)] = told(checks.redis_persistence)
        assert (level, words in sentence) == (expected, True), facts


@on_one_engine
def test_processes_of_another_version_and_credentials_that_end_are_told_in_time(cast):
    assert told(checks.versions) == []
    now = utcnow()
    Heartbeat.create(process="a:1", kind="web", at=now, version=installation.own_version())
    assert told(checks.versions) == []
    Heartbeat.create(process="b:1", kind="worker", at=now, version="0.0.9")
    [(level, sentence)] = told(checks.versions)
    assert (level, "Processes of version 0.0.9 run beside this one" in sentence) == (WARN, True)
    Tenant.update(credential_expires_at=None).execute()
    assert told(checks.credential_end) == []
    for days, expected in ((31, True), (29.5, WARN), (2, WARN), (0.9, False), (-3, False)):
        Tenant.update(credential_expires_at=now + timedelta(days=days)).execute()
        assert [level for level, _ in told(checks.credential_end)] == [expected], days


@on_one_engine
def test_an_old_postgresql_and_one_that_cannot_keep_every_letter_are_named(cast):
    assert told(checks.postgresql) == [], "SQLite has neither a version nor an encoding to choose"
    for major, encoding, expected in (
        (15, "UTF8", [True]),
        (12, "UTF8", [WARN]),
        (15, "LATIN1", [False, True]),
    ):
        assert [level for level, _, _ in checks.judge_postgresql(major, encoding)] == expected
