"""A document of what differs between two sets: values on both sides, and who did it."""

import pytest

from actors.documents.options import DocumentOptions
from actors.standards.comparing import compare
from db.clock import utcnow
from db.errors import Invalid
from db.models import Content, StandardException
from db.states import DocumentFormat, ExceptionKind
from tests.support.changes import record_change, record_event
from tests.support.documents import captured_policies, keep_set, text_of
from tests.support.standard_rows import (
    CATALOG,
    catalog_body,
    follow,
    guid,
    has,
    item_of,
    listed_now,
    new_standard,
    version_of,
)

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


def test_a_tenant_beside_its_standard_is_told_by_state_and_never_as_a_share(cast):
    standard = new_standard("Base <1>")
    items = [item_of(key, catalog_body(f"Item {key}", "wanted", isOn=True)) for key in ("same", "other", "own", "lost")]
    version_of(standard, *items, item_of("none", catalog_body("Item | none")))
    adoption = follow(standard, cast.contoso)
    subject = {"standard": standard.id}
    assert "Nobody has looked yet." in text_of(cast.contoso, **subject)
    for number, key in enumerate(("same", "other", "own", "lost")):
        ours = {"description": "ours here"} if key in ("other", "own") else {}
        body = {**catalog_body(f"Item {key}", "wanted", isOn=True, password="hush~1"), **ours}
        _, snapshot = has(adoption, key, guid(number + 1), body)
    Content.update(sealed=b"broken").where(Content.id == snapshot.content_id).execute()
    listed_now(cast.contoso, CATALOG)
    StandardException.create(
        standard=standard, tenant=cast.contoso, item_key="own", kind=ExceptionKind.OTHERWISE,
        paths=["body/description"], reason="Older", approved_at=utcnow(),
    )  # fmt: skip
    compare(adoption.id)
    told = text_of(cast.contoso, **subject)
    for part in (r"Standard “Base \<1\>”, version 1", "- **As the standard wants it:** 1 policy",
                 "- **Could not be read, so nobody knows:** 1 policy", "- **Missing:** 1 policy",
                 "## Different from the standard", "| Description | ours here | wanted |",
                 "## Otherwise, as an exception allows"):  # fmt: skip
        assert part in told, part
    assert "hush~1" not in told
    assert "%" not in told
    table = text_of(cast.contoso, DocumentFormat.CSV, **subject)
    assert "In the standard,,Description,wanted," in table
    assert "State,,Missing," in table
    german = text_of(cast.contoso, language="de", **subject)
    assert "## Anders als der Standard" in german
    assert "Ein Inhalt ließ sich nicht öffnen" in german
    with pytest.raises(Invalid, match="does not follow"):
        text_of(cast.fabrikam, **subject)
    with pytest.raises(Invalid, match="Choose one"):
        DocumentOptions(standard=standard.id, policy=1).checked()
