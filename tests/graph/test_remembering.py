"""Remembering: the same answer as without it, whatever the value, and nobody changes what others are given."""

import copy
import random

import pytest

from graph.content.fingerprint import fingerprints
from graph.policy_types.table import POLICY_TYPES
from graph.remembering import LARGEST, pack, remember
from graph.restore.desired_content import desired_content
from graph.restore.options import RestoreOptions
from graph.review.dangers import find_dangers
from graph.write.write_requests import Comparison
from tests.graph.content.test_mutated import contents


def counted():
    """A function that is remembered, and what it was called with."""
    calls = []

    @remember
    def work(value, beside):
        calls.append((value, beside))
        return repr([value, beside])

    return work, calls


def test_equal_values_are_worked_on_once():
    work, calls = counted()
    assert work({"a": [1, None, "ü\ud800"]}, "x") is work({"a": [1, None, "ü\ud800"]}, "x")
    assert len(calls) == 1
    work({"a": [1, None, "ü\ud800"]}, "y")
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0, False), (0.0, -0.0), ("1", 1), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_what_differs_in_type_or_order_is_not_equal(one, other):
    work, calls = counted()
    assert [work([value], "x") for value in (one, other)] == [repr([[value], "x"]) for value in (one, other)]
    assert len(calls) == 2
    assert pack(one) != pack(other)


def test_what_is_changed_afterwards_was_another_value():
    work, _ = counted()
    value = {"settings": [1]}
    first = work(value, "x")
    value["settings"].append(2)
    assert (first, work(value, "x")) == ("[{'settings': [1]}, 'x']", "[{'settings': [1, 2]}, 'x']")


@pytest.mark.parametrize("value", ["x" * LARGEST, [object], ["x" * LARGEST, 10**400]], ids=["large", "no JSON", "both"])
def test_what_is_large_or_no_json_is_worked_on_each_time(value):
    work, calls = counted()
    assert work(value, "x") == work(value, "x") == repr([value, "x"])
    assert len(calls) == 2


def test_nobody_changes_what_is_remembered_of_a_policy():
    chance = random.Random(3)
    for key, item in contents():
        row, assignments = POLICY_TYPES[key], item.get("assignments")
        live = {"body": {name: item[name] for name in item if name != "assignments"}, "assignments": assignments}
        other = _with_parts_moved(live, chance)
        before = fingerprints(row, live), fingerprints(row, other)
        compared = Comparison(row, live, desired_content(row, other, RestoreOptions("exact"), []))
        compared.remaining_differences(with_assignments=True)
        compared.written_part(with_assignments=True)
        find_dangers(row, other, live, with_assignments=True)
        assert (fingerprints(row, live), fingerprints(row, other)) == before, key


def _with_parts_moved(content, chance):
    """The content with each of its lists in another order, and an element less."""
    changed = copy.deepcopy(content)
    for value in changed["body"].values():
        if isinstance(value, list) and len(value) > 1:
            chance.shuffle(value)
            value.pop()
    return changed
