"""A version as a document: its policies, its parameters, and what is new in the words of the settings."""

from tests.support.standard_rows import catalog_body, item_of, new_standard, version_of
from web.acts import standard_document


def test_a_version_says_what_is_new_without_any_value(database):
    standard = new_standard()
    first = version_of(standard, item_of("a", catalog_body("A", "was hush~3")), item_of("b", catalog_body("B")))
    parameter = {"name": "p", "kind": "prefix", "label": "P", "default": "", "object": None,
                 "places": [{"item": "a", "path": ["body", "name"]}] * 2}  # fmt: skip
    second = version_of(standard, item_of("a", catalog_body("AA", "is")), item_of("c", catalog_body("C")),
                        parameters=[parameter])  # fmt: skip
    found = standard_document.version_details(second, "Contoso", first)
    assert found["since"]["version"] == 1
    [changed] = found["since"]["changed"]
    assert (changed["key"], changed["was"], changed["differences"]) == ("a", "A", ["Description", "Name"])
    assert [[row["key"] for row in found["since"][part]] for part in ("added", "removed")] == [["c"], ["b"]]
    assert "hush~3" not in str(found)
    assert found["parameters"][0]["items"] == ["a"]
    assert standard_document.version_details(first, "", None)["since"] is None
    summary = standard_document.summary(standard, second, 4)
    assert (summary["newest_version"], summary["items"], summary["followers"]) == (2, 2, 4)
    assert standard_document.summary(standard, None, 0)["newest_version"] is None
