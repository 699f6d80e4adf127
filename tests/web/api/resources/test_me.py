"""A program finds out what its token is good for."""


def test_a_program_learns_where_its_token_is_good_for_what(cast, api):
    answer = api(cast.ada, "read", tenants=[cast.fabrikam]).get("/me").json
    assert (answer["user"]["email"], answer["token"]["scopes"], answer["roles"]) == ("ada@example.com", ["read"], [])
    [role] = api(cast.max).get("/me").json["roles"]
    assert (role["tenant"]["name"], role["role"]) == ("Contoso", "manager")
