"""Valid contents with something changed anywhere in them: each is read as what it says, or refused; nothing else."""

import copy
import json
import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.content.fingerprint import assignments_fingerprint, fingerprint, fingerprints
from graph.content.places import body_place, root_type
from graph.content.secret_signs import may_lack_secrets
from graph.content.secrets import _Walk
from graph.display.diff import compare
from graph.display.outline import outline_body, unset_properties
from graph.errors import GraphError
from graph.microsoft import model
from graph.policy_types import shape
from graph.policy_types.table import POLICY_TYPES
from graph.read.directory_names import no_known_names
from graph.read.readings import _listed_policy, read_policy
from graph.references.references import find_references
from graph.restore.desired_content import desired_content
from graph.restore.options import LEAVE, RestoreOptions
from graph.restore.resolver import names_in_content
from graph.review.lockout_guard import find_lockout
from graph.simulator.demo import demo_tenants
from graph.transport.client import Answer, to_request
from graph.write import additions
from graph.write.attainable import limit_to_attainable
from graph.write.write_requests import change_requests, creation_request, remaining_differences
from graph.write.write_rules import WRITE_RULES, write_order
from graph.write.written_body import written_body
from tests.graph import made_up
from tests.support.changed_value import with_value_at
from tests.support.simulated_tenant import collection_of

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(), max_size=8), st.just([]), st.just({}), st.just([None]), st.just(["x"]), st.just([{}]),
    st.just({"id": 7}), st.just([[{"id": []}]]),
)  # fmt: skip


@cache
def contents():
    """(policy type, body, assignments): some of each type that the demo tenants hold."""
    [tenant] = [candidate for candidate in demo_tenants() if "Fabrikam" in candidate.name]
    found = []
    for key, row in POLICY_TYPES.items():
        for item in list(tenant.collections.get(collection_of(row), {}).values())[:3]:
            if key != "depOnboardingSettings":
                found.append((key, item))
    return found


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


@st.composite
def mutated(draw):
    key, item = draw(st.sampled_from(contents()))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([place for place in places(item) if place]))
        item = with_value_at(item, path, draw(VALUES))
    return key, item


@settings(derandomize=True, deadline=None, max_examples=1500)
@given(mutated())
def test_what_is_changed_anywhere_is_read_as_it_is_or_refused(case):
    key, item = case
    row = POLICY_TYPES[key]
    try:
        _listed_policy(row, item)
        reading = read(row, item)
    except GraphError:
        return
    assert set(reading.content) == {"body", "assignments"}
    assert reading.text == json.dumps(reading.content, ensure_ascii=False, separators=(",", ":"))
    marks = fingerprint(row, reading.content), assignments_fingerprint(reading.content["assignments"])
    assert fingerprints(row, reading.content) == marks
    use(row, reading.content)


def read(row, item):
    """As Graph would show it: children below their routes, the rest in the one body."""
    whole = copy.deepcopy(item)
    steps = read_policy(row, str(item.get("id")), no_known_names())
    asks, answers = next(steps), None
    while True:
        answers = [Answer(body=answer_to(ask, row, whole)) for ask in asks]
        try:
            asks = steps.send(answers)
        except StopIteration as e:
            return e.value


def answer_to(ask, row, whole):
    ask = to_request(ask).path
    below = ask.partition("?")[0].removeprefix(row.path).strip("/").split("/")[1:]
    if ask.startswith(row.path) and not below:
        return copy.deepcopy(whole)
    name = below[-1] if below else ""
    value = whole.get(name, []) if ask.startswith(row.path) else []
    return {"value": copy.deepcopy(value)}


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.integers(0, 2**32), st.data())
def test_what_is_changed_anywhere_in_what_the_model_allows_is_compared_and_written_or_refused(seed, data):
    chance = random.Random(seed)
    row = chance.choice(list(POLICY_TYPES.values()))
    kind = chance.choice(sorted(model.subtypes(root_type(row))))
    item = {
        "body": made_up.body_of(kind, chance) | {"id": "1"} | made_up.parts_of(row, kind, chance),
        "assignments": [],
    }
    one, other = (_changed_often(item, chance, data) for _ in range(2))
    if shape.is_content(row.key, one) and shape.is_content(row.key, other):
        use(row, one, other)
        additions.is_unchanged(row, one, other)
        walk = _Walk()
        settled = walk.object(one["body"], other["body"], body_place(row))
        is_as_it_was = settled == one["body"] and not walk.not_held and not walk.broken
        assert may_lack_secrets(row, one["body"]) or is_as_it_was
        limit_to_attainable(row.key, one["body"], None)


def _changed_often(item, chance, data):
    for _ in range(chance.randrange(4)):
        path = chance.choice([place for place in places(item) if len(place) > 1])
        item = with_value_at(item, path, data.draw(VALUES))
    return item


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("conditionalAccessPolicies", {"conditions": {"clientApplications": "all"}}),
        ("conditionalAccessPolicies", {"conditions": {"clientApplications": {"includeServicePrincipals": [{}]}}}),
        ("groups", {"groupTypes": True}),
        ("deviceEnrollmentConfigurations", {"notificationMessages": [{"kind": []}]}),
        ("intents", {"settings": [{"definitionId": "a"}]}),
        ("policySets", {"items": [{"payloadId": "a"}]}),
        ("browserSiteLists", {"sites": [{"webUrl": "a"}]}),
        ("authenticationContextClassReferences", {"displayName": "c1"}),
    ],
)
def test_what_is_looked_into_is_of_its_sort_or_the_content_is_none(key, body):
    assert not shape.is_content(key, {"body": body, "assignments": None})


def use(row, content, other=None):
    """Everything that looks inside a content that was taken in."""
    plain = {"body": {"displayName": "x"}, "assignments": []}
    body = content["body"]
    fingerprint(row, content)
    compare(row, content, plain)
    outline_body(body)
    unset_properties(body)
    # Where any id is known no text is passed by, so the quick look and the whole one have to find the same.
    assert find_references(row.key, content) == find_references(row.key, content, known={"an id of nobody": "groups"})
    names_in_content(row.key, content)
    write_order(row.key, body)
    want = (
        desired_content(row, copy.deepcopy(content), RestoreOptions(LEAVE), ())
        if not find_references(row.key, content)
        else content
    )
    find_lockout(row.key, want, [{"id": "1"}], list)
    if not WRITE_RULES[row.key].cannot_restore:
        before = copy.deepcopy(want)
        written_body(row, want["body"])
        creation_request(row, want)
        change_requests(row, "1", other or plain, want, with_assignments=True)
        change_requests(row, "1", want, plain, with_assignments=True)
        remaining_differences(row, other or plain, want, with_assignments=True)
        assert want == before
