"""API tokens as rows: what may be made, and that the database could give none away."""

import hashlib
from datetime import timedelta

import pytest

from db.accounts import api_tokens, users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import ApiToken, AuditEvent, User


def make(user, name="nightly", scopes=("read",), days=90, **limits):
    return api_tokens.make(user, name, scopes, limits.get("tenants"), limits.get("tags"), days, SYSTEM)


def test_a_token_is_kept_as_its_hash_and_its_making_is_told_without_it(cast):
    row, token = make(cast.ada, tenants=[cast.contoso], tags=["gold"])
    assert len(token) == 46
    assert (row.token_hash, row.prefix) == (hashlib.sha256(token.encode()).hexdigest(), token[:11])
    assert row.expires_at - utcnow() > timedelta(days=89)
    event = AuditEvent.get(AuditEvent.action == "api-token:made")
    assert token not in str(event.__data__) + str(row.__data__)
    assert (event.details["tenants"], event.details["tags"], event.details["scopes"]) == (
        ["Contoso"],
        ["gold"],
        ["read"],
    )


def test_what_makes_no_token_is_refused_with_a_sentence(cast):
    make(cast.ada)
    for wrong in (
        {"scopes": ()},
        {"scopes": ("all",)},
        {"days": 0},
        {"days": 367},
        {"name": " "},
        {"name": "x" * 81},
        {},
    ):
        with pytest.raises(Invalid):
            make(cast.ada, **wrong)
    users.change(cast.rita, SYSTEM, is_active=False)
    with pytest.raises(Invalid, match="deactivated"):
        make(User.get_by_id(cast.rita.id))


def test_tokens_end_with_whoever_else_sets_the_password_and_stay_with_their_person(cast):
    make(cast.ada)
    users.change(cast.ada, SYSTEM, current_session_id=1, password="a long enough password")
    assert ApiToken.get().ended_at is None
    users.change(cast.ada, SYSTEM, password="another long password")
    assert api_tokens.why_unusable(ApiToken.get()) == "It was ended."
    assert not api_tokens.end(ApiToken.get(), SYSTEM), "once"
    assert AuditEvent.select().where(AuditEvent.action == "api-token:ended").count() == 1
