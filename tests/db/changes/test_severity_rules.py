"""Rules as admins changed them: one row for each, which goes when it is taken back."""

import pytest

from db.audit.audit import SYSTEM
from db.changes import severity_rules
from db.errors import Invalid
from db.states import Severity


def test_rules_are_set_twice_in_one_row_added_and_taken_back(database):
    severity_rules.set_built_in("settings", Severity.LOW, SYSTEM)
    severity_rules.set_built_in("settings", Severity.LOW, SYSTEM, is_active=False)
    own = severity_rules.add_own("intents", "platforms", Severity.HIGH, SYSTEM)
    assert [(row.name, row.is_active) for row in severity_rules.all_set()] == [("settings", False), (own.name, True)]
    assert severity_rules.remove("settings", SYSTEM)
    assert not severity_rules.remove("settings", SYSTEM)
    for wrong in (("", "", "high"), ("intents", "", "worst")):
        with pytest.raises(Invalid):
            severity_rules.add_own(*wrong, SYSTEM)
    assert severity_rules.all_set() == [own]
