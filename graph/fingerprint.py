import hashlib
from typing import Any

from graph.normalise import canonical, normalise
from graph.policy_type import PolicyType


def fingerprint(policy_type: PolicyType, content: Any) -> str:
    """SHA-256, in hex, over the normalised content: equal when nothing a person would call a change happened."""
    text = canonical(normalise(policy_type, content))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
