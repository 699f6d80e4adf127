"""Answers in Graph's own words: error bodies as captured from the service."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class Reply:
    status: int
    # An object; of a file, its base64.
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    # The collection in which this write made an object.
    created: str = ""


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


def no_segment(segment: str) -> Reply:
    """Decided before any permission is looked at (rknightion/graph2otel, docs/graph-api-gotchas.md)."""
    return error(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def no_route(path: str) -> Reply:
    return error(400, "BadRequest", f"No OData route exists that match template ~/singleton/navigation/{path}")


def not_allowed(path: str) -> Reply:
    return error(405, "Request_BadRequest", f"Specified HTTP method is not allowed for the request target {path}.")


class Refused(Exception):
    """A write the service does not carry out, with its answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def invalid(message: str) -> Refused:
    """The body does not fit the model."""
    return Refused(error(400, "ModelValidationFailure", message))


def bad_request(message: str) -> Refused:
    return Refused(intune_error(400, "BadRequest", message))


def malformed() -> Refused:
    """All that Conditional Access says of a body it cannot use (captured)."""
    return Refused(
        error(
            400,
            "BadRequest",
            "The server could not process the request because it is malformed or incorrect.",
        )
    )
