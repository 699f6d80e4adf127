"""`tenantkeep rollout` and `standard roll-out`: what is planned as a document, and the refusals of the browser."""

import json

import pytest
from click.testing import CliRunner

import config
from db.audit.audit import SYSTEM
from db.models import Restore, RollOut
from db.rollouts import rollout_tenants, rollouts
from db.standards import adoptions
from db.states import Ring, RollOutState, RollOutTenantState
from tests.support.restore_steps import as_previewed
from tests.support.rolled_out import make_standard, make_version
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def told(*words):
    found = CliRunner().invoke(cli, [*words, "--json"])
    return json.loads(found.output) if found.exception is None else str(found.exception)


def test_a_roll_out_by_commands(cast, redis_url, monkeypatch):
    standard = make_standard()
    make_version(standard)
    adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    assert "There is no standard “None”" in told("standard", "roll-out", "None", "pilot")
    assert "has no version 4" in told("standard", "roll-out", "Baseline", "pilot", "--version", "4")
    assert "No tenant follows" in told("standard", "roll-out", "Baseline", "early", "--early", "because")
    number = told("standard", "roll-out", "Baseline", "pilot")["id"]
    rollout = RollOut.get_by_id(number)
    [part] = rollout_tenants.all_of(rollout)
    restore = Restore.create(tenant=cast.contoso, source_directory_id="s", source_name="s", options={})
    rollout_tenants.move(
        part, [RollOutTenantState.WAITING], RollOutTenantState.PREVIEWED, restore=as_previewed(restore),
        counts={"create": 3},
    )  # fmt: skip
    rollouts.move(rollout, [RollOutState.PREVIEWING], RollOutState.PREVIEWED)
    shown = told("rollout", "show", str(number))
    assert (shown["planned"], shown["tenants"][0]["counts"]) == (1, {"create": 3})
    assert "Contoso: previewed. 3 create" in CliRunner().invoke(cli, ["rollout", "show", str(number)]).output
    confirm = ("rollout", "confirm", str(number), "--reason", "CAB 1", "--tenants")
    assert "by a second person" in told(*confirm, "1")
    monkeypatch.setenv("TENANTKEEP_ROLLOUT_FOUR_EYES", "off")
    config.settings.cache_clear()
    assert "say how many tenants have a plan: 1" in told(*confirm, "2")
    for act in ("object", "take-back", "object", "override"):
        reason = () if act == "take-back" else ("--reason", "a freeze")
        [row] = told("rollout", act, str(number), "Contoso", *reason)["tenants"]
        assert row["state"] == ("objected" if act == "object" else "previewed"), act
    assert (row["objection"], row["overridden_reason"]) == ("a freeze", "a freeze")
    assert "Fabrikam is no part of" in told("rollout", "object", str(number), "Fabrikam", "--reason", "x")
    assert told(*confirm, "1")["state"] == "running"
    for act, state in (("pause", "paused"), ("go-on", "running")):
        assert told("rollout", act, str(number))["state"] == state
    assert told("rollout", "stop", str(number), "--reason", "INC-1")["state"] == "stopped"
    assert told("rollout", "take-up", str(number))["state"] == "previewing"
    assert told("rollout", "stop", str(number), "--reason", "INC-1")["state"] == "stopped"
    assert "Nothing was written by it" in told("rollout", "roll-back", str(number), "--reason", "INC-1")
    assert [row["id"] for row in told("rollout", "list")] == [number]
    assert "There is no roll-out 99" in told("rollout", "show", "99")
