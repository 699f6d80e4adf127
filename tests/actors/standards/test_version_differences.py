"""What differs between two versions, counted and in words."""

from actors.standards import version_differences
from tests.support.standard_rows import catalog_body, item_of, new_standard, version_of


def test_only_what_became_another_is_opened_and_secrets_are_masked(database, monkeypatch):
    standard = new_standard()
    before = version_of(standard, item_of("a", catalog_body("A", "was")), item_of("b", catalog_body("B")),
                        parameters=[{"name": "old"}])  # fmt: skip
    after = version_of(standard, item_of("a", catalog_body("A", "is", password="hush~9")),
                       item_of("c", catalog_body("C")), parameters=[{"name": "new"}])  # fmt: skip
    found = version_differences.between(before, after)
    assert ([item.key for item in found.added], [item.key for item in found.removed]) == (["c"], ["b"])
    assert [item.item.key for item in found.changed] == ["a"]
    assert "hush~9" not in str(found)
    assert (found.new_parameters, found.gone_parameters) == ([{"name": "new"}], [{"name": "old"}])
    same = version_of(
        standard, item_of("a", catalog_body("A", "is", password="hush~9")), item_of("c", catalog_body("C"))
    )
    assert version_differences.between(after, same).is_empty
    monkeypatch.setattr(version_differences, "MOST_OPENED", 0)
    assert version_differences.between(before, after).not_opened == 1
