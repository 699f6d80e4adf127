"""Names are looked for in a few tenants; ids, and what Microsoft has everywhere, in all."""

import pytest

from db.assignments import target_lists
from web.assignment_words.asked import OBJECTS, SORTS, parse_asked

ID = "11111111-1111-4111-8111-11111111111A"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_too_many_tenants_only_names_are_not_looked_for(cast, monkeypatch):
    monkeypatch.setattr(target_lists, "MOST_TENANTS", 1)
    assert "Choose a tenant" in parse_asked("group", "SG-Pilot", None).problem
    assert list(parse_asked("group", ID, None).keys) == [("group", ID.lower())]
    assert {kind for kind, _ in parse_asked("", ID, None).keys} == set(OBJECTS)
    assert len(parse_asked("role", "Intune Administrator", None).keys) == 1
    assert parse_asked("group", "SG-Pilot", [cast.contoso.id]).problem.startswith("Nothing")
    assert parse_asked("", "", None).condition is None
    for of in SORTS:
        assert parse_asked(of, "whatever", None).condition is not None
