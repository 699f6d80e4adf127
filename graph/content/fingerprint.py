import hashlib
from typing import Any

from graph.content.normalise import canonical, normalise, normalise_assignments
from graph.content.odata import without_annotations
from graph.policy_types.policy_type import PolicyType


def fingerprint(policy_type: PolicyType, content: Any) -> str:
    """SHA-256, in hex, over the normalised content: equal when nothing a person would call a change happened."""
    return _sha256(normalise(policy_type, content))


def assignments_mark(assignments: Any) -> str:
    """SHA-256 over the normalised assignments alone: what a list shows of them against what was read."""
    return _sha256(normalise_assignments(without_annotations(assignments)))


def text_mark(content: Any) -> str:
    """SHA-256 over the content as it is: whether a file is what was downloaded, whatever we call equal by then."""
    return _sha256(content)


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
