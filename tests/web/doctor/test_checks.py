"""Each check of `doctor`, where all is well and where it is not."""

import ast
import re
from datetime import timedelta

import pytest

import config
from actors.queue.broker import broker
from db import encryption
from db.clock import utcnow
from db.definitions import definitions, sources
from db.installation import installation
from db.models import Heartbeat, SharedApp, SharedAppCredential, Tenant
from tests.support.definitions import row
from tests.support.servers import ROOT
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
    for days, expected in ((31, True), (29.5, WARN), (7.5, WARN), (6.9, False), (0.9, False), (-3, False)):
        Tenant.update(credential_expires_at=now + timedelta(days=days)).execute()
        [(level, sentence)] = told(checks.credential_end)
        assert (level, "is that of Contoso" in sentence) == (expected, True), days
    app = SharedApp.create(cloud="global", access="read", client_id="an-app-of-ours", directory_id="d")
    SharedAppCredential.create(app=app, place="current", kind="secret", sealed=b"", expires_at=now - timedelta(days=4))
    assert "is that of an-app-of-ours: it has ended" in told(checks.credential_end)[0][1]


@on_one_engine
def test_a_key_that_seals_and_is_not_given_is_named(cast):
    assert [level for level, _ in told(checks.sealed_values)] == [True]
    ours = encryption.keyring().ids[0]
    encryption.use_keys([b"9" * 32])
    try:
        [(level, sentence)] = told(checks.sealed_values)
    finally:
        encryption.use_keys(config.settings().encryption_keys)
    assert (level, f"lacks a key: {ours}" in sentence) == (False, True)


@on_one_engine
def test_files_with_secrets_that_others_may_read_are_named(database_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert told(checks.secret_files) == []
    secret, passwords, settings = tmp_path / "secret", tmp_path / "passwords", tmp_path / ".env"
    secret.write_text("s" * 32)
    passwords.write_text("*:*:*:*:p")
    settings.write_text("TENANTKEEP_SECRET_KEY=…")
    monkeypatch.setenv("TENANTKEEP_METRICS_TOKEN_FILE", str(secret))
    monkeypatch.setenv("TENANTKEEP_DATABASE_URL", f"postgresql://h/d?passfile={passwords}")
    config.settings.cache_clear()
    files = {
        secret: "TENANTKEEP_METRICS_TOKEN_FILE",
        passwords: "passfile of TENANTKEEP_DATABASE_URL",
        settings: "settings",
    }
    for file in files:
        file.chmod(0o640)
    assert [level for level, _ in told(checks.secret_files)] == [True]
    for file, whose in files.items():
        file.chmod(0o644)
        [(level, sentence)] = told(checks.secret_files)
        assert (level, f"{file.name} ({whose}, mode 0644)" in sentence) == (WARN, True)
        assert sentence.count("mode") == 1
        file.chmod(0o600)
    config.settings.cache_clear()


def test_what_it_looks_at_is_in_the_table_of_the_operators_page():
    page = (ROOT / "docs" / "operating.md").read_text().partition("### What doctor looks at")[2].partition("\n#")[0]
    documented = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    told_of = {*installation.PROCESS_KINDS, "graph", "sign-in"}
    for file in ("web/doctor/checks.py", "web/commands/doctor.py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            words = node.elts[1:2] if isinstance(node, ast.Tuple) and len(node.elts) == 3 else []
            told_of |= {word.value for word in words if isinstance(getattr(word, "value", None), str)}
    assert documented == told_of


@on_one_engine
def test_an_old_postgresql_and_one_that_cannot_keep_every_letter_are_named(cast):
    assert told(checks.postgresql) == [], "SQLite has neither a version nor an encoding to choose"
    for major, encoding, expected in (
        (15, "UTF8", [True]),
        (12, "UTF8", [WARN]),
        (15, "LATIN1", [False, True]),
    ):
        assert [level for level, _, _ in checks.judge_postgresql(major, encoding)] == expected


@on_one_engine
def test_how_many_words_are_known_and_who_refuses_them_is_told(cast, monkeypatch):
    assert told(checks.words) == [
        (True, "not asked for: TENANTKEEP_DEFINITION_LANGUAGES is none")
    ]  # fmt: skip
    monkeypatch.setenv("TENANTKEEP_DEFINITION_LANGUAGES", "de")
    config.settings.cache_clear()
    definitions.want({"a": ("a", "configuration"), "b": ("b", "configuration")}, ["en"])
    definitions.save_answers("en", [row("a", "A")], set())
    sources.mark_due(cast.contoso.id)
    sources.refuse(cast.contoso, "The permission is missing.")
    english = f"en: 1 settings known, last asked for on {utcnow():%Y-%m-%d}, 1 to be asked for"
    german = "de: 0 settings known, 0 to be asked for, 0 that Graph does not know"
    assert told(checks.words) == [
        (True, f"{english}, 0 that Graph does not know; {german}"),
        (WARN, "Contoso may not be asked for them: The permission is missing."),
    ]
    config.settings.cache_clear()
