"""`tenantkeep readiness`: the newest report, with exactly these fields."""

import json

import pytest
from click.testing import CliRunner

from db.database import database as handle
from db.models import Run
from db.readiness import reports
from db.readiness.reports import PolicyVerdict
from web.commands import cli


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_newest_report_is_printed(cast, captured, redis_url):
    policies = [policy for policy, _, _ in captured if policy.tenant == cast.contoso]
    run = Run.create(tenant=cast.contoso, kind="readiness.assess", state="succeeded", dedupe_key="x")
    hand = ("by_hand", "guard", "Name a break-glass\x1b[2J account.")
    said = [
        PolicyVerdict(policy.id, policy.policy_type, policy.name, *(hand if not number else ("by_itself", "", "")))
        for number, policy in enumerate(policies)
    ]
    reports.save(run, said, 0.5, 90)
    handle.close()

    def printed(*arguments):
        done = CliRunner().invoke(cli, ["readiness", "Contoso", *arguments], catch_exceptions=False)
        handle.close()
        return done.output

    document = json.loads(printed("--json"))
    assert list(document) == ["share", "counts", "seconds", "items"]
    assert (document["share"], document["seconds"]) == (0.5, 90)
    assert document["counts"] == {"by_itself": len(policies) - 1, "by_hand": 1, "not": 0}
    assert {tuple(item) for item in document["items"]} == {("policy_type", "graph_id", "name", "verdict", "why")}
    [item] = [item for item in document["items"] if item["verdict"] == "by_hand"]
    assert (item["graph_id"], item["policy_type"]) == (policies[0].graph_id, policies[0].policy_type)
    text = printed()
    assert "50.0% would come back by itself" in text
    assert policies[0].name in text
    assert "\x1b" not in text
    handle.connect()
