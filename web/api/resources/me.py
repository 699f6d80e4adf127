"""`/me` and `/openapi.json`: what a token is, and what can be done with it."""

from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user

from db.tenants import tenants
from web.api import openapi
from web.api.endpoints import endpoint
from web.api.representations import people
from web.api.representations.people import MeJson
from web.security import token_limits
from web.security.access import roles_by_tenant
from web.security.permissions import Permission

routes = Blueprint("me", __name__)


@routes.get("/me")
@endpoint(Permission.SIGNED_IN, None, returns=MeJson)
def get_me() -> MeJson:
    """Show the token, the person behind it, and where it is good for what."""
    roles = roles_by_tenant()
    found = tenants.by_name(token_limits.within_limits(list(roles)))
    return people.me(current_user, current_user.token, roles, found)


@routes.get("/openapi.json")
@endpoint(Permission.SIGNED_IN, None, returns=dict[str, Any], has_etag=True)
def get_openapi() -> dict[str, Any]:
    """Describe the API, as OpenAPI 3.1."""
    return openapi.document(current_app)
