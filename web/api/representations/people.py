"""The asker: the person, their roles, and the token that they made for a program."""

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from db.models import ApiToken, Tenant, User
from db.states import Role, Scope, SiteRole
from web.api.representations.values import Id, ReferenceJson, Time, time


class PersonJson(TypedDict):
    """The person in whose place the token acts."""

    id: Id
    email: str
    name: str
    site_role: SiteRole


class TokenJson(TypedDict):
    """The token: `tenants` (their ids) and `tags` limit it to tenants of either; both null: it is not limited."""

    id: Id
    name: str
    prefix: str
    scopes: list[Scope]
    tenants: list[Id] | None
    tags: list[str] | None
    created_at: Time
    expires_at: Time


class RoleJson(TypedDict):
    """A role of the person in a tenant that the token is good for."""

    tenant: ReferenceJson
    role: Role


class MeJson(TypedDict):
    """The token and what it can do: the rights of its person, within its scopes and tenants."""

    user: PersonJson
    token: TokenJson
    roles: list[RoleJson]


def me(user: User, row: ApiToken, roles: Mapping[int, Role], named: Sequence[Tenant]) -> MeJson:
    return {
        "user": {"id": user.id, "email": user.email, "name": user.name, "site_role": user.site_role},
        "token": token(row),
        "roles": [{"tenant": {"id": tenant.id, "name": tenant.name}, "role": roles[tenant.id]} for tenant in named],
    }


def token(row: ApiToken) -> TokenJson:
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "tenants": row.tenants,
        "tags": row.tags,
        "created_at": time(row.created_at),
        "expires_at": time(row.expires_at),
    }
