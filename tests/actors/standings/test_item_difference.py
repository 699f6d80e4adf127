"""The whole difference of an item: nothing to compare, a lost content, and an item of another version."""

import pytest

from actors.standards import comparing
from actors.standings.item_difference import ASSIGNMENTS, choosable_places, difference_of
from db.audit.audit import SYSTEM
from db.models import Content, StandardAdoption, StandardCell
from db.standards import exceptions
from db.states import ExceptionKind
from tests.support.standard_rows import (
    CATALOG,
    assigned,
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


def test_each_place_that_differs_can_be_left_to_the_tenant(cast):
    standard = new_standard()
    key, everybody = guid(1), guid(90)
    wanted = catalog_body("Ring", "as the standard says")
    version_of(standard, item_of(key, wanted, assignments=assigned(everybody)))
    adoption = follow(standard, cast.contoso)
    assert choosable_places(adoption, key) == [], "nothing is there to be compared"
    has(adoption, key, guid(11), catalog_body("Ring", "secret words of the tenant"))
    listed_now(cast.contoso, CATALOG)
    places = choosable_places(adoption, key)
    assert [place["path"] for place in places] == ["body/description", "assignments"]
    assert places[1] == ASSIGNMENTS
    assert "secret words" not in str(places)
    asked = exceptions.ask(standard, key, ExceptionKind.OTHERWISE, "r", SYSTEM, tenant=cast.contoso,
                           paths=[place["path"] for place in places])  # fmt: skip
    exceptions.approve(asked, SYSTEM, needs_another=False)
    comparing.compare(StandardAdoption.get().id)
    assert StandardCell.get().state == "excepted", "each of them is allowed by now"
    assert choosable_places(adoption, key) == places, "and may be chosen again, for another exception"
    assert choosable_places(adoption, "gone") == []
