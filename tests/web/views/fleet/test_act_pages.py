"""The way from the list over the preview to the press."""

import re

import pytest

from db.models import AuditEvent
from db.tenants import tags
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_from_ticks_to_the_result_and_nothing_is_written_on_the_way(client, cast, sign_in):
    sign_in(client, cast.root)
    ticked = {"csrf_token": csrf_token(client, "/"), "rowid": [cast.contoso.id, cast.fabrikam.id], "url": "/tenants/"}
    before = AuditEvent.select().count()
    choose = client.post("/tenants/acts", data=ticked).headers["Location"]
    assert "2 tenants" in client.get(choose).get_data(as_text=True)
    preview = client.get(f"/tenants/acts/preview?{choose.partition('?')[2]}&act=tags&add=gold").get_data(as_text=True)
    assert AuditEvent.select().count() == before
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', preview.partition("/acts/do")[2]))
    answer = client.post("/tenants/acts/do", data=fields, follow_redirects=True)
    assert "Add the tags: gold: done for 2 tenants." in answer.get_data(as_text=True)
    assert set(tags.names_by_tenant(None)) == {cast.contoso.id, cast.fabrikam.id}


def test_who_backs_up_many_is_told_that_they_wait_for_their_turn(client, cast, sign_in):
    sign_in(client, cast.root)
    form = {"csrf_token": csrf_token(client, "/"), "act": "back-up", "chosen": f"{cast.contoso.id},{cast.fabrikam.id}"}
    page = client.post("/tenants/acts/do", data=form, follow_redirects=True).get_data(as_text=True)
    assert "done for 2 tenants. Workers take them one after the other" in page
    again = client.post("/tenants/acts/do", data=form, follow_redirects=True).get_data(as_text=True)
    assert "done for 0 tenants. 2 tenants left as they were." in again
    assert "Workers take them" not in again


def test_without_a_tick_it_says_so_and_an_act_that_is_none_is_404(client, cast, sign_in):
    sign_in(client, cast.root)
    token = {"csrf_token": csrf_token(client, "/")}
    answer = client.post("/tenants/acts", data=token, follow_redirects=True)
    assert "Tick at least one tenant." in answer.get_data(as_text=True)
    assert client.get("/tenants/acts/preview?all=yes&act=explode").status_code == 404
    assert client.post("/tenants/acts/do", data={**token, "act": "explode"}).status_code == 404
