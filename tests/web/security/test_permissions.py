"""The table of permissions: each role adds to the one below it, and no role lacks a row."""

from db.states import Role, SiteRole
from web.security.permissions import EVERYWHERE, IN_TENANT, OF_INSTALLATION, OPEN, Permission


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


def test_an_approver_of_standards_adds_to_an_editor_and_neither_sees_what_a_tenant_holds():
    editor, approver = EVERYWHERE[SiteRole.STANDARD_EDITOR], EVERYWHERE[SiteRole.STANDARD_APPROVER]
    assert editor < approver
    assert not approver & {Permission.SEE, Permission.OPERATE, Permission.MANAGE, Permission.AUDIT}


def test_no_role_of_a_tenant_administers_the_installation():
    assert all(not permissions & OF_INSTALLATION for permissions in IN_TENANT.values())
