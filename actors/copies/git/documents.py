"""One policy as a file of a repository: JSON in one order, without secrets, and without what changes by itself.

It is masked as documents are, and normalised as for a comparison: a policy that did not change is a file that did not.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from actors.facade.snapshot_diff import Masking
from db.copies.signer import Signer
from db.models import Snapshot
from db.policies import snapshots
from graph.content.normalise import normalise
from graph.display import labels
from graph.policy_types.table import POLICY_TYPES

_DIGITS = 16


def policy_file(signer: Signer, directory_id: str, snapshot: Snapshot) -> bytes:
    """Return the file of a snapshot, with its policy and content at hand. Raises SealError."""
    policy, hide = snapshot.policy, Masking()
    content = hide(snapshots.with_own_id(snapshots.read_snapshot(snapshot), policy.graph_id))
    if policy.policy_type in POLICY_TYPES:
        content = normalise(POLICY_TYPES[policy.policy_type], content)
    names = labels.names_by_id(snapshot.references, were_read=snapshot.proof.get("names", "read") == "read")
    document = {
        "policyType": policy.policy_type,
        "id": policy.graph_id,
        "name": snapshot.name,
        "body": content["body"],
        "assignments": content["assignments"],
        "assignedTo": _in_words(content["assignments"], names),
        "names": {object_id: name for object_id, name in names.items() if name},
    }
    if hide.count:
        # A secret that changes has to change its file. The name of a content is keyed: nobody can try a guess by it.
        document["maskedVersion"] = signer.content_name(directory_id, snapshot.content.fingerprint)[:_DIGITS]
    return canonical(document)


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return JSON with sorted keys, two spaces a level, and a newline at its end: readable, and always the same."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=2)
    # Half a pair of UTF-16, which is no text, stays as JSON writes it: \ud83d.
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _in_words(assignments: Any, names: Mapping[str, str | None]) -> Sequence[str] | None:
    if not isinstance(assignments, list):
        return None
    readable = [each for each in assignments if isinstance(each, dict) and isinstance(each.get("target") or {}, dict)]
    return sorted(labels.assignment_label(assignment, names) for assignment in readable)
