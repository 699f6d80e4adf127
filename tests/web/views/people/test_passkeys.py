"""Signing in with a passkey: what an authenticator may answer, and what is refused of it."""

import html
import json
import re
import secrets

import pytest

import config
from db.accounts import passkeys, users
from db.audit.audit import SYSTEM
from db.models import AuditEvent, Passkey, Session, User
from tests.support.authenticator import PRESENT, Authenticator
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token
from tests.web.views.people.test_sign_in import attempt, is_in, refusals

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def begun(client):
    """The options of a new passkey, as the page hands them to the browser."""
    form = {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD, "name": "laptop"}
    page = client.post("/account/passkeys", data=form).get_data(as_text=True)
    return json.loads(html.unescape(re.search(r'data-passkey-new="([^"]*)"', page)[1]))


def added(client, answer):
    form = {"csrf_token": csrf_token(client, "/account/"), "answer": answer}
    return client.post("/account/passkeys/new", data=form)


def asked(client, following=""):
    return client.get(f"/sign-in/passkey?next={following}").json


def entered(client, answer):
    return client.post("/sign-in/passkey", data={"csrf_token": csrf_token(client, "/sign-in"), "answer": answer})


@pytest.fixture
def of_ada(app, cast):
    """Ada's authenticator, with the passkey that she made on her account page."""
    client, made = app.test_client(), Authenticator()
    attempt(client)
    added(client, made.make(begun(client)))
    assert Passkey.get().name == "laptop"
    return made


def test_a_passkey_signs_in_without_a_password_and_without_a_code(app, cast, of_ada):
    client = app.test_client()
    assert entered(client, of_ada.use(asked(client, "/runs/"))).headers["Location"] == "/runs/"
    assert is_in(client)
    assert Session.select().order_by(Session.id.desc()).get().way == "passkey"
    assert Passkey.get().used_at
    event = AuditEvent.select().where(AuditEvent.action == "session:sign-in").order_by(AuditEvent.id.desc()).get()
    assert (event.actor, event.details) == ("ada@example.com", {"by": "passkey"})


def changed(answer, **changes):
    answer = json.loads(answer)
    answer["response"] |= changes
    return json.dumps(answer)


WRONG = {
    "of another site": {"origin": "https://evil.example"},
    "of another port": {"origin": "http://localhost:81"},
    "of http in place of https": {"origin": "https://localhost"},
    "for another host": {"rp_id": "evil.example"},
    "not unlocked": {"flags": PRESENT},
    "without the person": {"flags": 0},
    "with another's handle": {"handle": b"tenantkeep user 2"},
    "without a handle": {"handle": b""},
    "by another key": {"key": Authenticator().key},
    "of a passkey that is not here": {"credential_id": secrets.token_bytes(32)},
}


@pytest.mark.parametrize("how", WRONG)
def test_an_answer_that_is_wrong_in_one_thing_opens_nothing(app, of_ada, how):
    for name, value in WRONG[how].items():
        setattr(of_ada, name, value)
    client = app.test_client()
    assert entered(client, of_ada.use(asked(client))).status_code == 401
    assert not is_in(client)
    assert [by for _, by in refusals()] == ["passkey"]


@pytest.mark.parametrize("how", [name for name in WRONG if "handle" not in name and "key" not in name])
def test_a_passkey_that_is_made_elsewhere_or_unlocked_by_nobody_is_not_taken(app, cast, how):
    client = app.test_client()
    attempt(client)
    added(client, Authenticator(**WRONG[how]).make(begun(client)))
    assert not Passkey.select().exists()
    assert "Nothing was added" in client.get("/account/").get_data(as_text=True)


def test_an_answer_counts_once_and_only_in_the_browser_that_was_asked(app, of_ada):
    client, thief = app.test_client(), app.test_client()
    answer = of_ada.use(asked(client))
    with client.session_transaction() as kept:
        halfway = kept["halfway"]
    asked(thief)
    assert entered(thief, answer).status_code == 401, "another challenge"
    assert entered(app.test_client(), answer).status_code == 401, "none"
    assert entered(client, answer).status_code == 303
    copied = app.test_client()
    token = csrf_token(copied, "/sign-in")
    with copied.session_transaction() as kept:
        kept["halfway"] = halfway
    assert copied.post("/sign-in/passkey", data={"csrf_token": token, "answer": answer}).status_code == 401, "with its"


def test_an_answer_that_comes_too_late_opens_nothing(app, of_ada, monkeypatch):
    import time

    client = app.test_client()
    answer, late = of_ada.use(asked(client)), time.time() + 601
    monkeypatch.setattr("web.security.sealed_cookie.time.time", lambda: late)
    assert entered(client, answer).status_code == 401


