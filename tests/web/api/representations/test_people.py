"""What a token is told of itself holds nothing that would open anything."""

from db.models import ApiToken, User
from db.states import Role
from web.api.representations import people


def test_nothing_of_a_person_or_a_token_that_opens_anything_is_told(cast, api):
    program = api(cast.ada, tenants=[cast.contoso])
    document = people.me(User.get_by_id(cast.ada.id), ApiToken.get(), {cast.contoso.id: Role.OPERATOR}, [cast.contoso])
    text = str(document)
    assert not any(secret in text for secret in (program.token, ApiToken.get().token_hash, cast.ada.password_hash))
    assert document["token"]["tenants"] == [cast.contoso.id]
    assert document["roles"] == [{"tenant": {"id": cast.contoso.id, "name": "Contoso"}, "role": "operator"}]
