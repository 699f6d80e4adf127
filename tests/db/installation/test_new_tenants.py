"""What a new tenant gets by itself."""

from db.accounts import users
from db.audit.audit import SYSTEM
from db.installation import new_tenants, tenant_defaults
from db.models import AuditEvent, NewTenantDefaults, Schedule, Tenant
from db.states import Role
from db.tenants import tags, tenants

GUID = "72f988bf-86f1-41af-91ab-2d7cd011db4"
RULES = {"last": 7, "daily": 14, "weekly": 0, "monthly": 0}
GIVEN = {
    "cron": "0 2 * * *", "time_zone": "Europe/Berlin", "is_full": False, "retention": RULES, "full_every_days": 14,
    "members": {"ada@example.com": "operator", "left@example.com": "reader"}, "tags": ["gold"], "emergency_note": "SG",
}  # fmt: skip


def parts(tenant):
    return [difference.part for difference in tenant_defaults.differences(tenant)]


def test_it_is_given_all_of_it_and_a_tenant_that_was_there_says_in_what_it_differs(cast):
    bare = new_tenants.add("Bare", f"{GUID}1", f"{GUID}1", SYSTEM)
    assert not Schedule.select().exists()
    assert parts(bare) == []
    assert tenant_defaults.set_defaults(GIVEN, SYSTEM)
    assert not tenant_defaults.set_defaults(GIVEN, SYSTEM), "the same once more is no change"
    assert NewTenantDefaults.select().count() == 1
    made = Tenant.get_by_id(new_tenants.add("New", f"{GUID}2", f"{GUID}2", SYSTEM).id)
    assert [(row.tenant, row.cron, row.time_zone) for row in Schedule.select()] == [
        (made, "0 2 * * *", "Europe/Berlin")
    ]
    assert (made.retention, made.full_every_days, tags.of_tenant(made)) == (RULES, 14, ["gold"])
    assert [(one.user.email, one.role) for one in users.members_of_tenant(made)] == [("ada@example.com", "operator")]
    told = {event.action for event in AuditEvent.select().where(AuditEvent.tenant_id == made.id)}
    assert told == {
        "tenant:added", "membership:set", "schedule:set", "retention:set", "tenant:changed", "tenant:tagged",
    }  # fmt: skip
    changed = AuditEvent.get(AuditEvent.action == "tenant-defaults:set").details["changed"]
    assert set(changed) == set(tenant_defaults.COLUMNS) - {"is_full", "is_watched", "watch_minutes"}
    assert parts(bare) == ["members", "schedule", "retention", "full re-read", "tags"]


def test_it_differs_only_in_what_is_given(cast):
    tenant_defaults.set_defaults({**GIVEN, "members": {"ada@example.com": "operator"}}, SYSTEM)
    made = new_tenants.add("New", f"{GUID}2", f"{GUID}2", SYSTEM)
    assert parts(Tenant.get_by_id(made.id)) == []
    users.set_member(cast.ada, made, Role.MANAGER, SYSTEM)
    tenants.set_full_every(made, "3", SYSTEM)
    Schedule.update(is_paused=True).execute()
    assert parts(Tenant.get_by_id(made.id)) == ["members", "schedule", "full re-read"]
    nothing = dict.fromkeys(tenant_defaults.COLUMNS)
    assert tenant_defaults.set_defaults({**nothing, "is_full": False}, SYSTEM)
    assert parts(Tenant.get_by_id(made.id)) == []
