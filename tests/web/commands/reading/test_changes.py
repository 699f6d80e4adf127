"""`tenantkeep changes`: exactly these fields, and only what was asked for."""

import json
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from db.clock import utcnow
from db.database import database as handle
from db.errors import Invalid
from db.states import ChangeState
from tests.support.changes import record_change, record_event
from web.commands import cli
from web.commands.reading.changes import parse_since


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_changes_are_printed_as_json_and_as_a_table_that_steers_no_terminal(captured, cast):
    policy = captured[0][0]
    old = record_change(policy, seen_at=utcnow() - timedelta(days=5), state=ChangeState.RECORDED)
    new = record_change(policy)
    record_change(captured[2][0])
    record_event(policy, "anna\x1b[2J@contoso.example")
    handle.close()

    def run(*arguments):
        done = CliRunner().invoke(cli, ["changes", "Contoso", *arguments], catch_exceptions=False)
        handle.close()
        return done.output

    found = json.loads(run("--json"))
    assert [change["id"] for change in found] == [new.id, old.id]
    assert list(found[0]) == [
        "id", "policy_type", "graph_id", "name", "kind", "severity", "seen_at", "by", "snapshot_before",
        "snapshot_after", "state",
    ]  # fmt: skip
    assert list(found[0]["by"][0]) == ["kind", "name", "at", "activity"]
    assert [change["id"] for change in json.loads(run("--json", "--since", "2h"))] == [new.id]
    assert [change["id"] for change in json.loads(run("--json", "--open"))] == [new.id]
    assert json.loads(run("--json", "--since", "2100-01-01")) == []
    table = run("--since", "3d")
    assert "Contoso policy 1" in table
    assert "\x1b" not in table
    assert "who did it is not known yet" in run(), "of the old one: never an empty place"
    handle.connect()


def test_a_time_is_a_day_a_time_or_how_long_ago():
    assert parse_since("2026-03-01") == datetime(2026, 3, 1)
    assert parse_since("2026-03-01T14:30:00+01:00") == datetime(2026, 3, 1, 13, 30)
    assert abs(utcnow() - timedelta(days=3) - parse_since("3d")) < timedelta(seconds=5)
    for wrong in ("yesterday", "2x", "", "999999d", "0001-01-01T00:00+14:00"):
        with pytest.raises(Invalid):
            parse_since(wrong)
