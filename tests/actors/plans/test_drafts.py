"""What a form may ask of a restore."""

import pytest

from actors.plans import drafts
from db.errors import Invalid


def test_options_have_a_default_for_everything_but_assignments():
    options = drafts.parse_options({"assignments": "leave", "prefix": "ignored, for nothing is copied"})
    assert options["existing"] == "update"
    assert options["conditional_access"] == drafts.REPORT_ONLY
    assert options["prefix"] == ""
    assert options["drop_missing"] is False


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Choose what happens to assignments"),
        ({"assignments": "leave", "existing": "burn"}, "Choose one of the options shown"),
        ({"assignments": "leave", "existing": "copy", "prefix": " \x00"}, "A copy needs a prefix"),
    ],
)
def test_options_that_cannot_be_used_are_refused_with_what_to_choose(form, sentence):
    with pytest.raises(Invalid, match=sentence):
        drafts.parse_options(form)


def test_a_prefix_is_cut_to_the_longest_that_fits():
    options = drafts.parse_options({"assignments": "none", "existing": "copy", "prefix": "x" * 100})
    assert options["prefix"] == "x" * drafts.LONGEST_PREFIX
