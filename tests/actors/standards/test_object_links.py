"""What the objects that a standard refers to are in a tenant: itself, what was written, the one of its name."""

import pytest

from actors.standards import linking, object_links
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Content, DirectoryName, Policy, Restore, RestoreItem
from db.policies import snapshots
from db.restores import mappings
from db.standards import adoptions
from db.states import Ring
from tests.support.following import CATALOG, listed_whole, standard_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILTERS, TAGS = "assignmentFilters", "roleScopeTags"


def parameter(kind, object_id):
    return {"name": f"{kind} {object_id}", "kind": "object", "label": object_id, "default": None,
            "object": {"kind": kind, "id": object_id}, "places": []}  # fmt: skip


def guid(number):
    return f"{number:08d}-2222-4222-8222-222222222222"


def test_what_cannot_be_another_is_found_and_the_rest_waits_for_a_person(cast):
    keys = [("groups", guid(1)), ("groups", guid(2)), ("groups", guid(3)), (FILTERS, guid(4)), (FILTERS, guid(5)),
            (TAGS, "0"), (TAGS, "1")]  # fmt: skip
    names = {
        "groups": {guid(1): "Own", guid(2): "Everybody", guid(3): "Written"},
        FILTERS: {guid(4): "Corporate", guid(5): "Twin"},
        TAGS: {"0": "Default", "1": "Berlin"},
    }
    items = {"k": (CATALOG, {"name": "Ring"}, names)}
    standard, version = standard_of(items, parameters=[parameter(*key) for key in keys])
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    for number, name in ((1, "Own"), (12, "Everybody")):
        DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=guid(number), name=name, asked_at=utcnow())
    for policy_type, object_id, name in (
        (FILTERS, guid(14), "Corporate"), (FILTERS, guid(15), "Twin"), (FILTERS, guid(25), "Twin"),
        (TAGS, "0", "Default"), (TAGS, "1", "Munich"),
    ):  # fmt: skip
        Policy.create(
            tenant=cast.contoso, policy_type=policy_type, graph_id=object_id, name=name, is_built_in=object_id == "0"
        )
    listed_whole(cast.contoso, FILTERS, TAGS)
    restore = Restore.create(tenant=cast.contoso, source_directory_id=standard.uid, source_name="s", state="finished",
                             options={})  # fmt: skip
    wrote = {"kind": "groups", "id": guid(3), "name": "Written", "how": "name", "to": guid(13), "to_name": "Written"}
    content = Content.get_by_id(snapshots.save_content(cast.contoso.id, {"body": {}}, "f" * 64))
    RestoreItem.create(restore=restore, policy_type=CATALOG, graph_id="k", name="Ring", content=content, references={},
                       outcome="updated", resolutions=[wrote])  # fmt: skip
    assert object_links.parameters([version]).keys() == set(keys)
    linking.link(adoption)
    assert mappings.targets_by_key(cast.contoso, standard.uid) == {
        ("groups", guid(1)): guid(1),
        ("groups", guid(3)): guid(13),
        (FILTERS, guid(4)): guid(14),
        (TAGS, "0"): "0",
    }, "a group of the name may be one of several: nobody has listed them"
    assert object_links.found(adoption, [version])[0] == {}
