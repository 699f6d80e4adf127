"""`tenantkeep readiness`: the newest report, with exactly these fields."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from db.clock import utcnow
from db.database import database as handle
from db.models import Policy, ReadinessReport, Run, Tenant
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
    assert "50 % would come back by itself" in text
    assert f"As of {utcnow():%Y-%m-%d}" in text
    assert policies[0].name in text
    assert "\x1b" not in text
    assert "more than a week" not in text
    handle.connect()
    ReadinessReport.update(share=0.9999).execute()
    handle.close()
    assert "99 % would come back by itself" in printed(), "never all, while one would not"
    handle.connect()
    Policy.update(last_captured_at=utcnow() - timedelta(days=9)).execute()
    handle.close()
    assert f"No backup has read {len(policies)} of them for more than a week" in printed()
    handle.connect()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_tenant_that_cannot_be_judged_is_a_clear_error_and_nothing_has_no_share(cast, redis_url):
    nothing, off = cast.contoso, cast.fabrikam
    run = Run.create(tenant=nothing, kind="readiness.assess", state="succeeded", dedupe_key="x")
    reports.save(run, [], 1.0, 0)
    Tenant.update(is_active=False).where(Tenant.id == off.id).execute()
    handle.close()

    def printed(*arguments):
        done = CliRunner().invoke(cli, ["readiness", *arguments])
        handle.close()
        return done.exit_code, done.output or str(done.exception)

    code, text = printed("Contoso", "--json")
    empty = {"share": None, "counts": {"by_itself": 0, "by_hand": 0, "not": 0}, "seconds": 0, "items": []}
    assert (code, json.loads(text)) == (0, empty), "all of nothing is no success"
    assert "There is nothing to judge" in printed("Contoso")[1]
    for tenant, why in (("Nobody", "There is no tenant"), ("Fabrikam", "Fabrikam is switched off")):
        code, text = printed(tenant, "--json")
        assert code == 1, text
        assert why in text
    handle.connect()
