"""How one tenant follows a standard: what its reader, its manager and an editor of standards see and do."""

import pytest

from actors.standards import linking
from db.audit.audit import SYSTEM
from db.models import Policy, StandardAdoption, StandardCell
from db.restores import mappings
from db.standards import adoptions
from db.states import CellState, Ring, SiteRole
from tests.support.captures import capture_by_hand
from tests.support.following import CATALOG, listed_whole, standard_of
from tests.web.views.standards.test_followers import send, text

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OTHER_GROUP = "22222222-3333-4333-8333-333333333333"
PREFIX = {"name": "prefix", "kind": "prefix", "label": "Prefix <i>", "default": "ST", "object": None, "places": [{}]}
GROUP = {"name": "group", "kind": "object", "label": "g", "default": None, "places": [],
         "object": {"kind": "groups", "id": "11111111-3333-4333-8333-333333333333"}}  # fmt: skip


@pytest.fixture
def followed(cast):
    """Contoso follows a standard of two items, one of which may be either of two policies; (adoption, address)."""
    items = {key: (CATALOG, {"name": f"Item <{key}>"}, {}) for key in "ab"}
    standard, _ = standard_of(items, parameters=[PREFIX, GROUP])
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    for number in "12":
        policy = Policy.create(tenant=cast.contoso, policy_type=CATALOG, graph_id=number * 8, name="Item <a>")
        capture_by_hand(policy, SYSTEM, {"name": "Item <a>"})
    listed_whole(cast.contoso, CATALOG)
    linking.link(adoption)
    return adoption, f"/standards/{standard.id}/tenants/{cast.contoso.id}"


def test_a_manager_chooses_ring_values_and_whether_to_follow(client, sign_in, cast, followed):
    adoption, address = followed
    other = adoptions.adopt(adoption.standard, cast.fabrikam, Ring.ALL, SYSTEM)
    for person, may in ((cast.rita, False), (cast.max, True)):
        sign_in(client, person)
        page = text(client, address)
        assert "Item &lt;a&gt;" in page
        assert "to be confirmed" in page
        assert "Prefix &lt;i&gt;" in page
        assert ("Follow it no longer" in page) == may
        assert "Fabrikam" not in page
        assert send(client, f"{address}/ring", ring="early").status_code == (303 if may else 403)
        assert client.get(f"/standards/{adoption.standard_id}/tenants/{cast.fabrikam.id}").status_code == 403
        assert "Base" in text(client, f"/tenants/{cast.contoso.id}")
    refused = send(client, f"{address}/values", **{"value:prefix": "x" * 61, "value:group": "id of a group"})
    assert refused.status_code == 400
    assert "60 characters" in refused.text
    assert "id of a group" in refused.text
    assert send(client, f"{address}/values", **{"value:no": "x"}).status_code == 400
    form = {"value:prefix": "CT - ", "value:group": "", "chosen:group": OTHER_GROUP}
    assert send(client, f"{address}/values", **form).status_code == 303
    now = StandardAdoption.get_by_id(adoption.id)
    assert (now.ring, now.values) == ("early", {"prefix": "CT - "})
    key = ("groups", GROUP["object"]["id"])
    assert mappings.targets_by_key(cast.contoso, adoption.standard.uid) == {key: OTHER_GROUP}
    assert "CT - " in text(client, address)
    assert OTHER_GROUP in text(client, address)
    StandardAdoption.update(folded_tag="gold").execute()
    assert "its tag “gold”" in client.get(send(client, f"{address}/leave").location).text
    StandardAdoption.update(folded_tag=None).execute()
    assert send(client, f"{address}/leave").location == f"/tenants/{cast.contoso.id}"
    assert client.get(address).status_code == 403, "nothing of theirs follows it any longer"
    assert [row.id for row in StandardAdoption.select()] == [other.id]


def test_an_editor_sees_states_and_no_names_of_the_tenants_policies(client, sign_in, cast, followed):
    adoption, address = followed
    StandardCell.update(state=CellState.DIFFERS, policy=Policy.get(Policy.graph_id == "1" * 8)).execute()
    mappings.remember_found(cast.contoso, adoption.standard.uid, {(CATALOG, "b"): ("2" * 8, "Secret name")}, {})
    Policy.update(name="Secret name").where(Policy.graph_id == "2" * 8).execute()
    cast.sam.site_role = SiteRole.STANDARD_EDITOR
    cast.sam.save()
    sign_in(client, cast.sam)  # of Fabrikam, and an editor
    page = text(client, address)
    assert "Contoso" in page
    assert "differs" in page
    assert "not looked at yet" in page
    assert "Secret name" not in page
    assert "Prefix" not in page
    assert 'action="' + address not in page
    chosen = text(client, f"{address}?state=differs")
    assert "Item &lt;a&gt;" in chosen
    assert "Item &lt;b&gt;" not in chosen
    assert send(client, f"{address}/ring", ring="early").status_code == 403
    sign_in(client, cast.rita)
    assert "Secret name" in text(client, address)
