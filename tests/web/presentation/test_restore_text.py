"""Restores in words: options, plans, dangers and references."""

from itertools import combinations

import pytest

from actors.facade.policy_type_names import DANGERS
from actors.plans import restore_results
from db.models import RestoreItem, RunItem
from db.states import WRITTEN_OUTCOMES
from web.presentation import restore_text

OPTIONS = {
    "assignments": "exact",
    "existing": "update",
    "drop_missing": True,
    "conditional_access": "off",
    "prefix": "",
}


# One of each fate that a plan or a result can have: (outcome, reason) -> whether it is written, and still open.
PLANNED = {
    ("update", None): "will change",
    ("create", None): "will be created",
    ("recreate", None): "will be created again",
    ("remove", None): "will be removed",
    ("update", "guard"): "held back",
    ("matches", None): "already match",
    ("matches", "kept"): "stay",
    ("matches", "gone"): "gone already",
    ("exists", "exists"): "skipped",
    ("blocked", "unresolved"): "cannot be restored",
    ("blocked", "built_in"): "cannot be restored by anybody",
}
ENDED = {
    ("updated", None): "changed",
    ("created", None): "created",
    ("recreated", None): "created again",
    ("removed", None): "removed",
    ("blocked", "guard"): "held back",
    ("conflict", "conflict"): "edited after the preview",
    ("error", "forbidden"): "failed",
    ("unknown", "uncertain"): "uncertain",
    ("cancelled", None): "not reached",
    ("matches", None): "already matched",
    ("matches", "kept"): "left as",
    ("matches", "gone"): "gone already",
    ("exists", "exists"): "skipped",
    ("blocked", "unresolved"): "could not be restored",
    ("blocked", "not_restorable"): "cannot be restored by anybody",
}


def combinations_of(fates, most=3):
    for size in range(1, most + 1):
        yield from combinations(fates, size)


def test_every_combination_of_a_plan_counts_each_fate_apart():
    for chosen in combinations_of(PLANNED):
        for count in (1, 2):
            fates = restore_results.plan_fates(dict.fromkeys(chosen, count), is_overridden=False)
            sentence = restore_text.plan_sentence(fates)
            assert fates.total() == count * len(chosen)
            if set(chosen) == {("matches", None)}:
                assert sentence == "Nothing to restore: the tenant already matches the backup."
                continue
            phrases = sentence.split(" · ")
            has_writes = any(action in WRITTEN_OUTCOMES and reason != "guard" for action, reason in chosen)
            assert (phrases[0] == "Nothing will be written") is not has_writes, sentence
            counted = phrases if has_writes else phrases[1:]
            assert len(counted) == len(chosen), sentence
            for fate in chosen:
                assert any(PLANNED[fate] in phrase for phrase in counted if phrase.startswith(f"{count} ")), sentence


def test_every_combination_of_a_result_counts_each_fate_apart():
    for chosen in combinations_of(ENDED):
        results = [RunItem(outcome=outcome, reason=reason) for outcome, reason in chosen]
        fates = restore_results.result_fates(results, len(chosen))
        sentence = restore_text.result_sentence(fates)
        for fate in chosen if set(chosen) != {("matches", None)} else ():
            assert any(phrase.startswith("1 ") and ENDED[fate] in phrase for phrase in sentence.split(" · ")), sentence


def test_policies_without_a_result_were_not_reached():
    fates = restore_results.result_fates([RunItem(outcome="updated")], 3)
    assert restore_text.result_sentence(fates) == "1 changed · 2 were not reached"


def test_few_policies_that_the_guard_holds_back_are_named():
    fates = restore_results.plan_fates({("update", None): 2, ("update", "guard"): 1}, is_overridden=False)
    assert restore_text.plan_sentence(fates, ["CA002"]) == "2 will change · 1 is held back: CA002"
    many = restore_results.plan_fates({("update", "guard"): 4}, is_overridden=False)
    assert restore_text.plan_sentence(many, list("abcd")) == (
        "Nothing will be written · 4 are held back by the Conditional Access guard"
    )
    overridden = restore_results.plan_fates({("update", None): 2, ("update", "guard"): 1}, is_overridden=True)
    assert restore_text.plan_sentence(overridden) == "3 will change"


def item_with(number, *dangers, **columns):
    return RestoreItem(id=number, name=f"P{number}", dangers=list(dangers), **columns)


def test_what_becomes_weaker_is_listed_with_the_worst_first():
    secret = {"code": "to_be_entered", "values": {"what": "key"}}
    nobody = {"code": "assigned_to_nobody", "values": {"who": "SG-Pilot"}}
    less = {"code": "compliance", "said": "It would ask for less.", "after": "It asks for less."}
    other = {"code": "everybody", "said": "It is for all users."}
    items = [item_with(1, secret), item_with(2, nobody, other), item_with(3, less)]
    listed = restore_results.warnings_before(items)
    assert [(one.name, one.severity) for one in listed] == [("P2", "bad"), ("P3", "bad"), ("P1", "warn")]
    assert listed[0].sentence == "It will be assigned to nobody; it was assigned to SG-Pilot."
    assert restore_results.warnings_title(listed, is_done=False).startswith("3 policies will be weaker or incomplete")
    assert [group.items for group in restore_text.group_dangers(items)] == [[(2, "P2", "It is for all users.")]]


def test_prefix_is_said_only_when_there_is_one():
    legends = [legend for legend, _ in restore_text.describe_options(OPTIONS)]
    assert legends == [legend for legend, _, _ in restore_text.choices(own_tenant=True).values()]
    assert restore_text.describe_options(OPTIONS | {"prefix": "Copy of "})[-1] == ("Prefix of the copies", "Copy of ")


def test_dangers_are_grouped_by_kind_with_the_worst_first():
    worst, other = "blocks", "everybody"
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
