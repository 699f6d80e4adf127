"""Multi Admin Approval: with the flag `approval`, a second admin has to allow writes to Intune, or to what it names.

learn.microsoft.com, Use Multi Admin Approval with Microsoft Graph: the first call is refused with a code, the same call
with that code is carried out once it was approved.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, intune_error, not_found
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, guid

JUSTIFICATION, CODE = "x-msft-approval-justification", "x-msft-approval-code"
STATUSES = ("needsApproval", "approved", "rejected", "cancelled", "expired", "completed")
LIFETIME = timedelta(days=3)
LONGEST_REASON = 1024
_SHOWN = ("id", "status", "requestJustification", "requestDateTime", "expirationDateTime")


def gate(call: Call, body: Any, headers: Mapping[str, str]) -> str | None:
    """The code of the approval that this write uses; None where it needs none. Raises Refused."""
    protected = call.tenant.flags.get("approval")
    if not protected or not call.path.startswith("device"):
        return None
    if isinstance(protected, list) and call.path not in protected:
        return None
    write = {"method": call.method, "path": "/".join((call.path, *call.rest)), "body": body or None}
    code = headers.get(CODE)
    if code is None:
        raise Refused(_asked(call.tenant, write, headers.get(JUSTIFICATION)))
    held = call.tenant.approvals.get(code)
    if held is None or status(held) != "approved" or not _is_same(held, write):
        raise Refused(intune_error(403, "Forbidden", f"The approval {code} does not allow this request."))
    return code


def _asked(tenant: Tenant, write: Object, justification: str | None) -> Reply:
    if not justification:
        return intune_error(400, "BadRequest", f"Header '{JUSTIFICATION}' is required to request approval")
    why = _decoded(justification)
    if why is None:
        return intune_error(400, "BadRequest", f"Header '{JUSTIFICATION}' must be base64 of at most 1024 characters")
    code = next(
        (code for code, held in tenant.approvals.items() if status(held) == "needsApproval" and _is_same(held, write)),
        None,
    )
    if code is None:
        code, at = guid(), datetime.now(UTC)
        tenant.approvals[code] = {
            "id": code,
            "status": "needsApproval",
            "requestJustification": why,
            "requestDateTime": _text(at),
            "expirationDateTime": _text(at + LIFETIME),
            **write,
        }
    is_400 = tenant.flags.get("approval_status_400")
    reply = intune_error(
        400 if is_400 else 412,
        "BadRequest" if is_400 else "PreconditionFailed",
        "The request needs the approval of another administrator.",
    )
    reply.headers[CODE] = code
    return reply


def _decoded(justification: str) -> str | None:
    """Plain text is refused, and what is too long (KelvinTegelaar/CIPP; the text of Graph's answer)."""
    try:
        text = base64.b64decode(justification, validate=True).decode()
    except ValueError:
        return None
    return text if len(text) <= LONGEST_REASON else None


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_same(held: Object, write: Object) -> bool:
    return all(_canonical(held[name]) == _canonical(write[name]) for name in write)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def status(held: Object) -> str:
    if held["status"] == "needsApproval" and held["expirationDateTime"] < _text(datetime.now(UTC)):
        return "expired"
    return str(held["status"])


def complete(tenant: Tenant, code: str) -> None:
    tenant.approvals[code] = {**tenant.approvals[code], "status": "completed"}


def read(tenant: Tenant, rest: list[str]) -> Reply:
    """GET /deviceManagement/operationApprovalRequests, or one of them."""
    if not rest:
        return Reply(200, {"value": [as_read(held) for held in list(tenant.approvals.values())]})
    held = tenant.approvals.get(rest[0])
    return not_found(rest[0]) if held is None or len(rest) > 1 else Reply(200, as_read(held))


def as_read(held: Object) -> Object:
    return {**{name: held[name] for name in _SHOWN}, "status": status(held)}
