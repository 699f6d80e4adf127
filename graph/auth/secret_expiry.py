"""Ask Graph when an app's client secret ends: Entra shows it to whoever may read app registrations.

learn.microsoft.com, passwordCredential resource type: `endDateTime`, and `hint`, the first three characters.
"""

from datetime import UTC, datetime
from typing import Any

from graph.policy_types.permissions import TO_RESTORE
from graph.transport.client import GraphClient

_PERMISSION = "Application.Read.All"
# What suffices for it, as for looking up apps.
_ACCESS = next(look_up.access for look_up in TO_RESTORE if look_up.access.ask == _PERMISSION)
_HINT_LENGTH = 3


def may_ask(roles: frozenset[str]) -> bool:
    return _ACCESS.is_granted(roles)


def find_secret_end(graph: GraphClient, client_id: str, secret: str) -> datetime | None:
    """Return when the secret ends, as naive UTC; None where that is not there, or several secrets begin alike.

    The app registration has to be in the directory that is asked. Raises GraphError.
    """
    answer = graph.get(f"/applications?$filter=appId eq '{client_id}'&$select=id,passwordCredentials")
    held = [each for app in _listed(answer.get("value")) for each in _listed(app.get("passwordCredentials"))]
    ends = [each.get("endDateTime") for each in held if each.get("hint") == secret[:_HINT_LENGTH]]
    return _parsed(ends[0]) if len(ends) == 1 else None


def _listed(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _parsed(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None
