"""Of all targets, those that a policy reaches."""

from graph.assignments import target as kinds
from graph.assignments.target import Target


def test_a_target_is_reached_where_a_policy_assigns_itself_to_it():
    assert Target(kinds.GROUP, "x", place=kinds.MEMBER).is_whom
    assert not Target(kinds.GROUP, "x", place=kinds.SCOPE).is_whom, "a role's scope is given nothing"
    assert not Target(kinds.GROUP, "x", place=kinds.MENTION).is_whom
    assert not Target(kinds.APP, "x").is_whom
