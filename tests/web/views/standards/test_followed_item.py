"""An item in a tenant: a manager says which policy it is, an operator asks for an exception, an approver decides."""

import pytest

from db.models import StandardCell, StandardException
from db.restores import mappings
from db.standards import exceptions
from db.states import CellState, SiteRole
from tests.support.following import CATALOG
from tests.web.views.standards.test_followers import send, text
from tests.web.views.standards.test_following import followed  # noqa: F401 - a fixture

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_manager_says_which_policy_it_is(client, sign_in, cast, followed):  # noqa: F811
    adoption, address = followed
    sign_in(client, cast.ada)
    page = text(client, f"{address}/item?key=a")
    assert "Which policy is it?" not in page
    assert "Ask for an exception" in page
    assert send(client, f"{address}/link", key="a", graph_id="1" * 8).status_code == 403
    sign_in(client, cast.max)
    page = text(client, f"{address}/item?key=a")
    assert 'value="11111111"' in page
    assert 'value="22222222"' in page
    refused = send(client, f"{address}/link", key="a", typed_id="elsewhere")
    assert refused.status_code == 400
    assert "no such policy" in refused.text
    assert "elsewhere" in refused.text
    assert "Choose a policy" in send(client, f"{address}/link", key="a").text
    assert send(client, f"{address}/link", key="a", graph_id="2" * 8).status_code == 303
    assert mappings.targets_by_key(cast.contoso, adoption.standard.uid) == {(CATALOG, "a"): "2" * 8}
    assert send(client, f"{address}/link", key="a", graph_id="none").status_code == 303
    assert "none of its policies: made anew" in text(client, f"{address}/item?key=a")
    for key in ("c", "x" * 300):
        assert client.get(f"{address}/item", query_string={"key": key}).status_code == 404


def test_an_exception_is_asked_for_approved_by_another_and_ended(client, sign_in, cast, followed):  # noqa: F811
    adoption, address = followed
    places = [{"path": "body/settings/*", "label": "Require <b>", "how": "changed"}]
    StandardCell.update(state=CellState.DIFFERS, places=places, difference_count=1).execute()
    sign_in(client, cast.ada)
    assert "Require &lt;b&gt;" in text(client, f"{address}/item?key=a")
    form = {"key": "a", "kind": "otherwise", "reason": "CAB <12>", "until": "2027-01-31"}
    refused = send(client, f"{address}/exceptions", **form)
    assert refused.status_code == 400
    assert "CAB &lt;12&gt;" in refused.text
    assert "at least one setting" in refused.text
    for wrong in ({"kind": "x"}, {"until": "soon"}):
        assert send(client, f"{address}/exceptions", **{**form, "path": "body/settings/*", **wrong}).status_code == 400
    by_tag = {**form, "path": "body/settings/*", "tag": "gold"}
    assert send(client, f"{address}/exceptions", **by_tag).status_code == 403, "it is of every tenant with the tag"
    assert send(client, f"{address}/exceptions", **form, path="body/settings/*").status_code == 303
    asked = StandardException.get()
    assert (asked.paths, str(asked.until)) == (["body/settings/*"], "2027-01-31 23:59:59")
    assert "waits for approval" in text(client, address)
    approve = f"/standards/{adoption.standard_id}/exceptions/{asked.id}/approve"
    assert send(client, approve).status_code == 403
    cast.ada.site_role = cast.sam.site_role = SiteRole.STANDARD_APPROVER
    cast.ada.save(), cast.sam.save()
    assert "somebody else approves it" in client.get(send(client, approve).location).text
    sign_in(client, cast.sam)
    page = text(client, f"/standards/{adoption.standard_id}/tenants/")
    assert "CAB &lt;12&gt;" in page
    assert "asked for by Ada" in page
    assert approve in page
    answer = send(client, approve, next="https://elsewhere.example/")
    assert answer.location == f"/standards/{adoption.standard_id}/tenants/"
    assert exceptions.in_force(adoption).keys() == {"a"}
    sign_in(client, cast.max)
    assert "approved by Sam" in text(client, f"{address}/item?key=a")
    end = f"{address}/exceptions/{asked.id}/end"
    assert "Say why" in client.get(send(client, end).location).text
    assert send(client, end, reason="not needed").status_code == 303
    assert exceptions.in_force(adoption) == {}
    cast.max.site_role = SiteRole.STANDARD_EDITOR
    cast.max.save()
    kept = send(client, f"{address}/exceptions", **{**by_tag, "reason": ""}).text
    assert ('value="gold"' in kept, "Say why" in kept) == (True, True)
    assert send(client, f"{address}/exceptions", **by_tag).status_code == 303
    of_tag = StandardException.select().order_by(StandardException.id.desc()).get()
    assert (of_tag.tenant_id, of_tag.folded_tag, of_tag.paths) == (None, "gold", ["body/settings/*"])
    assert send(client, f"{address}/exceptions/{of_tag.id}/end", reason="r").status_code == 404, "of others too"
