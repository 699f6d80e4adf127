"""From a cell to a plan: a draft of an ordinary restore, for whoever may restore there."""

import pytest

from actors.standards.comparing import compare
from db.models import Restore, RestoreItem
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
from tests.web.views.standards.test_followers import send

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_one_item_or_all_that_is_to_do_becomes_a_draft(client, sign_in, cast):
    standard = new_standard()
    version_of(standard, *(item_of(key, catalog_body(f"Item {key}", "wanted")) for key in "abc"))
    adoption = follow(standard, cast.contoso)
    has(adoption, "a", guid(1), catalog_body("Item a", "ours"))
    has(adoption, "b", guid(2), catalog_body("Item b", "wanted"))
    listed_now(cast.contoso, CATALOG)
    compare(adoption.id)
    address = f"/standards/{standard.id}/tenants/{cast.contoso.id}"
    sign_in(client, cast.rita)
    assert send(client, f"{address}/plan", key="a").status_code == 403
    sign_in(client, cast.ada)
    page = client.get(f"/standards/{standard.id}/matrix").text
    assert page.count(f'action="{address}/plan"') == 2, "one differs, and one is missing"
    for key, planned in (("a", {"a"}), ("", {"a", "c"})):
        answer = send(client, f"{address}/plan", key=key)
        restore = Restore.select().order_by(Restore.id.desc()).get()
        assert answer.headers["Location"] == f"/restores/{restore.id}"
        items = RestoreItem.select(RestoreItem.graph_id).where(RestoreItem.restore == restore)
        assert {graph_id for (graph_id,) in items.tuples()} == planned
        assert (restore.source_directory_id, restore.state) == (standard.uid, "draft")
    assert send(client, f"{address}/plan", key="unknown").headers["Location"].endswith("/item?key=unknown")
    assert Restore.select().count() == 2
