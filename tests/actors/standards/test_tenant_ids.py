"""The ids of a standard's objects in a tenant: by mapping, by the very id, by the one name; and back again."""

import pytest

from actors.standards.tenant_ids import TenantIds
from db.runs import name_cache
from tests.support.standard_rows import (
    ACCESS,
    CATALOG,
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
MAPPED, NAMED, TWINS, SAME, NOBODY, OWN = map(guid, range(1, 7))
HERE_MAPPED, HERE_NAMED, HERE_TWIN, HERE_TWIN_2 = map(guid, range(11, 15))


def groups_of(content):
    return [assignment["target"]["groupId"] for assignment in content["assignments"]]


def test_every_id_becomes_the_tenants_where_it_is_known_and_comes_back(cast):
    standard = new_standard()
    names = {"groups": {NAMED: "Pilot users", TWINS: "Twin", NOBODY: "Nobody knows"}}
    assignments = assigned(MAPPED.upper(), NAMED, TWINS, SAME, NOBODY)
    version = version_of(standard, item_of("k", catalog_body("Base"), assignments=assignments, references=names))
    adoption = follow(standard, cast.contoso)
    is_mapped(adoption, "groups", MAPPED, HERE_MAPPED)
    here = {HERE_NAMED: "Pilot users ", HERE_TWIN: "Twin", HERE_TWIN_2: "Twin", SAME: "Same in both"}
    name_cache.save_names(cast.contoso, {"groups": here})
    [item] = version.items
    ids = TenantIds(cast.contoso, standard, [item])
    content = {"body": catalog_body("Base"), "assignments": assignments}
    there = ids.to_tenant(item, content)
    assert groups_of(there) == [HERE_MAPPED, HERE_NAMED, TWINS, SAME, NOBODY]
    back = ids.to_standard(CATALOG, {**there, "assignments": [*there["assignments"], *assigned(OWN)]})
    assert groups_of(back) == [MAPPED, NAMED, TWINS, SAME, NOBODY, OWN]
    assert ids.own_objects(CATALOG, back, content) == {("groups", OWN)}


def test_small_numbers_are_ids_only_where_they_were_given_and_an_item_is_never_known_by_its_name(cast):
    standard = new_standard()
    tag, location = item_of("7", {"displayName": "Tag"}, "roleScopeTags"), guid(20)
    body = {"displayName": "Block", "state": "enabled", "conditions": {"locations": {"includeLocations": [location]}}}
    block = item_of(guid(21), body, ACCESS, references={"namedLocations": {location: "Office"}})
    place = item_of(location, {"displayName": "Office"}, "namedLocations")
    user = item_of("u", catalog_body("Uses a tag", roleScopeTagIds=["3"]))
    version = version_of(standard, tag, block, place, user)
    adoption = follow(standard, cast.contoso)
    has(adoption, "", guid(30), {"displayName": "Office"}, "namedLocations", None)
    has(adoption, "", "3", {"displayName": "Another"}, "roleScopeTags")
    items = list(version.items)
    content = {"body": catalog_body("x", roleScopeTagIds=["3"]), "assignments": []}
    for is_source in (True, False):
        ids = TenantIds(cast.contoso, standard, items, is_source=is_source)
        locations = ids.to_tenant(items[1], {"body": body, "assignments": None})["body"]["conditions"]["locations"]
        assert locations == {"includeLocations": [location]}
        assert ids.to_tenant(items[3], content)["body"]["roleScopeTagIds"] == ["3"]
        assert ids.target_of(items[2]) is None
        assert ids.own_objects(CATALOG, content, {"body": {}, "assignments": []}) == {("roleScopeTags", "3")}
