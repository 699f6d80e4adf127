"""A token is good for as long as it lives and as far as its person goes, and each refusal is on the record."""

from datetime import timedelta

import pytest

from db.accounts import api_tokens, users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import ApiToken, AuditEvent, Session
from web.security import attempt_limits


def refusals():
    rows = AuditEvent.select().where(AuditEvent.action == "api-token:refused").order_by(AuditEvent.id)
    return [(event.subject, event.details["why"]) for event in rows]


def test_an_ended_an_expired_an_unknown_token_and_one_of_somebody_deactivated_open_nothing(cast, api):
    ended, expired, unknown, deactivated = api(cast.ada), api(cast.max), api(cast.rita), api(cast.sam)
    rows = {row.user_id: row for row in ApiToken.select()}
    api_tokens.end(rows[cast.ada.id], SYSTEM)
    ApiToken.update(expires_at=utcnow()).where(ApiToken.id == rows[cast.max.id].id).execute()
    unknown.token = unknown.token[:-1] + ("A" if unknown.token[-1] != "A" else "B")
    users.change(cast.sam, SYSTEM, is_active=False)
    said = [program.get("/me") for program in (ended, expired, unknown, deactivated)]
    assert {answer.status_code for answer in said} == {401}
    assert refusals() == [
        ("user ada@example.com", "It was ended."),
        ("user max@example.com", "It expired."),
        ("(unknown token)", "The token is not one of this installation's."),
        ("user sam@example.com", "It was ended."),
    ]
    users.change(cast.sam, SYSTEM, is_active=True)
    assert deactivated.get("/me").status_code == 401, "whoever comes back makes a new one"


def test_refused_tokens_fill_the_audit_log_no_further_than_refused_sign_ins(cast, api, monkeypatch):
    monkeypatch.setattr(attempt_limits, "EVENTS_PER_ADDRESS", attempt_limits.RateLimitItemPerHour(2))
    program = api(cast.ada)
    program.token = "tk_nobody's"
    assert {program.get("/me").status_code for _ in range(5)} == {401}
    assert len(refusals()) == 2


def test_its_last_use_is_noted_once_a_minute(cast, api):
    program = api(cast.ada)
    program.get("/me")
    first = ApiToken.get().last_used_at
    program.get("/me")
    assert (ApiToken.get().last_used_at, ApiToken.get().last_address) == (first, "127.0.0.1")
    ApiToken.update(last_used_at=first - timedelta(minutes=2)).execute()
    program.get("/me")
    assert ApiToken.get().last_used_at >= first
    assert Session.select().count() == 0


@pytest.mark.parametrize("said", ["", "Bearer", "Basic dGs6dGs=", "bearer tk_", "Bearer tk_\x00"])
def test_what_is_no_token_is_no_token(cast, api, said):
    assert api(cast.ada).get("/me", headers={"Authorization": said}).status_code == 401
