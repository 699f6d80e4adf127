"""No id is shown where a name is known, of whatever kind: and where none is, what it is of stands there."""

import re

import pytest

from graph.display.diff import compare
from graph.display.labels import SCOPE_TAGS, scope_tag_key
from graph.display.object_names import ROLES, names_of_objects, referenced
from graph.display.outline import outline_body
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import BY_NAME, GROUPS, policy_types_of

ID = "505eb9c5-1111-4111-8111-111111111111"
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
NAMED = sorted(
    {
        (place, kind)
        for place, kind in BY_NAME.items()
        if place not in SCOPE_TAGS
        and (kind in ("users", GROUPS, "servicePrincipals", "servicePrincipalObjects", "agentIdentities", "agreements")
             or kind in POLICY_TYPES)
    }
)  # fmt: skip


def shown(place, names):
    """The lines of a policy that names the object there, and the difference that it is."""
    body = {"displayName": "P", place: [ID]}
    lines = outline_body(body, lambda holder, value: names.get(value))
    [change] = compare(POLICY_TYPES["conditionalAccessPolicies"], {"body": {"displayName": "P"}, "assignments": None},
                       {"body": body, "assignments": None}, names)  # fmt: skip
    return [line.value for line in lines], f"{change.label} {change.before} {change.after}", lines


@pytest.mark.parametrize(("place", "kind"), NAMED)
def test_an_object_is_called_by_its_name_and_an_unknown_one_by_its_kind(place, kind):
    content = {"body": {"displayName": "P", place: [ID]}, "assignments": None}
    keys = referenced("conditionalAccessPolicies", content)
    assert (kind, ID) in keys
    for policies, known, name in (
        ({}, {ID: "Break glass 1"}, "Break glass 1"),
        ({(kind, ID): "Head office"}, {}, "Head office"),
        ({}, {}, "Unknown "),
    ):
        names = names_of_objects(keys, policies, known)
        values, difference, lines = shown(place, names)
        assert not GUID.search(f"{values} {difference}")
        assert name in f"{values}"
        assert name in difference
        assert ID in [line.exact for line in lines], "the id stands in the title"
        assert policy_types_of(kind) is not None


def test_a_role_is_called_by_its_name_in_every_tenant_without_asking():
    role = next(iter(ROLES))
    [line] = outline_body({"includeRoles": [role]}, lambda holder, value: names_of_objects([], {}, {}).get(value))
    assert (line.value, line.exact) == ("Global Administrator", role)


@pytest.mark.parametrize("place", sorted(SCOPE_TAGS))
def test_the_number_of_a_scope_tag_is_a_name_only_where_it_is_one(place):
    names = names_of_objects({("roleScopeTags", "7")}, {("roleScopeTags", "7"): "Berlin"}, {})
    assert names[scope_tag_key("7")] == "Berlin"
    assert "7" not in names
    differences = compare(POLICY_TYPES["deviceConfigurations"],
                          {"body": {place: ["0"], "count": 7}, "assignments": None},
                          {"body": {place: ["0", "7"], "count": 0}, "assignments": None}, names)  # fmt: skip
    said = {difference.label: difference.after for difference in differences}
    assert said["Count"] == 0
    assert "Berlin" in str(said)
