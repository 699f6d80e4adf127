"""The tenant's page asks for the accounts that Conditional Access must never lock out, until somebody answers."""

from db.clock import utcnow
from db.models import AuditEvent, Policy, Tenant
from db.tenants import backup_health
from tests.support.forms import csrf_token

ASKED = "No emergency (break-glass) accounts are named"


def test_emergency_accounts_are_asked_for_until_they_are_named_or_said_not_to_be_there(client, sign_in, cast, captured):
    policy, run, _ = captured[0]
    address, item = f"/tenants/{cast.contoso.id}", run.items.get()
    sign_in(client, cast.max)
    assert ASKED not in client.get(address).get_data(as_text=True)
    ca = {"policy_type": backup_health.CONDITIONAL_ACCESS}
    Policy.update(last_captured_at=utcnow(), **ca).where(Policy.id == policy.id).execute()
    type(item).update(ca).where(type(item).id == item.id).execute()
    for page in (address, "/"):
        assert ASKED in client.get(page).get_data(as_text=True), page
    assert "no emergency (break-glass) accounts are named" in client.get(f"/runs/{run.id}").get_data(as_text=True)
    token = {"csrf_token": csrf_token(client, address)}
    client.post(f"{address}/no-emergency-accounts", data=token)
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).get().action == "tenant:changed"
    for page in (address, "/"):
        assert ASKED not in client.get(page).get_data(as_text=True), page
    named = {"four_eyes": "no", "break_glass": "user 5f3759df-0000-4000-8000-000000000001 Break glass"} | token
    client.post(f"{address}/restore-rules", data=named)
    assert not Tenant.get_by_id(cast.contoso.id).has_no_break_glass, "named once, they are asked for again"
