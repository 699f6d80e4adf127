"""The definitions of settings that the service knows: the same in all tenants, as Microsoft's are.

A tenant may hold others beside them, put there through the control plane.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.simulator.model.collections import CATEGORY_LISTS, DEFINITION_LISTS

Definition = dict[str, Any]
# List -> id -> definition.
_SHARED: dict[str, dict[str, Definition]] = {path: {} for path in (*DEFINITION_LISTS, *CATEGORY_LISTS)}


def add(path: str, definitions: Iterable[Definition]) -> int:
    """Add definitions to one of Graph's lists; one that is there already is replaced. Return how many those were."""
    new = {str(each["id"]): each for each in definitions}
    _SHARED[path] |= new
    return len(new)


def known(path: str) -> Mapping[str, Definition]:
    return _SHARED.get(path, {})
