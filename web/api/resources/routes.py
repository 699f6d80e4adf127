"""All routes of the API: the files of this room, below one blueprint."""

from typing import Any

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect

from web.api.resources import audit_events, backup_sets, me, policies, tenants

RESOURCES: tuple[Any, ...] = (me, tenants, policies, backup_sets, audit_events)


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API to the application. It takes no cookie, so there is no request that another site could forge."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    for resource in RESOURCES:
        api.register_blueprint(resource.routes)
    app.register_blueprint(api)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("api."):
            csrf.exempt(view)
