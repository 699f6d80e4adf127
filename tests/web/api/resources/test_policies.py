"""Policies and snapshots: narrowed, paged, and with nothing in them that pages would not show."""

from db.audit.audit import Actor
from db.models import Policy
from db.states import PolicyState
from tests.support.captures import capture_by_hand


def test_a_policys_snapshots_and_their_contents_are_shown_with_secrets_masked(cast, api):
    policy = Policy.get(Policy.tenant == cast.contoso)
    actor = Actor.person(cast.ada, None)
    _, bare = capture_by_hand(policy, actor, {"name": "Wi-Fi", "settings": []}, [], {})
    _, secret = capture_by_hand(policy, actor, {"name": "Wi-Fi", "password": "hush", "settings": []}, [], {})
    program = api(cast.rita)
    document = program.get(f"/policies/{policy.id}").json
    assert (document["snapshots"], document["is_changed"], document["tenant"]["name"]) == (2, False, "Contoso")
    first = program.get(f"/policies/{policy.id}/snapshots?limit=1").json
    assert [row["id"] for row in first["items"]] == [secret.id]
    assert [row["id"] for row in program.get(first["next"]).json["items"]] == [bare.id]
    masked, plain = (program.get(f"/snapshots/{row.id}/content").json for row in (secret, bare))
    assert (masked["masked"], masked["fingerprint"]) == (1, None)
    assert "hush" not in str(masked)
    assert (plain["masked"], plain["fingerprint"]) == (0, bare.content.fingerprint)
    assert plain["document"]["body"]["name"] == "Wi-Fi"
    assert program.get(f"/snapshots/{bare.id}").json["captured_at"].endswith("Z")


def test_policies_are_narrowed_by_type_and_state(cast, api):
    gone = Policy.get(Policy.tenant == cast.contoso)
    Policy.update(state=PolicyState.GONE, policy_type="deviceConfigurations").where(Policy.id == gone.id).execute()
    program = api(cast.ada)
    for query, count in (("", 2), ("?state=gone", 1), ("?policy_type=configurationPolicies&state=present", 1)):
        assert len(program.get(f"/tenants/{cast.contoso.id}/policies{query}").json["items"]) == count, query
    assert program.get(f"/tenants/{cast.contoso.id}/policies?state=lost").status_code == 400
