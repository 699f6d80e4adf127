"""Mappings are set once per object, and suggested by the words that names have in common."""

import pytest

from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import DirectoryName, Mapping
from db.restores import mappings

ELSEWHERE = "00000000-0000-0000-0000-00000000000e"


def test_suggestions_come_with_most_words_in_common_first(cast):
    for object_id, name in (("a", "All staff"), ("b", "Sales-staff Vienna"), ("c", "Printers"), ("d", None)):
        DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=object_id, name=name)
    key = ("groups", "x")
    suggested = mappings.suggestions(cast.contoso, {key: "Sales staff", ("groups", "y"): None})
    assert suggested == {key: [("b", "Sales-staff Vienna"), ("a", "All staff")]}
    assert mappings.suggestions(cast.contoso, {key: "Sales staff"}, most=1)[key] == [("b", "Sales-staff Vienna")]
    assert mappings.suggestions(cast.fabrikam, {key: "Sales staff"}) == {key: []}


def test_second_mapping_of_an_object_replaces_the_first(cast):
    mappings.set_mapping(cast.contoso, ELSEWHERE, ("groups", "x"), " a ", SYSTEM)
    mappings.set_mapping(cast.contoso, ELSEWHERE, ("groups", "x"), "b", SYSTEM)
    assert mappings.targets_by_key(cast.contoso, ELSEWHERE) == {("groups", "x"): "b"}
    assert mappings.source_directories(cast.contoso) == [ELSEWHERE]
    with pytest.raises(Invalid):
        mappings.set_mapping(cast.contoso, ELSEWHERE, ("groups", "x"), " ", SYSTEM)


def test_object_that_keeps_its_id_is_not_remembered(cast):
    mappings.remember(cast.contoso, ELSEWHERE, ("intents", "x"), "x", "A policy")
    assert not Mapping.select().exists()
    mappings.remember(cast.contoso, ELSEWHERE, ("intents", "x"), "y", "A policy")
    assert mappings.targets_by_key(cast.contoso, ELSEWHERE) == {("intents", "x"): "y"}
