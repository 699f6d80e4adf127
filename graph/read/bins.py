"""The bins of a tenant: what was deleted and can be brought back with its id.

Routes: Microsoft's own package (v1.0 and beta), learn.microsoft.com policydeletableitem-list, conditionalAccessPolicy
and namedLocation restore (beta since 2025-08), directory-deleteditems-restore. Security groups of the cloud are kept
since 2025-10 (message center MC1183299). Strengths, contexts and terms of use have no bin (caPoliciesDeletableRoot has
two lists).

What nobody has shown is a switch here, with the answer that does no harm.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.content.odata import strip_annotations
from graph.content.timestamps import parse_time
from graph.errors import NotFound
from graph.policy_types import shape
from graph.policy_types.permissions import WRITE_CONDITIONAL_ACCESS, Access
from graph.policy_types.policy_type import PolicyType
from graph.read.paging import all_pages
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Request

ACCESS, LOCATIONS, GROUPS = "conditionalAccessPolicies", "namedLocations", "groups"
# Policy type -> the path of its bin.
BINS: Mapping[str, str] = {
    ACCESS: "/identity/conditionalAccess/deletedItems/policies",
    LOCATIONS: "/identity/conditionalAccess/deletedItems/namedLocations",
    GROUPS: "/directory/deletedItems",
}
# learn.microsoft.com: "Items are available in deletedItems for up to 30 days"; groups likewise.
KEPT = timedelta(days=30)
DELETED_AT = "deletedDateTime"

# --- switches ---------------------------------------------------------------------------------------------------------

# Policy types whose bin exists in the global cloud alone (learn.microsoft.com: policydeletableitem-list, national
# cloud deployments). Groups have theirs everywhere.
GLOBAL_ONLY: Collection[str] = frozenset({ACCESS, LOCATIONS})
# Whether the bin of Conditional Access is open to an app that signs in by itself: the pages contradict each other, and
# no public trace shows it. So it is asked, and what is refused is remembered for the tenant for a while.
ASKS_WITHOUT_A_PERSON = True
# The state in which a policy comes back is told nowhere. Taken for the one that it was deleted in: a policy that was on
# is taken to be on the moment it is back.
COMES_BACK_AS_IT_WAS = True
# Whether a group that can hold directory roles comes back is told nowhere: never tried.
UNDELETES_ROLE_GROUPS = False
# "App permission Group.ReadWrite.All" (learn.microsoft.com, directory-deleteditems-restore, an older page).
WRITE_ACCESS: Mapping[str, Access] = {
    ACCESS: WRITE_CONDITIONAL_ACCESS,
    LOCATIONS: WRITE_CONDITIONAL_ACCESS,
    GROUPS: Access("Group.ReadWrite.All", ("Directory.ReadWrite.All",)),
}


@dataclass(frozen=True)
class BinEntry:
    """An object as its bin shows it. `deleted_at` as Graph wrote it; `content` without it."""

    graph_id: str
    deleted_at: str
    content: dict[str, Any]

    def is_kept(self, now: datetime) -> bool:
        """Tell whether it is still kept at `now`; an entry without a readable date is believed to be."""
        deleted_at = parse_time(self.deleted_at)
        return deleted_at is None or now - deleted_at < KEPT


def has_bin(policy_type: str, cloud: str) -> bool:
    """Tell whether objects of this type may lie in a bin that is worth asking for."""
    if policy_type not in BINS or (policy_type in GLOBAL_ONLY and cloud != "global"):
        return False
    return policy_type == GROUPS or ASKS_WITHOUT_A_PERSON


def read_bin(policy_type: PolicyType, ids: Collection[str]) -> RequestSteps[dict[str, BinEntry]]:
    """Return those of the objects with these ids that lie in the bin. Raises the answer's error.

    Conditional Access is listed: it has at most a few hundred policies. Of groups there may be a hundred thousand.
    """
    wanted = {graph_id for graph_id in ids if paths.is_plain_id(graph_id)}
    if not wanted:
        return {}
    bodies: list[Any] = []
    if policy_type.key == GROUPS:
        answers = yield [_entry_path(policy_type.key, graph_id) for graph_id in sorted(wanted)]
        bodies = [answer.require_body() for answer in answers if not isinstance(answer.error, NotFound)]
    else:
        bodies = yield from all_pages(BINS[policy_type.key])
    entries = [_entry(policy_type, body) for body in bodies]
    return {entry.graph_id: entry for entry in entries if entry and entry.graph_id in wanted}


def read_entry(policy_type: PolicyType, graph_id: str) -> RequestSteps[BinEntry | None]:
    """Return one object of the bin as it is now; None when it is not there. Raises the answer's error."""
    [answer] = yield [_entry_path(policy_type.key, graph_id)]
    if isinstance(answer.error, NotFound):
        return None
    return _entry(policy_type, answer.require_body())


def _entry_path(policy_type: str, graph_id: str) -> str:
    return paths.join(BINS[policy_type], graph_id)


def _entry(policy_type: PolicyType, body: Any) -> BinEntry | None:
    """Return an entry; None for one that is damaged: it is no reason to plan nothing."""
    graph_id = body.get("id") if isinstance(body, dict) else None
    if not paths.is_plain_id(graph_id) or shape.find_problem(policy_type.key, {"body": body, "assignments": None}):
        return None
    if policy_type.key == GROUPS and not str(body.get("@odata.type") or "group").endswith("group"):
        return None
    shown = {name: value for name, value in body.items() if name != DELETED_AT}
    content = {"body": strip_annotations(shown), "assignments": None}
    return BinEntry(str(graph_id), str(body.get(DELETED_AT) or ""), content)


def restore_request(policy_type: str, graph_id: str) -> Request:
    """Return the request that brings an object back: a POST without a body."""
    return Request(f"{_entry_path(policy_type, graph_id)}/restore", "POST")


def is_restore_request(policy_type: str, request: Request) -> bool:
    path = BINS.get(policy_type)
    return path is not None and request.path.startswith(f"{path}/") and request.path.endswith("/restore")


def restored_id(answer: Mapping[str, Any] | None, graph_id: str) -> str:
    """Return the id of what came back: the answer's, which one of Microsoft's samples wraps in {"value": {…}}."""
    held = (answer or {}).get("value", answer)
    answered = held.get("id") if isinstance(held, dict) else None
    return str(answered) if paths.is_plain_id(answered) else graph_id


def why_not(policy_type: str, body: Mapping[str, Any]) -> str:
    """Return why an object of the bin is not brought back; "" when it may be."""
    if policy_type != GROUPS:
        return ""
    if body.get("isAssignableToRole") and not UNDELETES_ROLE_GROUPS:
        return "It can hold directory roles: bring it back in Entra."
    if body.get("onPremisesSyncEnabled"):
        return "It is synchronized from the local directory: bring it back there."
    is_unified = "Unified" in (body.get("groupTypes") or ())
    if body.get("mailEnabled") and not is_unified:
        return "It is mail-enabled: Microsoft keeps none of these."
    return ""
