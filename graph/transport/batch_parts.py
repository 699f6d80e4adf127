"""The parts of a $batch's answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def index_parts(responses: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Return the parts of a $batch by id. Two parts with one id are left out: nobody can say whose answer they are."""
    parts = [part for part in responses if isinstance(part, dict) and isinstance(part.get("id"), str)]
    times = Counter(part["id"] for part in parts)
    return {part["id"]: part for part in parts if times[part["id"]] == 1}


def part_status(part: Mapping[str, Any] | None) -> str:
    """Return the status of a part's answer, or a word where there is none that could be one."""
    status = part.get("status") if part else None
    return str(status) if isinstance(status, int) and 100 <= status < 600 else "unanswered"
