"""Acts that the search offers: by their words and the names of tenants, to whoever may do them."""

import re

import pytest

from db.models import Run
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def acts(client, asked):
    page = client.get("/search", query_string={"q": asked, "part": 1}).get_data(as_text=True)
    return re.findall(r'<form method="post" action="([^"]*)"', page)


def test_an_act_is_found_by_its_words_and_a_name_by_those_who_may_do_it(app, client, sign_in, cast, captured):
    contoso, policy = cast.contoso.id, captured[0][0]
    sign_in(client, cast.ada)
    for asked, expected in (
        ("back up contoso", [f"/tenants/{contoso}/back-up"]),
        ("CONTOSO backup", [f"/tenants/{contoso}/back-up"]),
        ("sync cont", [f"/tenants/{contoso}/sync"]),
        ("capture " + policy.name, [f"/policies/{policy.id}/capture-snapshot"]),
        ("back up fabrikam", []),
        ("contoso", []),
        ("sync", []),
    ):
        assert acts(client, asked) == expected, asked
    token = csrf_token(client, "/notifications/")
    assert client.post(f"/tenants/{contoso}/back-up", data={"csrf_token": token}).status_code in (302, 303)
    assert Run.select().where(Run.kind == "backup_set.capture").count() == 1
    assert acts(sign_in(app.test_client(), cast.rita), "back up contoso") == []


def test_without_a_name_an_act_is_for_the_tenant_that_lists_show(client, sign_in, cast):
    sign_in(client, cast.root)
    client.post(
        "/tenants/choose", data={"tenant": cast.fabrikam.id, "csrf_token": csrf_token(client, "/notifications/")}
    )
    assert acts(client, "sync") == [f"/tenants/{cast.fabrikam.id}/sync"]
