"""What a property names: passed by only where nothing beside it can say otherwise; and no name is kept for ever."""

import pytest

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.references import named_objects
from graph.references.named_objects import (
    declared_type,
    is_no_reference,
    kind_of_stand_in,
    kind_of_type,
    names_nothing,
    reference_kind,
)


def test_a_property_that_may_name_an_object_is_never_passed_by():
    pairs = [(of, name) for of in model.type_names() for name in model.properties(of)]
    named = [pair for pair in pairs if reference_kind(*pair) or kind_of_stand_in(*pair)]
    assert len(named) > 300
    assert [pair for pair in named if names_nothing(*pair, False)] == []
    assert [pair for pair in named if is_no_reference(*pair) and not kind_of_stand_in(*pair)] == []
    for name in ("value", "targetId", "payloadId", "creationSource"):
        assert not names_nothing("deviceConfiguration", name, False), "what stands beside it decides"


def test_an_id_names_another_object_where_it_is_not_the_objects_own():
    assert names_nothing("roleScopeTag", "id", True)
    assert not names_nothing("roleScopeTag", "id", False)


def test_a_type_beside_an_id_says_whose_it_is():
    for root in filter(None, map(root_type, POLICY_TYPES.values())):
        key = kind_of_type(f"{model.PREFIX}{root}")
        assert root_type(POLICY_TYPES[str(key)]) in model.lineage(root)
    assert kind_of_type(f"{model.PREFIX}win32LobApp") == "mobileApps"
    assert (kind_of_type("win32LobApp"), kind_of_type(f"{model.PREFIX}unheardOf")) == (None, None)


def test_unknown_types_and_names_are_no_trouble():
    assert declared_type("unheardOf", "conditions") == declared_type("conditionalAccessPolicy", "unheardOf") == ""
    assert declared_type("conditionalAccessPolicy", "conditions") == "conditionalAccessConditionSet"


@pytest.mark.parametrize(
    "remembered", [found for found in vars(named_objects).values() if hasattr(found, "cache_parameters")]
)
def test_names_that_answers_and_uploads_hold_are_not_kept_for_ever(remembered):
    assert remembered.cache_parameters()["maxsize"] == model.MOST_PAIRS
