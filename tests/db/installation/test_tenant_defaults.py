"""Defaults of tags: which count, where a tenant differs, and following them again."""

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.events import watches
from db.installation import new_tenants, tenant_defaults
from db.models import AuditEvent, NewTenantDefaults, Schedule, Tenant
from db.states import Role
from db.tenants import tags

GUID = "72f988bf-86f1-41af-91ab-2d7cd011db4"
EVERYONE = {"cron": "0 2 * * *", "time_zone": "UTC", "full_every_days": 14, "tags": ["Gold"], "is_watched": False}
GOLD = {"cron": "0 4 * * *", "time_zone": "UTC", "members": {"ada@example.com": "manager"}, "is_watched": True,
        "watch_minutes": 3}  # fmt: skip
AMBER = {"cron": "0 5 * * *", "time_zone": "UTC", "retention": {"last": 7, "daily": 0, "weekly": 0, "monthly": 0}}

pytestmark = pytest.mark.usefixtures("lock_order")


@pytest.fixture
def defaults(cast):
    for columns, tag in ((EVERYONE, ""), (GOLD, "Gold"), (AMBER, "Amber")):
        assert tenant_defaults.set_defaults(columns, SYSTEM, tag)
        assert not tenant_defaults.set_defaults(columns, SYSTEM, tag.upper())
    assert tenant_defaults.tags_with_defaults() == ["Amber", "Gold"]


def told(tenant):
    return [difference.words for difference in tenant_defaults.differences(tenant)]


def test_a_new_tenant_gets_the_parts_of_its_tags_before_those_of_all(cast, defaults):
    made = Tenant.get_by_id(new_tenants.add("New", f"{GUID}1", f"{GUID}1", SYSTEM, more_tags=["amber"]).id)
    assert set(tags.of_tenant(made)) == {"amber", "Gold"}, "its own, and those that all get"
    assert [row.cron for row in Schedule.select()] == ["0 5 * * *"], "of two tags the first by name"
    assert (made.full_every_days, made.retention["last"], watches.find(made).every_minutes) == (14, 7, 3)
    assert users.roles_in_tenants(cast.ada, [made.id]) == {made.id: Role.MANAGER}
    assert told(made) == []
    other = new_tenants.add_waiting("Other", f"{GUID}2", f"{GUID}2", SYSTEM)
    assert watches.find(other).every_minutes == 3


def test_a_tag_changes_nothing_by_itself_and_following_does_once(cast, defaults):
    tags.replace(cast.contoso, ["gold"], SYSTEM)
    lacking = ["members (of the tag Gold)", "schedule (of the tag Gold)", "full re-read", "watching (of the tag Gold)"]
    assert told(Tenant.get_by_id(cast.contoso.id)) == lacking
    assert not Schedule.select().exists()
    both = tenant_defaults.differences_of([Tenant.get_by_id(cast.contoso.id), Tenant.get_by_id(cast.fabrikam.id)])
    assert [difference.part for difference in both[cast.fabrikam.id]] == ["schedule", "full re-read", "tags"]
    assert len(tenant_defaults.follow(Tenant.get_by_id(cast.contoso.id), SYSTEM)) == 4
    assert told(Tenant.get_by_id(cast.contoso.id)) == []
    Schedule.update(is_paused=True).execute()
    assert told(Tenant.get_by_id(cast.contoso.id)) == ["schedule (of the tag Gold)"]
    tenant_defaults.follow(Tenant.get_by_id(cast.contoso.id), SYSTEM)
    assert [(row.cron, row.is_paused) for row in Schedule.select()] == [("0 4 * * *", False)], "resumed, not doubled"
    assert tenant_defaults.follow(Tenant.get_by_id(cast.contoso.id), SYSTEM) == []


def test_defaults_of_a_tag_that_give_nothing_any_more_are_none(cast, defaults):
    assert tenant_defaults.set_defaults({}, SYSTEM, "gold")
    assert tenant_defaults.tags_with_defaults() == ["Amber"]
    assert tenant_defaults.set_defaults({}, SYSTEM)
    assert NewTenantDefaults.select().count() == 2
    last = AuditEvent.select().where(AuditEvent.action == "tenant-defaults:set").order_by(AuditEvent.id.desc())
    assert [event.details["tag"] for event in last.limit(2)] == [None, "gold"]
