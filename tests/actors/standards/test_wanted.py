"""What a version wants of a tenant: its values, its mappings, its own values where an exception says so."""

import pytest

from actors.standards.wanted import wanted_of
from db.clock import utcnow
from db.models import StandardException
from db.states import ExceptionKind
from tests.support.standard_rows import (
    assigned,
    catalog_body,
    follow,
    guid,
    has,
    is_mapped,
    item_of,
    new_standard,
    version_of,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GROUP, HERE, OWN = guid(1), guid(2), guid(3)
PREFIX = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST - ", "object": None,
          "places": [{"item": "a", "path": ["body", "name"]}]}  # fmt: skip


def excepted(adoption, key, kind=ExceptionKind.LEAVE_OUT, *paths):
    facts = {"item_key": key, "kind": kind, "paths": list(paths), "reason": "Older devices", "approved_at": utcnow()}
    return StandardException.create(standard=adoption.standard, tenant=adoption.tenant, **facts)


def test_items_have_the_tenants_values_and_its_own_where_an_exception_allows_it(cast):
    standard = new_standard()
    version = version_of(
        standard,
        item_of("a", catalog_body("ST - Disk", "standard"), assignments=assigned(GROUP)),
        item_of("b", catalog_body("Left out")),
        item_of("c", catalog_body("Not there", "standard")),
        parameters=[PREFIX],
    )
    adoption = follow(standard, cast.contoso, values={"prefix": "CT - "})
    is_mapped(adoption, "groups", GROUP, HERE)
    has(adoption, "a", guid(9), catalog_body("CT - Disk", "ours"), assignments=assigned(HERE, OWN))
    own = excepted(adoption, "a", ExceptionKind.OTHERWISE, "body/description", "assignments")
    excepted(adoption, "b")
    excepted(adoption, "c", ExceptionKind.OTHERWISE, "body/description")
    found = wanted_of(adoption, version)
    assert list(found) == ["a", "b", "c"]
    first = found["a"]
    assert first.rendered["body"]["name"] == first.content["body"]["name"] == "CT - Disk"
    assert (first.rendered["body"]["description"], first.content["body"]["description"]) == ("standard", "ours")
    assert first.content["assignments"] == assigned(GROUP, OWN), "in the standard's ids, as its restores speak"
    assert (first.own_objects, first.exception) == ({("groups", OWN)}, own)
    assert [wanted.is_left_out for wanted in found.values()] == [False, True, False]
    assert found["c"].content["body"]["description"] == "standard", "what is not there is made as the standard has it"
