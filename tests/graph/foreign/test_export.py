"""What is kept of an export."""

from graph.foreign.export import FORMAT_TITLES, FindingKind, ForeignFormat, ForeignPolicy
from tests.support.product_modules import ROOT


def test_every_format_has_a_title_and_a_finding_is_noted_once():
    assert set(FORMAT_TITLES) == set(ForeignFormat)
    policy = ForeignPolicy("a.json", ForeignFormat.CIPP, "groups", "1", "A", {"body": {}, "assignments": None})
    for _ in range(2):
        policy.note(FindingKind.ASK, "Which?")
    assert len(policy.findings) == 1
    assert not policy.has_own_id


def test_every_format_is_in_the_documents():
    text = (ROOT / "docs" / "importing.md").read_text()
    assert all(f"| {title} |" in text for title in FORMAT_TITLES.values())
