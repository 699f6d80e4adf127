"""All routes of the API: the files of this room, below one blueprint."""

from typing import Any

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect

from db.errors import Invalid
from web.api import problems
from web.api.resources import (
    audit_events,
    backup_sets,
    changes,
    copies,
    me,
    policies,
    readiness,
    rehearsals,
    restore_acts,
    restores,
    runs,
    starts,
    tenants,
)
from web.api.standards import exceptions, following, keeping, matrix_cells, objections, rollouts, standards

RESOURCES: tuple[Any, ...] = (
    me, tenants, readiness, policies, backup_sets, runs, starts, changes, restores, restore_acts, rehearsals, copies,
    standards, following, exceptions, keeping, matrix_cells, rollouts, objections, audit_events,
)  # fmt: skip


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API to the application. It takes no cookie, so there is no request that another site could forge."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")
    for resource in RESOURCES:
        api.register_blueprint(resource.routes)
    api.register_error_handler(Invalid, problems.of_invalid)
    app.register_blueprint(api)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("api."):
            csrf.exempt(view)
