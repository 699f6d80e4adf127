"""Every sort of target has its words, and an object without a name its id's beginning."""

from db.assignments.target_lists import NAMED_IN
from db.models import PolicyTarget
from graph.assignments import target as kinds
from web.assignment_words import words


def test_every_kind_and_place_has_words():
    everything = {kinds.ACTION, kinds.ALL_APPS, kinds.APP, kinds.LOCATION, kinds.STRENGTH, kinds.NOBODY, *kinds.WHOM}
    assert everything | {"filter"} == set(words.KINDS)
    assert {kinds.ASSIGNMENT, kinds.CONDITION, kinds.MEMBER, kinds.SCOPE, kinds.MENTION} == set(words.PLACES)
    assert set(NAMED_IN) <= set(words.KINDS)


def test_a_deleted_object_is_called_by_its_beginning(app):
    row = PolicyTarget(tenant=1, kind="group", object_id="1" * 36, place="assignment", is_gone=True)
    with app.test_request_context():
        assert words.target_words(row, {}) == "Group 11111111… (deleted)"
        assert words.target_words(row, {(1, "group", "1" * 36): "SG {name}"}) == "Group SG {name}"
