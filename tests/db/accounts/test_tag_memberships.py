"""Roles by tag: who has which, where, and since when."""

from datetime import timedelta

import pytest

from db.accounts import entra_grants, tag_memberships, users
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, TagMembership, Tenant, TenantTag, User
from db.notices import rules
from db.states import Role
from db.tenants import tags

pytestmark = pytest.mark.usefixtures("lock_order")


def test_a_role_by_tag_is_that_of_all_tenants_that_have_it_and_ends_with_it(cast):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    tag_memberships.set_role(cast.sam, "GOLD", Role.READER, SYSTEM)
    tag_memberships.set_role(cast.rita, "gold", Role.MANAGER, SYSTEM)
    assert users.roles_by_tenant(cast.sam.id) == {cast.contoso.id: Role.READER, cast.fabrikam.id: Role.OPERATOR}
    assert users.roles_by_tenant(cast.rita.id) == {cast.contoso.id: Role.MANAGER}, "the higher of two counts"
    tag_memberships.set_role(cast.sam, "Gold", Role.MANAGER, SYSTEM)
    tags.replace(cast.fabrikam, ["gold"], SYSTEM)
    assert users.roles_by_tenant(cast.sam.id) == dict.fromkeys((cast.contoso.id, cast.fabrikam.id), Role.MANAGER)
    assert users.has_role(cast.rita, cast.fabrikam, {Role.MANAGER})
    assert rules._tenants_seen_by(cast.rita) == {cast.contoso.id, cast.fabrikam.id}
    assert tag_memberships.count_tenants(["gold", "none"]) == {"gold": 2}
    tags.replace(cast.contoso, [], SYSTEM)
    assert users.roles_by_tenant(cast.rita.id) == {cast.contoso.id: Role.READER, cast.fabrikam.id: Role.MANAGER}
    tag_memberships.remove(TagMembership.get(TagMembership.user == cast.rita), SYSTEM)
    assert users.roles_by_tenant(cast.rita.id) == {cast.contoso.id: Role.READER}
    told = [event.details for event in AuditEvent.select().where(AuditEvent.action.startswith("tag-membership"))]
    assert [(one["user"], one["tag"], one["role"]) for one in told] == [
        ("sam@example.com", "GOLD", "reader"),
        ("rita@example.com", "gold", "manager"),
        ("sam@example.com", "Gold", "manager"),
        ("rita@example.com", "gold", "manager"),
    ]


def test_members_and_subscribers_are_those_by_tag_too(cast):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    tag_memberships.set_role(cast.sam, "Gold", Role.MANAGER, SYSTEM)
    tag_memberships.set_role(cast.max, "Gold", Role.READER, SYSTEM)
    members = [(member.user.email[:3], member.role, member.tag) for member in users.members_of_tenant(cast.contoso)]
    assert members == [
        ("ada", "operator", ""),
        ("max", "manager", ""),
        ("rit", "reader", ""),
        ("sam", "manager", "Gold"),
    ]
    assert cast.sam in users.members_of_tenants([cast.contoso.id], 0, 10)
    listed = [(tenant.name, member.user.email, member.tag) for tenant, member in users.list_members(None, 20)]
    assert ("Contoso", "max@example.com", "Gold") in listed
    assert len(listed) == 6
    assert len(users.list_members(cast.contoso, 2)) == 2
    assert users.is_subscribed(cast.sam.id, cast.contoso) is False
    assert users.set_subscribed(cast.sam.id, cast.contoso, True) == ["Gold"]
    assert users.set_subscribed(cast.max.id, cast.contoso, True) == [], "a membership comes first"
    assert users.set_subscribed(cast.root.id, cast.contoso, True) is None
    assert users.subscriber_ids(cast.contoso.id) == {cast.sam.id, cast.max.id}
    subscribed = Tenant.select().where(Tenant.id.in_(users.tenants_subscribed_to(cast.sam.id)))
    assert list(subscribed) == [cast.contoso]
    assert users.set_subscribed(cast.sam.id, cast.contoso, False) == ["Gold"]
    assert users.is_subscribed(cast.sam.id, cast.contoso) is False


def test_whoever_may_tag_gives_no_rights_by_it(cast):
    manager, admin = Actor.person(cast.max, None), Actor.person(cast.root, None)
    tag_memberships.set_role(cast.max, "Gold", Role.MANAGER, SYSTEM)
    entra_grants.set_grant("Keeper.Silver", SYSTEM, tag="Silver", role=Role.READER)
    for tag in ("gold", "SILVER"):
        with pytest.raises(Invalid, match="only an admin"):
            tags.add_and_remove(cast.contoso, [tag], [], manager)
        tags.add_and_remove(cast.contoso, [tag], [], admin)
        with pytest.raises(Invalid, match="only an admin"):
            tags.replace(cast.contoso, ["north"], manager)
    assert tags.replace(cast.contoso, ["gold", "silver", "north"], manager), "other tags are theirs"
    User.update(is_active=False).where(User.id == cast.root.id).execute()
    with pytest.raises(Invalid, match="only an admin"):
        tags.replace(cast.contoso, [], admin)


def test_what_entra_gives_by_tag_counts_as_long_as_its_answer_and_stands_beside_what_was_given_by_hand(cast):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    tag_memberships.set_role(cast.sam, "Gold", Role.READER, SYSTEM)
    tag_memberships.set_role(cast.sam, "Gold", Role.MANAGER, SYSTEM, is_from_entra=True)
    for minutes, role in ((50, Role.MANAGER), (61, Role.READER)):
        User.update(entra_checked_at=utcnow() - timedelta(minutes=minutes)).where(User.id == cast.sam.id).execute()
        assert users.roles_by_tenant(cast.sam.id)[cast.contoso.id] == role


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ten_thousand_tenants_cost_one_statement(cast, database, monkeypatch):
    rows = [{"name": f"T{n}", "directory_id": f"d{n}", "client_id": "c"} for n in range(10_000)]
    for start in range(0, len(rows), 2000):
        Tenant.insert_many(rows[start : start + 2000]).execute()
    ids = [row[0] for row in Tenant.select(Tenant.id).where(Tenant.client_id == "c").tuples()]
    for start in range(0, len(ids), 2000):
        TenantTag.insert_many(
            [{"tenant": number, "name": "Gold", "folded": "gold"} for number in ids[start : start + 2000]]
        ).execute()
    tag_memberships.set_role(cast.rita, "Gold", Role.OPERATOR, SYSTEM)
    asked, execute = [], database.execute_sql
    monkeypatch.setattr(type(database), "execute_sql", lambda self, *of: asked.append(of) or execute(*of))
    assert len(users.roles_by_tenant(cast.rita.id)) == 10_001
    assert len(asked) == 1
