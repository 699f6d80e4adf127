"""Tell what object a property names: from Microsoft's model and the tables of graph/references/reference_kinds.py."""

from functools import lru_cache

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import BY_NAME, BY_TYPE, IS_NONE_BY_NAME, IS_NONE_BY_TYPE, ONLY_AS_STAND_INS

# Properties of which only what stands beside them tells whether they name an object, and which.
_TOLD_BESIDE = frozenset({"value", "targetId", "payloadId", "creationSource"})


@lru_cache(model.MOST_PAIRS)
def reference_kind(type_name: str, name: str) -> str | None:
    """Return the kind of object that a property of this type names; None if it names none, or is unknown."""
    return None if is_no_reference(type_name, name) else _of_type(type_name, name) or BY_NAME.get(name)


@lru_cache(model.MOST_PAIRS)
def names_nothing(type_name: str, name: str, is_own_id: bool) -> bool:
    """Tell whether a property of this type names no object, whatever stands beside it. `is_own_id`: an id does not."""
    if name == "id" and not is_own_id:
        return False
    is_settled = name not in _TOLD_BESIDE and (name == "id" or reference_kind(type_name, name) is None)
    return is_settled and kind_of_stand_in(type_name, name) is None


def kind_of_stand_in(type_name: str, name: str) -> str | None:
    """Return the kind that a stand-in in this property is of, where an id would be no reference; None for others."""
    return ONLY_AS_STAND_INS.get((type_name, name))


@lru_cache(model.MOST_PAIRS)
def _of_type(type_name: str, name: str) -> str | None:
    return next((BY_TYPE[ancestor, name] for ancestor in model.lineage(type_name) if (ancestor, name) in BY_TYPE), None)


@lru_cache(model.MOST_PAIRS)
def is_no_reference(type_name: str, name: str) -> bool:
    """Tell whether a property is named like an id, and known to hold none of another object."""
    lineage = model.lineage(type_name)
    if any((ancestor, name) in BY_TYPE for ancestor in lineage):
        return False
    return name in IS_NONE_BY_NAME or any((ancestor, name) in IS_NONE_BY_TYPE for ancestor in lineage)


@lru_cache(model.MOST_PAIRS)
def declared_type(type_name: str, name: str) -> str:
    """Return the type that the model declares for an object in this property; "" for none."""
    declared = model.properties(type_name).get(name)
    return declared.type or "" if declared and declared.kind == "object" else ""


@lru_cache(model.MOST_PAIRS)
def kind_of_type(odata_type: str) -> str | None:
    """Return the policy type for an @odata.type: “#microsoft.graph.win32LobApp” is an app; None for none."""
    bare = model.bare_type(odata_type)
    if bare == odata_type or not model.is_known(bare):
        return None
    return next((key for key, row in POLICY_TYPES.items() if root_type(row) in model.lineage(bare)), None)
