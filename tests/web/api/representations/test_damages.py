"""What nobody knows of a deed is null, and its step is named in words."""

from actors.changes.bringing_back import PolicyDamage
from db.states import LaterChangeKind
from web.api.representations import damages


def test_a_deed_of_which_nothing_is_known_is_told_so():
    deed = PolicyDamage(1, "agreements", "Terms", LaterChangeKind.DELETED, None, None, (), None, None, 0)
    [told] = damages.deeds([deed])
    assert (told["at"], told["severity"], told["by"], told["is_possible"]) == (None, None, [], False)
    assert told["wave"] == "Conditional Access, and what it names"
