"""Fingerprints of contents, equal when nothing has changed that a person would call a change."""

import hashlib
from typing import Any

from graph.content.normalise import canonical_json, normalise, normalise_assignments
from graph.content.odata import strip_annotations
from graph.policy_types.policy_type import PolicyType


def fingerprint(policy_type: PolicyType, content: Any) -> str:
    """Return the SHA-256 of the normalised content, in hex."""
    return _sha256(normalise(policy_type, content))


def assignments_fingerprint(assignments: Any) -> str:
    """Return the SHA-256 of the normalised assignments alone, to compare a list's with those that were read."""
    return _sha256(normalise_assignments(strip_annotations(assignments)))


def fingerprints(policy_type: PolicyType, content: dict[str, Any]) -> tuple[str, str]:
    """Return the `fingerprint` of a content without annotations, and the `assignments_fingerprint`, from one walk."""
    normalised = normalise(policy_type, content)
    return _sha256(normalised), _sha256(normalised["assignments"])


def content_hash(content: Any) -> str:
    """Return the SHA-256 of the content as it is: it proves that a file is the one that was downloaded.

    The fingerprint cannot prove that: what it calls equal changes between versions.
    """
    return _sha256(content)


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
