"""The rules of severity as pages show them: as they came, as they are set, and those of one's own."""

from actors.facade import severity_words
from db.audit.audit import SYSTEM
from db.changes import severity_rules


def test_rules_are_shown_as_they_are_set_with_admins_own_last(database):
    severity_rules.set_built_in("removed", "low", SYSTEM, is_active=False)
    own = severity_rules.add_own("intents", "platforms", "high", SYSTEM)
    lines = {line.name: line for line in severity_words.all_rules()}
    removed = lines["removed"]
    assert (removed.severity, removed.is_active, removed.came_with) == ("low", False, "high")
    assert lines["script_text"].is_active
    assert list(lines)[-1] == own.name
    assert severity_words.sentences(["removed", own.name, "own:gone"]) == [
        "A policy was removed.",
        "Endpoint security (template): “platforms” changed.",
        "own:gone",
    ]
