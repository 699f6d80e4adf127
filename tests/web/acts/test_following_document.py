"""How a tenant follows, for programs: names of its policies and its values only for who sees the tenant."""

import pytest

from db.audit.audit import SYSTEM
from db.models import StandardAdoption
from db.restores import mappings
from db.standards import adoptions, links
from db.standards.links import UnsureItem
from db.states import Ring
from tests.support.following import CATALOG, standard_of
from web.acts import following_document

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_the_tenant_has_is_left_out_for_who_does_not_see_it(cast):
    prefix = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST", "object": None, "places": []}
    items = {key: (CATALOG, {"name": f"Item {key}"}, {}) for key in "ab"}
    standard, version = standard_of(items, parameters=[prefix])
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM, folded_tag="gold")
    StandardAdoption.update(version=version).execute()
    there = "10000001-0000-4000-8000-000000000000"
    mappings.remember_found(cast.contoso, standard.uid, {(CATALOG, "a"): (there, "Contoso policy 1")}, {})
    links.save_unsure(adoption, {"b": UnsureItem(CATALOG, "Item b", [["id", "Their own name"]], "Which?")})
    adoption = StandardAdoption.get()
    whole, part = (following_document.details(adoption, sees_tenant=sees) for sees in (True, False))
    assert (whole["version"], whole["tag"]) == (1, "gold")
    assert [row["policy"] is None for row in whole["items"]] == [False, True]
    assert whole["items"][1]["candidates"] == [{"graph_id": "id", "name": "Their own name"}]
    assert [row["policy"] for row in part["items"]] == [None, None]
    assert "Their own name" not in str(part)
    assert part["parameters"] == []
    assert [row["state"] for row in part["items"]] == [None, "unsure"]
