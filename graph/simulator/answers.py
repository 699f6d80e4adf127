"""Answers in Graph's own words: error bodies as captured from the service."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class Reply:
    status: int
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, code: str, message: str, **headers: str) -> Reply:
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": str(uuid.uuid4()),
        "client-request-id": str(uuid.uuid4()),
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, named)


def intune_error(status: int, code: str, text: str) -> Reply:
    """Intune's back end: a JSON document inside the message."""
    message = {
        "_version": 3,
        "Message": f"{text} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: "
        f"{uuid.uuid4()} - Url: https://fef.simulated.manage.microsoft.com/StatelessFEService?api-version=5023-10-14",
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return error(status, code, json.dumps(message, indent=2).replace("\n", "\r\n"))


def forbidden(scopes: list[str], *, is_directory: bool) -> Reply:
    if is_directory:
        return error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    return intune_error(
        403,
        "Forbidden",
        "Application is not authorized to perform this operation. Application must have one of the following scopes: "
        + ", ".join(scopes),
    )


def not_found(what: str) -> Reply:
    return error(
        404,
        "ResourceNotFound",
        f"Resource '{what}' does not exist or one of its queried reference-property objects are not present.",
    )


def no_route(path: str) -> Reply:
    return error(400, "BadRequest", f"No OData route exists that match template ~/singleton/navigation/{path}")
