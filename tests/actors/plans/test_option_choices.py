"""What a restore proposes, by source and target, and what a form may ask of it."""

import pytest

from actors.plans import option_choices
from actors.plans.option_choices import CHOICES, parse_options
from db.errors import Invalid


@pytest.mark.parametrize(
    ("own_tenant", "access", "assignments"), [(True, "as captured", "made"), (False, "report only", "leave")]
)
def test_what_is_proposed_depends_on_the_tenant_that_is_written_to(own_tenant, access, assignments):
    options = parse_options({"prefix": "ignored, for nothing is copied"}, own_tenant=own_tenant)
    assert (options["conditional_access"], options["assignments"]) == (access, assignments)
    assert (options["existing"], options["prefix"], options["drop_missing"], options["groups"]) == (
        "update", "", False, "no")  # fmt: skip
    assert parse_options(option_choices.proposed_fields(own_tenant=own_tenant), own_tenant=own_tenant) == options


@pytest.mark.parametrize("own_tenant", [True, False])
def test_what_was_chosen_stays_whatever_is_proposed(own_tenant):
    for name, (_, labels) in CHOICES.items():
        for value in labels:
            chosen = parse_options({name: value, "prefix": "Copy of "}, own_tenant=own_tenant)
            assert option_choices.as_form_fields(chosen)[name] == value


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"assignments": "burn"}, "Choose one of the options shown"),
        ({"existing": "burn"}, "Choose one of the options shown"),
        ({"existing": "copy", "prefix": " \x00"}, "A copy needs a prefix"),
    ],
)
def test_options_that_cannot_be_used_are_refused_with_what_to_choose(form, sentence):
    with pytest.raises(Invalid, match=sentence):
        parse_options(form, own_tenant=True)


def test_a_prefix_is_cut_to_the_longest_that_fits():
    options = parse_options({"existing": "copy", "prefix": "x" * 100}, own_tenant=True)
    assert options["prefix"] == "x" * option_choices.LONGEST_PREFIX


def test_options_of_an_older_restore_make_no_groups():
    options = parse_options({"drop_missing": "yes"}, own_tenant=True)
    del options["groups"]
    assert option_choices.as_form_fields(options) == {**options, "drop_missing": "yes", "groups": "no"}
