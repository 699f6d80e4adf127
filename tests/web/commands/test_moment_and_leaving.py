"""`tenantkeep at` and `tenantkeep download --format`: how a tenant was, and a set in each other tool's format."""

import json
import zipfile
from datetime import timedelta

import pytest
from click.testing import CliRunner

from db.audit.audit import Action
from db.clock import utcnow
from db.models import AuditEvent, Policy, Snapshot
from graph.leaving.export import LeavingFormat
from tests.support.documents import captured_policies, keep_set
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def command(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_a_tenant_is_listed_as_it_was_and_a_set_is_written_for_every_other_tool(cast, tmp_path):
    now = utcnow().replace(microsecond=0)
    body = {"name": "Wi-Fi", "password": "hush~1", "settings": []}
    first = captured_policies(cast.contoso, body, {"name": "Other", "settings": []})
    Policy.update(first_seen_at=now - timedelta(hours=10), last_seen_at=now).execute()
    Snapshot.update(captured_at=now - timedelta(hours=10), confirmed_at=now - timedelta(hours=10)).execute()
    captured_policies(cast.contoso, {**body, "description": "Since then"})
    at = (now - timedelta(hours=6)).isoformat()
    done = command("at", "Contoso", at, "--json")
    rows = json.loads(done.stdout)
    assert [(row["snapshot"], row["sure"], row["same_now"]) for row in rows] == [
        (first[0].id, False, False), (first[1].id, True, True),
    ], done.output  # fmt: skip
    assert len(command("at", "Contoso", at, "--json", "--limit", 1).stdout) < len(done.stdout)
    for time, why in (("soon", "is no time"), ("2999-01-01T00:00", "yet to come")):
        assert why in str(command("at", "Contoso", time).exception)

    kept, names = keep_set(cast.contoso, first), set()
    for leaving_format in LeavingFormat:
        file = tmp_path / f"{leaving_format}.zip"
        assert command("download", kept.id, file, "--format", leaving_format).exit_code == 0
        with zipfile.ZipFile(file) as written:
            names.add(tuple(written.namelist()))
            assert b"hush" not in b"".join(map(written.read, written.namelist())), leaving_format
    assert len(names) == len(LeavingFormat), "each tool's own folders"
    events = AuditEvent.select().where(AuditEvent.action == Action.SET_DOWNLOADED)
    assert {event.details["format"] for event in events} == set(LeavingFormat)
