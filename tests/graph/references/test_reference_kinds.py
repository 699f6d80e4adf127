"""The tables of references, held against Microsoft's model: what looks like another object's id is one, or is named."""

import re

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.references.named_objects import is_no_reference, reference_kind
from graph.references.reference_kinds import (
    BY_NAME,
    BY_TYPE,
    IS_NONE_BY_NAME,
    IS_NONE_BY_TYPE,
    NONE_BY_NAME,
    OBJECTS,
    PAYLOADS,
    policy_types_of,
)
from graph.references.references import find_references, rewrite_references

# As Microsoft names ids, and the lists of them whose descriptions say "IDs": groups, users, members, scopes, …
LOOKS_LIKE_IDS = re.compile(
    r"(Id|Ids|ID|IDs|Identifiers?|Guids?|Groups|Users|Principals|Locations|Applications|References|Members|Scopes"
    r"|CCList|TermsOfUse|Roles|MobileApps|AuthenticationFactors|ScopeTags)$",
    re.IGNORECASE,
)
# Objects with an id of their own that the backup reads with the policy.
READ = {"assignments", *(name for _, name in OBJECTS)} | {
    name.partition("(")[0]
    for row in POLICY_TYPES.values()
    for name in (*row.expand, *(child.name for child in row.children))
} | {"scheduledActionConfigurations", "presentationValues"}  # fmt: skip


ONE, TWO = "1" * 8 + "-1111-4111-8111-" + "1" * 12, "2" * 8 + "-2222-4222-8222-" + "2" * 12


def reached():
    """Every type that a content may hold, the subtypes of each among them."""
    todo = set(map(root_type, POLICY_TYPES.values()))
    seen = set()
    while todo:
        name = todo.pop()
        for subtype in model.subtypes(name) - seen:
            seen.add(subtype)
            todo |= {
                found.type
                for found in model.properties(subtype).values()
                if found.kind == "object" and (not found.is_navigation or found.name in READ)
            }
    return seen


def places():
    """(policy type, type, how a body gets there) of every object that a content may hold: the first way to each."""
    for key in POLICY_TYPES:
        todo, seen = [(root_type(POLICY_TYPES[key]), ())], set()
        while todo:
            name, way = todo.pop(0)
            for subtype in sorted(model.subtypes(name) - seen):
                seen.add(subtype)
                yield key, subtype, way
                for found in model.properties(subtype).values():
                    if found.kind == "object" and (not found.is_navigation or found.name in READ):
                        todo.append((found.type, (*way, (subtype, found))))


def content_with(way, type_name, name, value):
    """A content that holds this value at the end of the way."""
    inner = {"@odata.type": f"{model.PREFIX}{type_name}", name: value}
    for holder, found in reversed(way):
        inner = {"@odata.type": f"{model.PREFIX}{holder}", found.name: [inner] if found.is_many else inner}
    return {"body": {**inner, "assignments": None}, "assignments": inner.get("assignments")}


def candidates():
    """(type that declares it, name) of each writable text that looks like an id."""
    for type_name in reached():
        inherited = model.properties(parent) if (parent := next(iter(model.lineage(type_name)[1:]), "")) else {}
        for name, found in model.properties(type_name).items():
            looks = found.kind == "guid" or (found.kind == "string" and LOOKS_LIKE_IDS.search(name))
            if looks and name not in inherited and name != "id" and not found.is_read_only:
                yield type_name, name


def test_every_property_that_looks_like_an_id_is_a_reference_or_named_as_none():
    unplaced = {
        f"{type_name}.{name}"
        for type_name, name in candidates()
        if not reference_kind(type_name, name) and not is_no_reference(type_name, name) and name != "payloadId"
    }
    assert unplaced == set(), "say in graph/references/reference_kinds.py what they are"


def test_each_such_property_is_found_and_replaced_wherever_a_content_may_hold_it():
    tried = 0
    for key, type_name, way in places():
        for name, found in model.properties(type_name).items():
            kind = reference_kind(type_name, name)
            if kind is None or found.kind not in ("string", "guid"):
                continue
            content = content_with(way, type_name, name, [ONE] if found.is_many else ONE)
            where = f"{key}: {type_name}.{name}"
            assert {(reference.kind, reference.id) for reference in find_references(key, content)} == {(kind, ONE)}, (
                where
            )
            made = rewrite_references(key, content, lambda one: TWO)
            assert ONE not in str(made), where
            assert TWO in str(made), where
            tried += 1
    assert tried > 300


def test_no_row_names_what_the_model_does_not_have():
    types = {name: model.properties(name) for name in model.type_names()}
    names = {name for known in types.values() for name in known}
    assert {*BY_NAME, *IS_NONE_BY_NAME} - names == set()
    assert [pair for pair in (*BY_TYPE, *IS_NONE_BY_TYPE) if pair[1] not in types[pair[0]]] == []
    assert not BY_NAME.keys() & IS_NONE_BY_NAME
    assert all(reason.endswith(".") for reason in NONE_BY_NAME)


def test_every_sort_of_policy_set_item_is_placed_by_what_it_holds():
    items = model.subtypes("policySetItem") - {"policySetItem"}
    assert items == set(PAYLOADS)
    assert [kind for kind in PAYLOADS.values() if not policy_types_of(kind)] == ["iosLobAppProvisioningConfigurations"]
