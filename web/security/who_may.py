"""Words of a refusal: which roles may, and what the person is."""

from collections.abc import Iterable

from flask import request
from flask_login import current_user

from db.accounts import users
from db.models import Tenant
from db.states import Role, SiteRole
from web.security.permissions import EVERYWHERE, IN_TENANT, Permission

# From the one that may most to the one that may least: the order in which a person's roles are said.
_ROLES = (*reversed(Role), *reversed(SiteRole))
# Roles whose value is no word that a person reads.
_WORDS = {
    str(SiteRole.STANDARD_EDITOR): "editor of standards",
    str(SiteRole.STANDARD_APPROVER): "approver of standards",
}


def role_words(role: str | None) -> str:
    """Return a role, of a tenant or of the installation, as pages name it."""
    return _WORDS.get(str(role), str(role or ""))


def refusal_sentence(permission: Permission, tenant: Tenant | None = None, *, everywhere: bool = False) -> str:
    """Say which role a page or an act needs, and which the current user has: in the tenant, else anywhere.

    `everywhere`: it shows all tenants, so that no role of one tenant is enough.
    """
    may = roles_that_may(permission, everywhere=everywhere)
    needed, held = _join(may, "or"), _join(_held_roles(tenant), "and")
    is_page = request.method in ("GET", "HEAD")
    if held and is_page:
        return f"This page needs the role {needed}. You are: {held}."
    if held:
        return f"This needs the role {needed}. You are: {held}. Nothing was changed."
    if tenant is None:
        return f"This needs the role {needed}. You have no role yet: ask an admin for one."
    return f"This needs the role {needed} in this tenant. You have no role in it: ask an admin if you need one."


def roles_that_may(permission: Permission, *, everywhere: bool = False) -> list[str]:
    """Return the roles that hold the permission, the least first. An admin is named only where nobody else may."""
    in_tenant = [] if everywhere else [role for role in Role if permission in IN_TENANT[role]]
    others = [role for role in SiteRole if permission in EVERYWHERE[role] and role != SiteRole.ADMIN]
    return [str(role) for role in (*in_tenant, *others)] or [str(SiteRole.ADMIN)]


def _held_roles(tenant: Tenant | None) -> list[str]:
    by_tenant = users.roles_by_tenant(current_user.id)
    held = set(by_tenant.values()) if tenant is None else {by_tenant.get(tenant.id)}
    known: Iterable[str | None] = {*map(str, filter(None, held)), str(current_user.site_role)} - {str(SiteRole.NONE)}
    return [str(role) for role in _ROLES if str(role) in known]


def _join(words: list[str], last: str) -> str:
    words = [role_words(word) for word in words]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
