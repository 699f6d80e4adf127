"""Which policy of a tenant each item of its standard is: found by id or by a name that is alone, else asked for."""

import pytest

from actors.standards import comparing, linking
from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import Coverage, Mapping, Policy, Standard, StandardAdoption, StandardCell
from db.policies import policies
from db.restores import mappings
from db.standards import adoptions, links
from db.states import Ring
from tests.support.captures import capture_by_hand
from tests.support.following import CATALOG, listed_whole, standard_of

pytestmark = [pytest.mark.usefixtures("lock_order"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
TAGS = "roleScopeTags"


def guid(number):
    return f"{number:08d}-1111-4111-8111-111111111111"


def body(name, platform="windows10"):
    return {"name": name, "platforms": platform, "technologies": "mdm", "settings": []}


def there(tenant, number, name, platform="windows10", policy_type=CATALOG):
    """Put a policy with a snapshot into the tenant's rows."""
    policy = Policy.create(tenant=tenant, policy_type=policy_type, graph_id=guid(number), name=name, platform=platform)
    capture_by_hand(policy, SYSTEM, body(name, platform))
    return policy.graph_id


def adopted(cast, items, **made):
    standard, _ = standard_of({guid(key): (CATALOG, body(*row), {}) for key, row in items.items()}, **made)
    return adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)


def linked(adoption):
    """Return the items' numbers -> the numbers of the policies that they are."""
    linking.link(adoption)
    found = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)
    return {int(key[:8]): int(target[:8]) for (_, key), target in found.items()}


def test_a_policy_is_the_item_by_its_id_or_as_the_only_one_of_its_name(cast):
    there(cast.contoso, 1, "renamed since")  # the item's own id: the standard was taken from here
    there(cast.contoso, 12, " CT - Ring")  # its name with this tenant's prefix
    there(cast.contoso, 13, "Firewall", "macOS")
    there(cast.contoso, 23, "Firewall")
    there(cast.contoso, 14, "Twin")
    there(cast.contoso, 24, "Twin")
    prefix = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST - ", "object": None,
              "places": [{"item": guid(2), "path": ["body", "name"]}]}  # fmt: skip
    items = {1: ("BitLocker",), 2: ("ST - Ring",), 3: ("Firewall",), 4: ("Twin",), 5: ("Not there",)}
    adoption = adopted(cast, items, parameters=[prefix])
    adoptions.set_values(adoption, {"prefix": "CT - "}, {}, SYSTEM)
    assert linked(adoption) == {}, "no list was whole: a name that is alone in it says nothing"
    listed_whole(cast.contoso, CATALOG) if not Coverage.select().exists() else Coverage.update(
        listed_at=adoption.adopted_at
    ).execute()
    assert linked(adoption) == {1: 1, 2: 12, 3: 23}
    assert links.candidates_of(adoption) == {guid(4): [[guid(14), "Twin"], [guid(24), "Twin"]]}
    assert "2 policies of this name" in StandardCell.get().why
    # What is known is not guessed anew, whatever the names are by now.
    Policy.update(name="Something else").where(Policy.graph_id == guid(12)).execute()
    there(cast.contoso, 32, "CT - Ring")
    there(cast.contoso, 15, "Not there")
    assert linked(adoption) == {1: 1, 2: 12, 3: 23, 5: 15}
    # One of the two is deleted: the other one is it, and nobody is asked any longer.
    policies.mark_gone(Policy.get(Policy.graph_id == guid(24)))
    assert linked(adoption)[4] == 14
    assert links.candidates_of(adoption) == {}
    assert {row.set_by_id for row in Mapping.select()} == {None}


def test_a_person_says_which_one_it_is_or_that_it_is_none(cast, monkeypatch):
    listed_whole(cast.contoso, CATALOG)
    for number in (14, 24, 15, 25, 16):
        there(cast.contoso, number, "Twin" if number % 10 == 4 else "Other")
    adoption = adopted(cast, {4: ("Twin",), 5: ("Other",)})
    actor = Actor("Max", cast.max.id)
    assert linked(adoption) == {}
    assert len(links.candidates_of(adoption)) == 2
    StandardAdoption.update(due_since=None).execute()
    linking.confirm_link(adoption, guid(4), guid(24), actor)
    linking.confirm_link(adoption, guid(5), None, actor)
    assert StandardAdoption.get().due_since
    assert links.candidates_of(adoption) == {}
    assert linked(adoption) == {4: 24}, "what a person said is not asked again"
    assert mappings.declined(cast.contoso, adoption.standard.uid) == {(CATALOG, guid(5))}
    assert {row.set_by_id for row in Mapping.select()} == {cast.max.id}
    for given, said in ((guid(24), "two items cannot be one"), (guid(99), "no such policy"), ("", "no such policy")):
        with pytest.raises(Invalid, match=said):
            linking.confirm_link(adoption, guid(5), given, actor)
    with pytest.raises(Invalid, match="no such item"):
        linking.confirm_link(adoption, guid(77), guid(14), actor)
    linking.confirm_link(adoption, guid(5), guid(16), actor)  # thought better of
    assert linked(adoption) == {4: 24, 5: 16}


def test_a_policy_that_another_standard_holds_is_asked_for_first(cast):
    listed_whole(cast.contoso, CATALOG)
    there(cast.contoso, 11, "Ring")
    first = adopted(cast, {1: ("Ring",)}, name="First")
    second = adopted(cast, {2: ("Ring",)}, name="Second")
    assert linked(first) == {1: 11}
    assert linked(second) == {}
    assert links.candidates_of(second) == {guid(2): [[guid(11), "Ring"]]}
    with pytest.raises(Invalid, match="to and fro"):
        linking.confirm_link(second, guid(2), guid(11), SYSTEM)
    adoptions.leave(first, SYSTEM)
    assert linked(second) == {2: 11}


def test_an_id_that_every_tenant_gives_itself_is_no_policy_of_another(cast):
    """A scope tag has the id "1" in each tenant: only in the one that it was taken from is it the same."""
    listed_whole(cast.contoso, TAGS)
    Policy.create(tenant=cast.contoso, policy_type=TAGS, graph_id="0", name="Default", is_built_in=True)
    Policy.create(tenant=cast.contoso, policy_type=TAGS, graph_id="1", name="Something else")
    items = {"0": (TAGS, {"displayName": "Default"}, {}), "1": (TAGS, {"displayName": "Berlin"}, {})}
    standard, _ = standard_of(items)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    linking.link(adoption)
    assert mappings.targets_by_key(cast.contoso, standard.uid) == {(TAGS, "0"): "0"}
    standard_of(items, standard=Standard.get(), source_tenant=cast.contoso)
    linking.link(adoption)
    assert mappings.targets_by_key(cast.contoso, standard.uid) == {(TAGS, "0"): "0", (TAGS, "1"): "1"}


def test_an_item_of_the_next_version_waits_too_while_the_cells_of_this_one_are_worked_out(cast):
    listed_whole(cast.contoso, CATALOG)
    for number in (14, 24):
        there(cast.contoso, number, "Twin")
    adoption = adopted(cast, {1: ("Ring",)})
    StandardAdoption.update(version=adoption.standard.versions.get()).execute()
    standard_of({guid(4): (CATALOG, body("Twin"), {})}, standard=adoption.standard)
    for _ in range(2):
        comparing.compare(adoption.id)
        assert links.candidates_of(adoption).keys() == {guid(4)}
    standard_of({guid(1): (CATALOG, body("Ring"), {})}, standard=adoption.standard)
    comparing.compare(adoption.id)
    assert links.candidates_of(adoption) == {}, "a later version does not have it any more"
