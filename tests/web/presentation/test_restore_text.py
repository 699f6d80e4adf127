"""Restores in words: options, plans, dangers and references."""

import pytest

from actors.facade.policy_type_names import DANGERS
from db.models import RestoreItem
from web.presentation import restore_text

OPTIONS = {
    "assignments": "exact",
    "existing": "update",
    "drop_missing": True,
    "conditional_access": "off",
    "prefix": "",
}


def test_items_that_the_guard_holds_back_are_not_counted_as_written():
    assert restore_text.plan_sentence({"update": 3, "create": 1, "blocked": 1}, {"update": 2, "create": 1}) == (
        "1 policy will be changed; 1 is blocked, 3 are held back by the Conditional Access guard."
    )
    assert restore_text.plan_sentence({"update": 1}, {"update": 1}).startswith(
        "Nothing will be written; 1 is held back"
    )


@pytest.mark.parametrize(
    ("actions", "sentence"),
    [
        ({}, "Nothing will be written."),
        ({"matches": 2}, "Nothing will be written; 2 are as the backup has them."),
        ({"create": 1}, "1 policy will be created."),
        ({"update": 3, "create": 2, "blocked": 4}, "3 policies will be changed, 2 created; 4 are blocked."),
    ],
)
def test_plan_is_one_sentence(actions, sentence):
    assert restore_text.plan_sentence(actions) == sentence


def test_options_of_an_older_restore_make_no_groups():
    assert restore_text.as_form_fields(OPTIONS) == OPTIONS | {"drop_missing": "yes", "groups": "no"}


def test_prefix_is_said_only_when_there_is_one():
    legends = [legend for legend, _ in restore_text.describe_options(OPTIONS)]
    assert legends == [legend for legend, _, _ in restore_text.CHOICES.values()]
    assert restore_text.describe_options(OPTIONS | {"prefix": "Copy of "})[-1] == ("Prefix of the copies", "Copy of ")


def test_dangers_are_grouped_by_kind_with_the_worst_first():
    worst, other = list(DANGERS)[:2]
    items = [
        RestoreItem(id=1, name="A", dangers=[{"code": other, "said": "a"}, {"code": "unheard-of", "said": "b"}]),
        RestoreItem(id=2, name="B", dangers=[{"code": worst, "said": "c"}]),
        RestoreItem(id=3, name="C", dangers=None),
    ]
    groups = restore_text.group_dangers(items)
    assert [group.title for group in groups] == [DANGERS[worst], DANGERS[other], "unheard-of"]
    assert [group.items for group in groups] == [[(2, "B", "c")], [(1, "A", "a")], [(1, "A", "b")]]


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ({"how": "mapping", "to": "1", "to_name": "Staff"}, "mapped to Staff"),
        ({"how": "mapping", "to": "1", "to_name": None}, "mapped to 1"),
        ({"how": "restored", "to": None, "to_name": None}, "made by this restore"),
        ({"how": "restored", "to": "1", "to_name": None}, "part of this restore"),
        ({"how": "unresolved", "to": None, "to_name": None}, "cannot be found. No group."),
        (
            {"how": "unresolved", "to": None, "to_name": None, "is_needed": False},
            "cannot be found, and is not written. No group.",
        ),
    ],
)
def test_reference_says_what_stands_for_it(reference, sentence):
    assert restore_text.describe_resolution({"why": "No group.", **reference}) == sentence
