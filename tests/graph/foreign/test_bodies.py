"""Bodies put into our form."""

from graph.foreign import bodies
from graph.foreign.export import FindingKind


def test_what_stands_beside_a_body_goes_and_lists_are_lists():
    notes = []
    body = {"@odata.context": "x", "#CustomRef_a": "b", "_comment": "c", "note": "n", "roleScopeTagIds": "0",
            "omaSettings": {"children": "text", "a@odata.type": "y"}, "definition@odata.bind": "kept"}  # fmt: skip
    cleaned = bodies.clean(body, lambda kind, text: notes.append(kind))
    assert cleaned == {"roleScopeTagIds": ["0"], "omaSettings": [{"children": "text"}], "definition@odata.bind": "kept"}
    assert set(notes) == {FindingKind.PUT_RIGHT}


def test_a_link_that_is_no_link_leads_nowhere():
    body = {"definitionValues": [{"definition@odata.bind": "https://evil/groupPolicyDefinitions('../x')"}]}
    bodies.with_definitions(body)
    assert body["definitionValues"] == [{"id": "0"}]


def test_a_location_with_both_sorts_of_places_is_not_guessed():
    body = {"isTrusted": True, "ipRanges": [], "countriesAndRegions": []}
    bodies.with_location_type(body, lambda *_: None)
    assert "@odata.type" not in body


def test_assignments_that_cannot_be_read_are_not_known():
    notes = []
    note = lambda kind, text: notes.append(kind)  # noqa: E731
    assert bodies.assignments_of(None, note) is None
    assert bodies.assignments_of("all", note) is None
    assert bodies.assignments_of({"value": []}, note) == []
    assert notes == [FindingKind.DAMAGED]
