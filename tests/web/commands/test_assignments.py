"""`tenantkeep assignments`: what each option finds, as JSON with exactly these fields, and a question without any."""

import json

import pytest
from click.testing import CliRunner

from db.database import database as handle
from db.errors import Invalid
from db.models import DirectoryName, Run
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets
from web.commands import cli

GROUP = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_assignments_are_listed_by_whom(cast, captured, redis_url):
    one, two = captured[0][0], captured[1][0]
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=GROUP, name="SG\x1b[2J")
    replace_targets([one, two], {
        one.id: TargetsOfPolicy([IndexedTarget("group", GROUP, filter_id="f", filter_mode="include")]),
        two.id: TargetsOfPolicy([IndexedTarget("nobody")]),
    })  # fmt: skip
    handle.close()

    def run(*arguments):
        done = CliRunner().invoke(cli, ["assignments", "Contoso", *arguments], catch_exceptions=False)
        handle.close()
        return done.output

    [row] = json.loads(run("--group", "sg", "--json"))
    assert list(row) == [
        "policy", "policy_type", "graph_id", "name", "target", "excluded", "place", "intent", "filter", "gone", "terms",
    ]  # fmt: skip
    assert (row["policy"], row["target"]["id"], row["filter"]["mode"]) == (one.id, GROUP, "include")
    assert [row["policy"] for row in json.loads(run("--nobody", "--json"))] == [two.id]
    assert json.loads(run("--all-users", "--json")) == []
    assert "\x1b" not in run("--group", GROUP)
    assert "Run" in run("--person", "ann@contoso.example") or Run.select().count()
    for wrong in ((), ("--gone", "--nobody"), ("--group", "no such group"), ("--person", "nobody")):
        with pytest.raises(Invalid):
            run(*wrong)
    handle.connect()
