"""`/readiness` and `/tenants/{id}/readiness`: the newest report, and its policies by verdict and page by page."""

from db.models import Policy, Run
from db.readiness import reports
from db.readiness.reports import PolicyVerdict
from db.states import ReadinessVerdict

HAND, SELF = ReadinessVerdict.BY_HAND, ReadinessVerdict.BY_ITSELF


def test_the_newest_report_is_told_with_its_policies(cast, api, captured):
    policies = list(Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id))
    run = Run.create(tenant=cast.contoso, kind="readiness.assess", state="succeeded", dedupe_key="x")
    done = {policies[0].id: (HAND, "guard", "Name a break-glass account.")}
    said = [
        PolicyVerdict(policy.id, policy.policy_type, policy.name, *done.get(policy.id, (SELF, "", "")))
        for policy in policies
    ]
    reports.save(run, said, 0.5, 90)
    program = api(cast.root)
    listed = {item["tenant"]["name"]: item for item in program.get("/readiness").json["items"]}
    assert (listed["Contoso"]["share"], listed["Contoso"]["seconds"]) == (0.5, 90)
    assert listed["Contoso"]["counts"] == {"by_itself": len(policies) - 1, "by_hand": 1, "not": 0}
    assert (listed["Fabrikam"]["share"], listed["Fabrikam"]["made_at"]) == (None, None)
    reports.save(
        Run.create(tenant=cast.fabrikam, kind="readiness.assess", state="succeeded", dedupe_key="y"), [], 1.0, 0
    )
    told = program.get(f"/tenants/{cast.fabrikam.id}/readiness").json
    assert told["made_at"]
    assert told["share"] is None  # of nothing
    path = f"/tenants/{cast.contoso.id}/readiness"
    [only] = program.get(f"{path}?verdict=by_hand").json["items"]
    assert (only["graph_id"], only["why"]) == (policies[0].graph_id, "Name a break-glass account.")
    first = program.get(f"{path}?limit=1").json
    assert (len(first["items"]), first["share"]) == (1, 0.5)
    assert first["next"]
    assert program.get(f"{path}?verdict=never").status_code == 400
