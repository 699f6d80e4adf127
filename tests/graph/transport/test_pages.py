import pytest

from graph.errors import Malformed
from graph.transport.pages import check_page_is_new, is_usable_id, next_link, page_elements, page_items, require_id


def test_page_items_needs_objects_where_page_elements_takes_anything():
    page = {"value": [{"id": "1"}, 2]}
    assert page_elements(page) == [{"id": "1"}, 2]
    with pytest.raises(Malformed):
        page_items(page)
    with pytest.raises(Malformed):
        page_elements({})


def test_next_link_is_absent_on_the_last_page_and_must_be_an_address():
    assert next_link({}) is None
    assert next_link({"@odata.nextLink": "https://graph/beta/x?$skiptoken=1"}) == "https://graph/beta/x?$skiptoken=1"
    for link in (1, "/beta/x", "https://graph/\n", "https://gr\u00e4ph/"):
        with pytest.raises(Malformed):
            next_link({"@odata.nextLink": link})


def test_page_link_that_repeats_is_refused():
    seen = set()
    check_page_is_new(seen, "a")
    with pytest.raises(Malformed, match="twice"):
        check_page_is_new(seen, "a")


@pytest.mark.parametrize("object_id", [None, 1, "", "a/b", "..", "a\n", "a" * 201])
def test_unusable_id_is_refused(object_id):
    assert not is_usable_id(object_id)
    with pytest.raises(Malformed):
        require_id({"id": object_id})
