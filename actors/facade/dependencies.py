"""Dependencies of a policy, for pages, which know nothing of Graph: what it refers to, and which kinds name it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.facade import snapshot_diff
from db.models import Policy, Snapshot
from db.policies import policies
from db.states import PolicyState
from graph.display.labels import scope_tag_key
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import GROUPS, policy_types_of
from graph.references.references import Reference, find_references

_SCOPE_TAGS = "roleScopeTags"


@dataclass(frozen=True)
class Dependency:
    """An object that a policy refers to. `kind`: of reference, a policy type or another. `policy_id`: where the object
    is a policy that is known here. `name`: "" where nobody knows it.
    """

    kind: str
    object_id: str
    name: str
    policy_id: int | None
    is_gone: bool


def dependencies_of(snapshot: Snapshot, content: Mapping[str, Any]) -> list[Dependency]:
    """Return what a content refers to, each object once, in the content's order."""
    policy = snapshot.policy
    document = dict(content)
    found = [
        reference
        for reference in find_references(policy.policy_type, document, policy.graph_id)
        if not (reference.kind == policy.policy_type and reference.id == policy.graph_id)
    ]
    names = snapshot_diff.object_names([(snapshot, document)])
    known = policies.by_key(snapshot.tenant_id, {reference.id for reference in found})
    return list({(row.kind, row.object_id): row for row in (_of(each, known, names) for each in found)}.values())


def _of(reference: Reference, known: Mapping[tuple[str, str], Policy], names: Mapping[str, str | None]) -> Dependency:
    policy = next((known[key] for key in reference.candidates() if key in known), None)
    key = scope_tag_key(reference.id) if reference.kind == _SCOPE_TAGS else reference.id
    is_gone = policy.state == PolicyState.GONE if policy else key in names and names[key] is None
    name = (policy.name if policy else None) or names.get(key) or ""
    kind = policy.policy_type if policy else reference.kind
    return Dependency(kind, reference.id, name, policy.id if policy else None, is_gone)


def kinds_naming(policy_type: str) -> list[str]:
    """Return the kinds of reference by which other policies name one of this type."""
    families = {kind for kind in ("managedAppProtections", "networkProfiles") if policy_type in policy_types_of(kind)}
    return sorted({policy_type, *families}) if policy_type in POLICY_TYPES or policy_type == GROUPS else []
