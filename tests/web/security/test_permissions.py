"""The table of permissions: each role adds to the one below it, and no role lacks a row."""

from db.states import Role, SiteRole
from web.security.permissions import EVERYWHERE, IN_TENANT, OPEN, Permission


def test_every_role_has_a_row():
    assert set(IN_TENANT) == set(Role)
    assert set(EVERYWHERE) == set(SiteRole)


def test_each_role_of_a_tenant_adds_to_the_one_below():
    assert IN_TENANT[Role.READER] < IN_TENANT[Role.OPERATOR] < IN_TENANT[Role.MANAGER]


def test_admin_of_the_installation_holds_every_permission_that_is_not_open():
    assert EVERYWHERE[SiteRole.ADMIN] == set(Permission) - OPEN


def test_auditor_sees_no_tenant_and_nobody_without_a_role_anything():
    assert EVERYWHERE[SiteRole.AUDITOR] == {Permission.AUDIT}
    assert EVERYWHERE[SiteRole.NONE] == frozenset()


def test_no_role_of_a_tenant_administers_the_installation():
    assert all(Permission.ADMINISTER not in permissions for permissions in IN_TENANT.values())
