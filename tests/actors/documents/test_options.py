"""Wishes that no document can be made of are refused, each with what to do."""

import pytest

from actors.documents.options import DocumentOptions, format_of
from db.errors import Invalid
from db.states import DocumentFormat


def test_options_come_back_from_json_and_a_comparison_leaves_nothing_out():
    wanted = DocumentOptions(DocumentFormat.DOCX, policy=3, types=("b", "a"), only_assigned=True, language="de")
    assert DocumentOptions.of_json(wanted.as_json()).as_json() == wanted.as_json()
    compared = DocumentOptions(backup_set=1, other_set=2, only_assigned=True, changed_since="2026-11-01").checked()
    assert (compared.only_assigned, compared.changed_since) == (False, None)


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"types": ("nothing",)}, "no policy type “nothing”"),
        ({"language": "xx"}, "no language “xx”. Choose one of: en, de"),
        ({"other_set": 2}, "choose two backup sets"),
        ({"backup_set": 2, "other_set": 2}, "two different"),
        ({"changed_since": "yesterday"}, "“yesterday” is no day. Give one such as 2026-11-01"),
    ],
)
def test_wishes_are_refused(wishes, why):
    with pytest.raises(Invalid, match=why):
        DocumentOptions(**wishes).checked()


def test_the_ending_of_a_file_says_its_format():
    assert [format_of(f"a.b.{ending}") for ending in ("HTML", "md", "csv", "docx")] == list(DocumentFormat)
    with pytest.raises(Invalid, match=r"does not end in one of: \.html, \.md, \.csv, \.docx"):
        format_of("report.pdf")
