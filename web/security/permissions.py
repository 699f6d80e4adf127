"""The table of permissions: roles per tenant come from memberships, roles of the installation from the user."""

from enum import StrEnum

from db.states import Role, SiteRole


class Permission(StrEnum):
    """A permission that a page or an act needs; every route declares one."""

    PUBLIC = "public"
    SIGNED_IN = "session:any"
    SEE = "tenant:see"
    OPERATE = "tenant:operate"
    MANAGE = "tenant:manage"
    AUDIT = "audit:see"
    ADMINISTER = "site:administer"
    SEE_STANDARDS = "standards:see"
    EDIT_STANDARDS = "standards:edit"
    APPROVE_STANDARDS = "standards:approve"


P = Permission

IN_TENANT: dict[Role, frozenset[Permission]] = {
    Role.READER: frozenset({P.SEE, P.SEE_STANDARDS}),
    Role.OPERATOR: frozenset({P.SEE, P.OPERATE, P.SEE_STANDARDS}),
    Role.MANAGER: frozenset({P.SEE, P.OPERATE, P.MANAGE, P.AUDIT, P.SEE_STANDARDS}),
}
EVERYWHERE: dict[SiteRole, frozenset[Permission]] = {
    SiteRole.NONE: frozenset(),
    SiteRole.AUDITOR: frozenset({P.AUDIT}),
    SiteRole.STANDARD_EDITOR: frozenset({P.SEE_STANDARDS, P.EDIT_STANDARDS}),
    SiteRole.STANDARD_APPROVER: frozenset({P.SEE_STANDARDS, P.EDIT_STANDARDS, P.APPROVE_STANDARDS}),
    SiteRole.ADMIN: frozenset(
        {P.SEE, P.OPERATE, P.MANAGE, P.AUDIT, P.ADMINISTER, P.SEE_STANDARDS, P.EDIT_STANDARDS, P.APPROVE_STANDARDS}
    ),
}
# Needs no tenant: held by whoever is signed in, or by everyone.
OPEN = frozenset({P.PUBLIC, P.SIGNED_IN})
# About the whole installation, never about one tenant: a token for some tenants reaches none of it.
OF_INSTALLATION = frozenset({P.ADMINISTER, P.EDIT_STANDARDS, P.APPROVE_STANDARDS})
