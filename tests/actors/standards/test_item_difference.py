"""The whole difference of an item: nothing to compare, a lost content, and an item of another version."""

import pytest

from actors.standards.item_difference import difference_of
from db.models import Content, StandardAdoption
from tests.support.standard_rows import catalog_body, follow, guid, has, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_cannot_be_compared_says_so(cast):
    standard = new_standard()
    adoption = follow(standard, cast.contoso)
    hidden = []
    assert difference_of(adoption, "a", hidden.append, "en") is None, "there is no version yet"
    first = version_of(standard, item_of("a", catalog_body("Disk")), item_of("gone", catalog_body("Gone")))
    version_of(standard, item_of("a", catalog_body("Disk", "wanted"), assignments=None), with_assignments=False)
    assert difference_of(adoption, "gone", hidden.append, "en") is None
    assert difference_of(adoption, "a", hidden.append, "en").snapshot is None
    _, snapshot = has(adoption, "a", guid(1), catalog_body("Disk", "ours"))
    found = difference_of(adoption, "a", lambda content: content, "en")
    assert [(row.label, row.before, row.after) for row in found.counted] == [("Description", "ours", "wanted")]
    StandardAdoption.update(version=first).where(StandardAdoption.id == adoption.id).execute()
    held = StandardAdoption.get_by_id(adoption.id)
    assert difference_of(held, "a", lambda content: content, "en").version.number == 1
    Content.update(sealed=b"rubbish").where(Content.id == snapshot.content_id).execute()
    assert difference_of(held, "a", hidden.append, "en").is_lost
    assert not hidden
