"""What a tenant's readiness page says, from nothing to a fall."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Policy, ReadinessReport, Run
from db.readiness import reports
from db.readiness.reports import PolicyVerdict

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def saved(tenant, policies, share, **reasons):
    """A report of the tenant; `reasons`: name of a policy -> (verdict, reason, why)."""
    run = Run.create(tenant=tenant, kind="readiness.assess", state="succeeded", dedupe_key="x")
    said = [
        PolicyVerdict(policy.id, policy.policy_type, policy.name, *reasons.get(policy.name, ("by_itself", "", "")))
        for policy in policies
    ]
    return reports.save(run, said, share, 90)


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.get_data(as_text=True).split())


def test_a_tenants_readiness_from_nothing_to_a_fall(client, sign_in, cast, captured):
    sign_in(client, cast.ada)
    path = f"/tenants/{cast.contoso.id}/readiness"
    assert "It was not assessed yet." in text(client, path)
    assert "not assessed yet" in text(client, "/readiness/")
    assert "Whether they could be restored is not known yet." in text(client, "/")
    policies = [policy for policy, _, _ in captured if policy.tenant == cast.contoso]
    saved(cast.contoso, policies, 1.0)
    assert "100 % of the policies would come back by themselves." in text(client, path)
    assert "All 2 policies would come back by themselves." in text(client, "/")
    hand = ("by_hand", "guard", "It applies to <b>all</b> users.")
    saved(cast.contoso, policies, 0.5, **{policies[0].name: hand})
    page = text(client, path)
    assert "50 % of the policies would come back by themselves. A full restore would take about 1 min 30 s." in page
    assert "It was 100 % before." in page
    assert "emergency (break-glass) accounts" in page
    assert "It applies to &lt;b&gt;all&lt;/b&gt; users." in page
    assert "The last 2 assessments; the newest: 50 % by itself." in page
    assert "for more than a week" not in page
    Policy.update(last_captured_at=utcnow() - timedelta(days=8)).where(Policy.tenant == cast.contoso).execute()
    assert "No backup has read 2 of them for more than a week" in text(client, path)
    narrow = text(client, f"{path}?show=by_itself")
    assert policies[1].name in narrow
    assert "applies to" not in narrow
    assert text(client, f"{path}?show=none&type=<x>&page=99&search=%00")
    saved(cast.contoso, policies, 0.499, **{policies[0].name: hand})
    saved(cast.contoso, policies, 0.498, **{policies[0].name: hand})
    assert "before." not in text(client, path).partition("A full restore")[2].partition("</p>")[0], "49 %, as before"
    saved(cast.contoso, [], 1.0)
    saved(cast.contoso, policies, 0.5, **{policies[0].name: hand})
    page = text(client, path)
    assert "It was" not in page, "nothing was judged before"
    assert "<span>100 %</span><span>50 %</span><span>0 %</span>" in page
    assert "50 %" in text(client, "/readiness/")


def test_a_figure_of_last_week_says_so_wherever_it_stands(client, sign_in, cast, captured):
    sign_in(client, cast.ada)
    policies = [policy for policy, _, _ in captured if policy.tenant == cast.contoso]
    report = saved(cast.contoso, policies, 1.0)
    path, said = f"/tenants/{cast.contoso.id}/readiness", "what has changed since is not in it. Assess it now."
    assert said not in text(client, path)
    assert 'badge-good">100' in text(client, "/readiness/")
    ReadinessReport.update(made_at=utcnow() - timedelta(days=9)).where(ReadinessReport.id == report.id).execute()
    assert said in text(client, path)
    assert 'badge-good">100' not in text(client, "/readiness/")
    line = text(client, "/").partition('id="readiness"')[2].partition("</p>")[0]
    assert "verdict-warn" in line
    assert "All 2 policies would come back by themselves." in line
    assert "last assessed more than a week ago." in line


def test_a_permission_that_is_missing_is_named_with_the_place_where_it_is_granted(client, sign_in, cast, captured):
    policies = [policy for policy, _, _ in captured if policy.tenant == cast.contoso]
    lacking = "The app registration lacks the permission DeviceManagementConfiguration.ReadWrite.All."
    saved(cast.contoso, policies, 0.0, **{policies[0].name: ("by_hand", "permission_missing", lacking)})
    place = f"/tenants/{cast.contoso.id}/connecting"
    for person, may_grant in ((cast.root, True), (cast.ada, False)):
        sign_in(client, person)
        page = (
            text(client, f"/tenants/{cast.contoso.id}/readiness").partition('id="to-do"')[2].partition("</section>")[0]
        )
        assert f"{lacking} (1)" in page
        assert (place in page) == may_grant


def test_a_deed_leads_to_where_it_is_done_for_whoever_may_do_it_there(client, sign_in, cast, captured):
    policies = [policy for policy, _, _ in captured if policy.tenant == cast.contoso]
    deeds = {policies[0].name: ("by_hand", "guard", ""), policies[1].name: ("by_hand", "unresolved", "")}
    saved(cast.contoso, policies, 0.0, **deeds)
    settings, mappings = (f"/tenants/{cast.contoso.id}/{end}" for end in ("settings#restore-rules", "mappings/"))
    for person, may_manage in ((cast.max, True), (cast.rita, False)):
        sign_in(client, person)
        page = text(client, f"/tenants/{cast.contoso.id}/readiness")
        assert (f'href="{settings}"' in page, f'href="{mappings}"' in page) == (may_manage, True)
