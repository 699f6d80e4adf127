"""A document of what differs between two sets: values on both sides, and who did it."""

import pytest

from db.models import Content
from db.states import DocumentFormat
from tests.support.changes import record_change, record_event
from tests.support.documents import captured_policies, keep_set, text_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_comparison_tells_values_sides_and_authors(cast):
    before = {"name": "Ring", "settings": [], "isOn": True, "days": 3, "password": "hush~1", "list": [{"a": 1}]}
    first, gone = captured_policies(cast.contoso, before, {"name": "Gone", "settings": []})
    [changed] = captured_policies(cast.contoso, before | {"isOn": False, "days": None, "password": "hush~2"})
    sets = [keep_set(cast.contoso, [first, gone]), keep_set(cast.contoso, [changed])]
    record_change(first.policy, seen_at=sets[1].completed_at)
    record_event(first.policy, at=sets[1].completed_at)
    subject = {"backup_set": sets[0].id, "other_set": sets[1].id}
    told = text_of(cast.contoso, **subject)
    for part in ("| Is on | yes | no |", "| Days | 3 | not set |", "This policy is only in the earlier backup set.",
                 r"by anna\@contoso.example", "- **Different:** 2 policies",
                 "Everything that was asked for is in it."):  # fmt: skip
        assert part in told, part
    assert "hush" not in told
    table = text_of(cast.contoso, DocumentFormat.CSV, **subject)
    assert "Before,,Is on,yes," in table
    assert "After,,Is on,no," in table
    assert "Nothing differs." in text_of(cast.contoso, types=("groups",), **subject)
    Content.update(sealed=b"broken").where(Content.id == changed.content_id).execute()
    assert "cannot be opened" in text_of(cast.contoso, **subject)
