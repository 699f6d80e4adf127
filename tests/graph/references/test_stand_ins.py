"""Stand-ins: the same for the same name, and no id that Microsoft gives."""

from graph.content.spellings import GUID
from graph.references.stand_ins import UNKNOWN_DIRECTORY, is_stand_in, stand_in


def test_a_stand_in_is_a_guid_of_its_own_for_each_kind_and_name():
    made = stand_in("groups", "Pilot")
    assert made == stand_in("groups", "Pilot")
    assert len({made, stand_in("users", "Pilot"), stand_in("groups", "pilot"), UNKNOWN_DIRECTORY}) == 4
    assert GUID.fullmatch(made)
    assert is_stand_in(made)
    assert is_stand_in(made.upper())
    assert not is_stand_in("6e616d65-0000-4000-8000-000000000000")
