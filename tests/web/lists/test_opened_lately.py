from tests.web.views.installation.test_search import hits


def test_what_was_opened_last_comes_first_for_the_same_person_alone(app, sign_in, cast, captured):
    client = sign_in(app.test_client(), cast.max)
    policy, run, _ = captured[0]
    opened = [f"/policies/{policy.id}", f"/runs/{run.id}", f"/tenants/{cast.contoso.id}", f"/policies/{policy.id}"]
    for address in opened:
        client.get(address)
    assert hits(client, "", "/search")[:3] == [opened[3], opened[2], opened[1]]
    other = sign_in(client, cast.ada)
    assert f"/runs/{run.id}" not in hits(other, "", "/search")
    client.set_cookie("tenantkeep-recent", f"{cast.ada.id}:t{cast.fabrikam.id}.x9.tt.t.{'9' * 40}.r{'9' * 18}")
    assert f"/tenants/{cast.fabrikam.id}" not in hits(other, "", "/search"), "a forged cookie shows nothing"
