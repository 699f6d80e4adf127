from graph.references.security_identifier import PATTERN, from_object_id, to_object_id

SID = "S-1-12-1-3585384882-1091637521-286331265-286331153"
OBJECT_ID = "d5b4a1b2-1111-4111-8111-111111111111"


def test_security_identifier_is_an_object_id_in_another_spelling():
    assert to_object_id(SID) == OBJECT_ID
    assert from_object_id(OBJECT_ID) == SID


def test_number_too_large_for_an_object_id_names_nothing():
    assert to_object_id("S-1-12-1-4294967296-1-1-1") == ""


def test_pattern_finds_it_in_a_text_and_not_as_a_part_of_a_longer_one():
    assert PATTERN.findall(f"<member name='{SID}'/>") == [SID]
    assert PATTERN.findall(f"{SID}-500") == []