def test_a_copied_passkey_is_refused_and_told(app, of_ada):
    of_ada.count = 7
    client = app.test_client()
    assert entered(client, of_ada.use(asked(client))).status_code == 303
    for count in (7, 3, 0):
        of_ada.count = count
        client = app.test_client()
        page = entered(client, of_ada.use(asked(client)))
        assert (page.status_code, "two copies" in page.get_data(as_text=True)) == (401, True)
    event = AuditEvent.get(AuditEvent.action == "passkey:refused-as-copied")
    assert (event.actor, event.result, event.details) == ("ada@example.com", "refused", {"name": "laptop"})
    of_ada.count = 8
    assert entered(client, of_ada.use(asked(client))).status_code == 303, "the newer one goes on"


def test_who_was_deactivated_or_has_no_password_here_stays_out(app, cast, of_ada):
    """Who is let in by Entra ID alone is kept out by Entra ID, too."""
    for change in ({"is_active": False}, {"is_active": True, "password_hash": None}):
        User.update(change).where(User.id == cast.ada.id).execute()
        client = app.test_client()
        assert entered(client, of_ada.use(asked(client))).status_code == 401
    with pytest.raises(users.Invalid, match="kept there"):
        passkeys.request_registration(
            User.get_by_id(cast.ada.id), passkeys.RelyingParty("localhost", "http://localhost")
        )


def test_a_passkey_that_was_removed_opens_nothing_and_anothers_is_nobodys_to_remove(app, cast, of_ada, sign_in):
    number = Passkey.get().id
    other = sign_in(app.test_client(), cast.max)
    form = {"csrf_token": csrf_token(other, "/account/"), "password": PASSWORD}
    assert other.post(f"/account/passkeys/{number}/remove", data=form).status_code == 404
    client = app.test_client()
    entered(client, of_ada.use(asked(client)))
    form = {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD}
    client.post(f"/account/passkeys/{number}/remove", data=form)
    assert entered(client, of_ada.use(asked(client))).status_code == 401
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("passkey"))]
    assert acts == ["passkey:added", "passkey:removed"]


def test_a_password_that_somebody_else_sets_ends_passkeys_too(app, cast, of_ada, sign_in):
    """Else whoever had got into the account would still be in it."""
    page = sign_in(app.test_client(), cast.root).get(f"/users/{cast.ada.id}").get_data(as_text=True)
    assert "Passkeys: 1; a new password ends them" in page
    users.change(cast.ada, SYSTEM, current_session_id=1, password="by herself, long")
    assert Passkey.select().exists()
    users.change(cast.ada, SYSTEM, password="by an admin, long")
    assert not Passkey.select().exists()


def test_wrong_answers_are_counted_with_the_persons_other_tries(app, of_ada):
    client, statuses = app.test_client(), []
    of_ada.origin = "https://evil.example"
    for _ in range(11):
        statuses.append(entered(client, of_ada.use(asked(client))).status_code)
    assert statuses == [401] * 10 + [429]


@pytest.mark.parametrize(
    "answer",
    ["", "null", "[]", "{}", "7", '{"rawId": "x"}', '{"rawId": [], "response": {"clientDataJSON": 1}}', "[" * 4_000,
     '{"rawId": "x", "response": {"clientDataJSON": "W10"}}', "\x00", "½", '{"response": {"clientDataJSON": "e30"}}'],
)  # fmt: skip
def test_what_is_no_answer_at_all_is_refused_in_a_sentence(app, of_ada, answer):
    client = app.test_client()
    asked(client)
    assert entered(client, answer).status_code == 401
    client = app.test_client()
    attempt(client)
    begun(client)
    assert added(client, answer).status_code == 303
    assert Passkey.select().count() == 1


@pytest.mark.parametrize(
    ("public_url", "base", "sentence"),
    [
        ("", "http://127.0.0.1", "TENANTKEEP_PUBLIC_URL"),
        ("", "http://evil.example", "TENANTKEEP_PUBLIC_URL"),
        ("https://keep.example.com", "http://localhost", "Passkeys work at https://keep.example.com alone"),
        ("https://192.0.2.7", "https://192.0.2.7", "192.0.2.7 is none"),
        ("https://keep.example.com", "https://keep.example.com", ""),
        ("https://keep.example.com:8443", "https://keep.example.com:8443", ""),
        ("", "http://localhost", ""),
    ],
)
def test_where_passkeys_cannot_be_the_page_says_why_and_offers_none(
    cast, redis_url, monkeypatch, public_url, base, sentence
):
    from web.app import create_app

    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", public_url)
    config.settings.cache_clear()
    app = create_app()
    client, to = app.test_client(), {"base_url": base}
    assert ("data-passkey-ask" in client.get("/sign-in", **to).get_data(as_text=True)) == (not sentence)
    answer = client.get("/sign-in/passkey", **to)
    assert answer.status_code == (404 if sentence else 200)
    if not sentence:
        assert answer.json["rpId"] == base.partition("//")[2].partition(":")[0]
    with app.test_request_context("/account/", **to):
        from web.security import relying_party

        assert sentence in relying_party.why_unavailable()
