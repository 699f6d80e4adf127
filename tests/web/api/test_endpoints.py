"""The order in which a request is looked at, and that nothing but a token signs a program in."""

from db.states import Scope


def test_only_a_token_opens_the_api_and_opens_nothing_else(cast, api, client, sign_in):
    program = api(cast.rita)
    sign_in(client, cast.rita)
    by_cookie = client.get("/api/v1/me")
    assert (by_cookie.status_code, by_cookie.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Tenantkeep"')
    assert program.get("/me").status_code == 200
    assert "Set-Cookie" not in program.get("/me").headers
    page = program.get("http://localhost/tenants/", headers={"Accept": "application/json"})
    assert page.status_code == 401


def test_each_thing_that_is_wrong_with_a_request_has_its_status_and_one_sentence(cast, api):
    program, reads = api(cast.ada), api(cast.ada, Scope.AUDIT)
    wrong = {
        400: program.get("/tenants?limit=0&colour=red"),
        403: reads.get("/tenants"),
        404: program.get("/tenants/4711"),
        405: program.open("DELETE", "/me"),
        406: program.get("/me", headers={"Accept": "text/html"}),
    }
    for status, answer in wrong.items():
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["status"] == status
        assert answer.json["detail"]
        assert answer.headers["X-Request-Id"] == answer.json["request_id"]
    assert [error["field"] for error in wrong[400].json["errors"]] == ["limit", "colour"]
    assert "the scope “read”" in wrong[403].json["detail"]


def test_an_object_is_sent_again_only_when_it_is_another(cast, api):
    program = api(cast.rita)
    first = program.get(f"/tenants/{cast.contoso.id}")
    again = program.get(f"/tenants/{cast.contoso.id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.get_data()) == (200, 304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert program.get("/tenants").headers["Cache-Control"] == "no-store"
    head = program.open("HEAD", f"/tenants/{cast.contoso.id}")
    assert (head.status_code, head.headers["ETag"]) == (200, first.headers["ETag"])
