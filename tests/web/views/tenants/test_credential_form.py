"""The form of a credential: each kind, and what it lacks."""

from datetime import datetime

import pytest

from db.errors import Invalid
from web.views.tenants import credential_form


def test_form_gives_the_kind_that_was_chosen(app):
    def read(**fields):
        with app.test_request_context(method="POST", data=fields):
            return credential_form.read()

    given = read(secret="a secret", expires="2099-06-30")
    assert (given.kind, given.values, given.expires_at) == (
        "secret", {"secret": "a secret"}, datetime(2099, 6, 30, 23, 59, 59))  # fmt: skip
    assert read(kind="shared").values == {}
    guid = "ffffffff-1111-4111-8111-111111111111"
    assert read(kind="managed_identity", identity_client_id=guid).values == {"identity_client_id": guid}
    for wrong, sentence in (
        ({"secret": "x", "expires": "soon"}, "as 2028-06-30"),
        ({"kind": "managed_identity", "identity_client_id": "x"}, "must be a GUID"),
        ({"kind": "federated"}, "TENANTKEEP_FEDERATED_TOKEN_FILE"),
        ({}, "empty"),
    ):
        with pytest.raises(Invalid, match=sentence):
            read(**wrong)
