"""Signing in with a password and a code: what is tried, what is counted, and how a session ends."""

import re
import subprocess
import sys
import time
from datetime import timedelta

import argon2
import pyotp
import pytest
import redis
from limits.strategies import MovingWindowRateLimiter

import config
from db.accounts import sessions, totp, users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import AuditEvent, Passkey, RecoveryCode, Session, User
from tests.support import servers
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token
from web.security import attempt_limits

on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def attempt(client, email="ada@example.com", password=PASSWORD, **form):
    data = {"csrf_token": csrf_token(client, "/sign-in"), "email": email, "password": password, **form}
    return client.post("/sign-in", data=data)


def is_in(client):
    return client.get("/").status_code == 200


def refusals():
    asked = (AuditEvent.action == "session:sign-in") & (AuditEvent.result == "refused")
    return [(event.actor, event.details["by"]) for event in AuditEvent.select().where(asked).order_by(AuditEvent.id)]


def test_a_wrong_password_an_unknown_person_and_a_deactivated_one_get_the_same_answer(app, cast):
    User.update(is_active=False).where(User.id == cast.rita.id).execute()
    answers = [
        attempt(app.test_client(), *who)
        for who in (("ada@example.com", "x" * 12), ("nobody@example.com",), ("rita@example.com",), ("a\x00b@c",))
    ]
    assert {answer.status_code for answer in answers} == {401}
    said = {answer.get_data(as_text=True).split('role="status"')[1].split("</div>")[0] for answer in answers}
    assert len(said) == 1
    assert [by for _, by in refusals()] == ["password"] * 4


def test_an_unknown_person_costs_the_hash_that_a_known_one_costs(cast, monkeypatch):
    """Counted, not timed: one verification each, of a hash of the same parameters."""
    verified = []

    class Counting(argon2.PasswordHasher):
        def verify(self, hashed, password):
            verified.append(hashed.rpartition("$")[0].rpartition("$")[0])
            return super().verify(hashed, password)

    monkeypatch.setattr(users, "hasher", Counting(time_cost=1, memory_cost=64, parallelism=1))
    users._nobody_hash.cache_clear()
    for email in ("ada@example.com", "nobody@example.com", ""):
        assert users.check_password(email, "x" * 12) is None
    assert len(verified) == 3
    assert len(set(verified)) == 1


def test_passwords_are_kept_as_argon2id_of_at_least_what_rfc_9106_asks():
    line = "from db.accounts.users import hasher as h; print(h.type.name, h.memory_cost >= 65536, h.time_cost >= 3)"
    said = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, cwd=servers.ROOT, check=True)
    assert said.stdout.split() == ["ID", "True", "True"]


def test_a_hash_of_weaker_times_is_made_anew_at_the_next_sign_in(client, cast):
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    User.update(password_hash=weak).where(User.id == cast.ada.id).execute()
    attempt(client)
    assert not users.hasher.check_needs_rehash(User.get_by_id(cast.ada.id).password_hash)
    assert users.check_password("ada@example.com", PASSWORD)


def test_the_first_admin_is_made_by_command_only(app, database, client):
    User.delete().execute()
    assert attempt(client, "first@example.com").status_code == 401
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and not rule.arguments:
            client.post(rule.rule, data={"csrf_token": csrf_token(client, "/sign-in"), "email": "first@example.com",
                                         "password": "x" * 12, "name": "First", "site_role": "admin"})  # fmt: skip
    assert not User.select().exists()


# --- how often ---------------------------------------------------------------------------------------------------


def test_the_eleventh_try_is_refused_even_with_the_right_password_and_told_once(app, cast):
    stranger = app.test_client()
    for _ in range(10):
        assert attempt(stranger, password="x" * 12).status_code == 401
    for _ in range(3):
        answer = attempt(stranger)
        assert answer.status_code == 429
        assert "Wait a quarter of an hour" in answer.get_data(as_text=True)
    assert refusals() == [("ada@example.com", "password")] * 10 + [("ada@example.com", "too many tries")]
    assert attempt(stranger, "max@example.com").status_code == 303, "another account is not locked"


def test_a_lock_out_does_not_reach_the_browser_that_the_person_uses(app, cast):
    own, stranger = app.test_client(), app.test_client()
    attempt(own)
    own.post("/sign-out", data={"csrf_token": csrf_token(own, "/")})
    for _ in range(11):
        answer = attempt(stranger, password="x" * 12)
    assert answer.status_code == 429
    assert attempt(own).status_code == 303


def test_a_lock_out_ends_by_itself_however_long_the_trying_goes_on(app, cast, monkeypatch):
    client = app.test_client()
    for _ in range(11):
        attempt(client, password="x" * 12)
    late = time.time() + 15 * 60 + 1
    with monkeypatch.context() as later:
        later.setattr("limits.storage.redis.time.time", lambda: late)
        assert attempt(client).status_code == 303


def test_a_made_up_cookie_makes_no_browser_known(app, cast):
    for number in range(11):
        client = app.test_client()
        name = attempt_limits._cookie_name(attempt_limits._account_hash("ada@example.com"))
        client.set_cookie(name, f"made-up-{number}", path="/sign-in")
        answer = attempt(client, password="x" * 12)
    assert answer.status_code == 429


def test_one_address_may_not_try_many_accounts_and_success_does_not_wipe_that_out(app, cast):
    client = app.test_client()
    for number in range(30):
        assert attempt(client, f"person{number}@example.com").status_code == 401
        if number == 20:
            assert attempt(app.test_client(), "max@example.com").status_code == 303
    assert attempt(client, "max@example.com").status_code == 429
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "127.0.0.9"
    assert attempt(elsewhere, "max@example.com").status_code == 303


def test_with_redis_away_people_get_in_and_tries_are_counted_all_the_same(app, cast, monkeypatch):
    def away(*_arguments):
        raise redis.ConnectionError

    for name in ("hit", "test", "clear"):
        real = getattr(MovingWindowRateLimiter, name)
        monkeypatch.setattr(
            MovingWindowRateLimiter,
            name,
            lambda self, *given, real=real: away() if self is attempt_limits._redis_limiter() else real(self, *given),
        )
    attempt_limits._process_limiter.cache_clear()
    client = app.test_client()
    assert attempt(client).status_code == 303
    for _ in range(10):
        attempt(app.test_client(), password="x" * 12)
    assert attempt(app.test_client()).status_code == 429
    attempt_limits._process_limiter.cache_clear()


# --- sessions ----------------------------------------------------------------------------------------------------


def test_the_session_before_a_sign_in_is_nothing_after_it(app, cast):
    client = app.test_client()
    client.get("/sign-in")
    planted = client.get_cookie("tenantkeep").value
    token = csrf_token(client, "/sign-in")
    attempt(client)
    assert client.get_cookie("tenantkeep").value != planted
    other = app.test_client()
    other.set_cookie("tenantkeep", planted)
    assert not is_in(other)
    assert client.post("/tenants/choose", data={"csrf_token": token}).status_code == 400, "its forms are void too"


def test_signing_out_ends_the_session_for_whoever_copied_its_cookie(app, cast):
    client, thief = app.test_client(), app.test_client()
    attempt(client)
    thief.set_cookie("tenantkeep", client.get_cookie("tenantkeep").value)
    assert is_in(thief)
    client.post("/sign-out", data={"csrf_token": csrf_token(client, "/")})
    assert not is_in(thief)
    assert not Session.select().exists()


def test_the_database_holds_no_token_that_a_cookie_could_be_made_of(app, cast):
    client = app.test_client()
    attempt(client)
    with client.session_transaction() as kept:
        token = kept["_user_id"]
    assert sessions.find(token, is_asked_for=False)
    row = Session.select().dicts().get()
    assert token not in map(str, row.values())
    assert sessions.find(row["token_mark"], is_asked_for=False) is None


@pytest.mark.parametrize(
    ("field", "age", "lives"),
    [("seen_at", sessions.MAX_IDLE - timedelta(minutes=1), True), ("seen_at", sessions.MAX_IDLE, False),
     ("began_at", sessions.MAX_AGE - timedelta(minutes=1), True), ("began_at", sessions.MAX_AGE, False)],
)  # fmt: skip
def test_a_session_ends_by_idling_and_by_age(app, cast, field, age, lives):
    client = app.test_client()
    attempt(client)
    Session.update({field: utcnow() - age}).execute()
    assert is_in(client) == lives


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(app, cast):
    client = app.test_client()
    attempt(client)
    before = utcnow() - timedelta(minutes=30)
    Session.update(seen_at=before).execute()
    client.get("/runs/mine")
    assert Session.get().seen_at == before
    client.get("/runs/")
    assert Session.get().seen_at > before


@pytest.mark.parametrize("changes", [{"password": "another long one"}, {"site_role": "auditor"}, {"is_active": False}])
def test_what_changes_a_persons_rights_ends_every_session_and_a_name_ends_none(app, cast, changes):
    client = app.test_client()
    attempt(client)
    users.change(cast.ada, SYSTEM, name="Ada L.")
    assert is_in(client)
    users.change(cast.ada, SYSTEM, **changes)
    assert not is_in(client)


def test_a_person_sees_and_ends_their_sessions_and_nobody_elses(app, cast):
    here, there, other = app.test_client(), app.test_client(), app.test_client()
    there.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"
    for client in (here, there):
        attempt(client)
    attempt(other, "max@example.com")
    page = here.get("/account/").get_data(as_text=True)
    assert "Firefox on Windows" in page
    assert page.count("(this one)") == 1
    theirs = Session.get(Session.user == cast.max)
    form = {"csrf_token": csrf_token(here, "/account/")}
    assert here.post(f"/account/sessions/{theirs.id}/end", data=form).status_code == 404
    assert is_in(other)
    mine = Session.get((Session.user == cast.ada) & Session.browser.contains("Firefox"))
    here.post(f"/account/sessions/{mine.id}/end", data=form)
    assert (is_in(here), is_in(there)) == (True, False)
    attempt(there)
    here.post("/account/sign-out-everywhere", data=form)
    assert (is_in(here), is_in(there), is_in(other)) == (True, False, True)


def test_an_admin_signs_somebody_out_everywhere(app, cast, sign_in):
    client, root = app.test_client(), sign_in(app.test_client(), cast.root)
    attempt(client)
    root.post(f"/users/{cast.ada.id}/sign-out", data={"csrf_token": csrf_token(root, "/users/")})
    assert not is_in(client)
    assert AuditEvent.get(AuditEvent.action == "session:ended-everywhere").details == {"sessions": 1}


def test_a_new_password_needs_the_old_one_and_leaves_only_this_browser_signed_in(app, cast):
    here, there = app.test_client(), app.test_client()
    for client in (here, there):
        attempt(client)
    form = {"csrf_token": csrf_token(here, "/account/"), "new": "another long one"}
    page = here.post("/account/password", data={**form, "password": "x" * 12}, follow_redirects=True)
    assert "Nothing was changed" in page.get_data(as_text=True)
    here.post("/account/password", data={**form, "password": PASSWORD, "new": "short"})
    assert users.check_password("ada@example.com", PASSWORD)
    here.post("/account/password", data={**form, "password": PASSWORD})
    assert users.check_password("ada@example.com", "another long one")
    assert (is_in(here), is_in(there)) == (True, False)


def test_cookies_are_for_https_alone_where_the_address_is_and_hidden_from_scripts(cast, redis_url, monkeypatch):
    import config
    from web.app import create_app

    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", "https://keep.example.com")
    monkeypatch.setenv("TENANTKEEP_PROXIES", "1")
    config.settings.cache_clear()
    client = create_app().test_client()
    base = {"base_url": "https://keep.example.com", "headers": {"Referer": "https://keep.example.com/sign-in"}}
    page = client.get("/sign-in", **base).get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"csrf_token": token, "email": "ada@example.com", "password": PASSWORD}
    base["headers"]["X-Forwarded-For"] = "203.0.113.7, 198.51.100.9"
    cookies = client.post("/sign-in", data=form, **base).headers.getlist("Set-Cookie")
    assert any(cookie.startswith("__Host-tenantkeep=") for cookie in cookies)
    assert len(cookies) == 2
    for cookie in cookies:
        assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax")), cookie
    assert Session.get().address == "198.51.100.9", "the address that the one proxy saw, not what anybody may claim"


# --- codes -------------------------------------------------------------------------------------------------------


def shown_secret(client):
    return re.search(
        r"Key: .*?<code>([A-Z2-7]{32})</code>", client.get("/account/second-factor").get_data(as_text=True)
    )[1]


@pytest.fixture
def app_of_ada(app, cast):
    """Ada's authenticator app, set up through the pages."""
    client = app.test_client()
    attempt(client)
    totp = pyotp.TOTP(shown_secret(client))
    form = {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD, "code": totp.now()}
    client.post("/account/second-factor", data={**form, "code": "000000"})
    assert User.get_by_id(cast.ada.id).totp_secret is None, "a code that does not fit turns nothing on"
    client.post("/account/second-factor", data=form)
    assert User.get_by_id(cast.ada.id).totp_secret
    User.update(totp_step=None).execute()  # as half a minute later
    return totp


def with_code(client, code):
    return client.post("/sign-in/code", data={"csrf_token": csrf_token(client, "/sign-in/code"), "code": code})


def test_a_password_alone_lets_nobody_in_who_uses_codes(app, app_of_ada):
    client = app.test_client()
    assert attempt(client, next="/runs/").headers["Location"] == "/sign-in/code"
    assert not is_in(client)
    assert with_code(client, "000000").status_code == 401
    assert with_code(client, app_of_ada.now()).headers["Location"] == "/runs/"
    assert is_in(client)
    assert Session.select().order_by(Session.id.desc()).get().way == "password and code"


def test_a_code_counts_once_and_one_of_long_ago_not_at_all(app, app_of_ada, cast):
    code = app_of_ada.now()
    assert totp.verify(User.get_by_id(cast.ada.id), code, SYSTEM) == "code"
    client = app.test_client()
    attempt(client)
    assert with_code(client, code).status_code == 401
    assert with_code(client, app_of_ada.at(time.time() - 300)).status_code == 401


def test_codes_cannot_be_guessed_by_who_knows_the_password(app, app_of_ada):
    """The right password in between wipes no count out."""
    client, statuses = app.test_client(), []
    for _ in range(6):
        statuses.append(attempt(client).status_code)
        statuses.append(with_code(client, "000000").status_code)
    assert statuses[:10] == [303, 401] * 5
    assert statuses[10] == 429


def test_the_code_page_is_for_who_gave_the_password_a_moment_ago(app, app_of_ada, cast, monkeypatch):
    stranger, client = app.test_client(), app.test_client()
    assert stranger.get("/sign-in/code").headers["Location"] == "/sign-in"
    attempt(client)
    late = time.time() + 601
    token = csrf_token(client, "/sign-in/code")
    monkeypatch.setattr("web.security.sealed_cookie.time.time", lambda: late)
    answer = client.post("/sign-in/code", data={"csrf_token": token, "code": app_of_ada.now()})
    assert answer.headers["Location"] == "/sign-in"
    assert not is_in(client)


def test_the_secret_of_the_codes_is_sealed_and_bound_to_its_person(app_of_ada, cast):
    sealed = bytes(User.get_by_id(cast.ada.id).totp_secret)
    assert app_of_ada.secret.encode() not in sealed
    User.update(totp_secret=sealed).where(User.id == cast.max.id).execute()
    from db.encryption import SealError

    with pytest.raises(SealError):
        totp.verify(User.get_by_id(cast.max.id), app_of_ada.now(), SYSTEM)


def test_who_lost_the_phone_is_helped_by_an_admin_or_on_the_server_and_both_are_audited(app, app_of_ada, cast, sign_in):
    root = sign_in(app.test_client(), cast.root)
    root.post(f"/users/{cast.ada.id}/second-factor/off", data={"csrf_token": csrf_token(root, "/users/")})
    client = app.test_client()
    assert attempt(client).headers["Location"] == "/"
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("second-factor"))]
    assert acts == ["second-factor:turned-on", "second-factor:turned-off"]


GUARDED = {
    "/account/second-factor/off": {},
    "/account/password": {"new": "a new long password"},
    "/account/recovery-codes": {},
    "/account/passkeys": {"name": "mine"},
    "/account/passkeys/1/remove": {},
}


@on_one_engine
@pytest.mark.parametrize("path", GUARDED)
def test_what_guards_an_account_changes_only_with_the_password_and_a_fresh_code(app, app_of_ada, cast, path):
    """A browser left open, and a password seen over a shoulder, are not enough. Nor is a code that was used."""
    Passkey.create(user=cast.ada, name="laptop", credential_id="eHh4", public_key="x")
    client = app.test_client()
    attempt(client)
    code = app_of_ada.now()
    with_code(client, code)
    form = {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD, **GUARDED[path]}
    before = user_and_keys(cast)
    base = {"base_url": "http://localhost"}
    for proof in ({}, {"present_code": ""}, {"present_code": code}, {"present_code": "000000"},
                  {"present_code": app_of_ada.at(time.time() + 300)}):  # fmt: skip
        answer = client.post(path, data={**form, **proof}, **base)
        assert answer.status_code == 303, proof
        assert "is wrong" in client.get("/account/").get_data(as_text=True)
        assert user_and_keys(cast) == before, proof
    assert client.post(path, data={**form, "password": "x" * 12, "present_code": "1"}, **base).status_code == 303
    User.update(totp_step=None).execute()  # as half a minute later
    client.post(path, data={**form, "present_code": app_of_ada.now()}, **base)
    assert user_and_keys(cast) != before or path == "/account/passkeys"


def user_and_keys(cast):
    ada = User.get_by_id(cast.ada.id)
    codes = [code.mark for code in RecoveryCode.select().where(RecoveryCode.user == ada).order_by(RecoveryCode.id)]
    return ada.password_hash, bool(ada.totp_secret), codes, Passkey.select().count()


@on_one_engine
def test_the_secret_of_the_codes_is_never_replaced_while_they_are_on(app, app_of_ada, cast):
    """A secret that a cookie still holds would be somebody else's app."""
    client, thief = app.test_client(), app.test_client()
    attempt(client)
    with_code(client, app_of_ada.now())
    client.post("/account/second-factor/off", data=proof_of(client, app_of_ada))
    planted = pyotp.TOTP(shown_secret(client))
    thief.set_cookie("tenantkeep", client.get_cookie("tenantkeep").value)
    User.update(totp_secret=totp.keyring().seal(b"A" * 32, f"user {cast.ada.id} totp")).execute()
    form = {"csrf_token": csrf_token(thief, "/account/"), "password": PASSWORD, "code": planted.now()}
    thief.post("/account/second-factor", data={**form, "present_code": planted.now()})
    User.update(totp_step=None).execute()
    thief.post("/account/second-factor", data={**form, "present_code": pyotp.TOTP("A" * 32).now()})
    assert "Codes are on already" in thief.get("/account/").get_data(as_text=True)
    assert totp.verify(User.get_by_id(cast.ada.id), planted.now(), SYSTEM) is None


def proof_of(client, totp):
    User.update(totp_step=None).execute()
    return {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD, "present_code": totp.now()}


@on_one_engine
def test_the_secret_that_another_person_was_shown_turns_nothing_on(app, cast, sign_in):
    """On one machine after the other, in one browser."""
    client = sign_in(app.test_client(), cast.max)
    planted = pyotp.TOTP(shown_secret(client))
    with client.session_transaction() as kept:
        halfway = kept["halfway"]
    client = sign_in(app.test_client(), cast.ada)
    with client.session_transaction() as kept:
        kept["halfway"] = halfway
    form = {"csrf_token": csrf_token(client, "/account/"), "password": PASSWORD, "code": planted.now()}
    assert client.post("/account/second-factor", data=form).headers["Location"] == "/account/second-factor"
    assert User.get_by_id(cast.ada.id).totp_secret is None


# --- recovery codes ----------------------------------------------------------------------------------------------


def made_codes(client, totp):
    page = client.post("/account/recovery-codes", data=proof_of(client, totp)).get_data(as_text=True)
    return re.findall(r"<li><code>([0-9a-z-]{19})</code></li>", page)


def test_a_recovery_code_lets_in_once_in_place_of_the_app_and_is_told(app, app_of_ada, cast):
    client = app.test_client()
    attempt(client)
    with_code(client, app_of_ada.now())
    codes = made_codes(client, app_of_ada)
    assert len(set(codes)) == 10
    assert not set(codes) & set(re.findall(r"[0-9a-z-]{19}", client.get("/account/").get_data(as_text=True)))
    other = app.test_client()
    attempt(other, next="/runs/")
    assert with_code(other, codes[0].upper().replace("-", " ")).headers["Location"] == "/runs/"
    assert "9 are left" in other.get("/account/").get_data(as_text=True)
    assert Session.select().order_by(Session.id.desc()).get().way == "recovery code"
    third = app.test_client()
    attempt(third)
    assert with_code(third, codes[0]).status_code == 401, "it counts once"
    assert AuditEvent.get(AuditEvent.action == "recovery-code:used").details == {"left": 9}
    assert not any(code in str(row.__data__) for row in RecoveryCode.select() for code in codes)


@on_one_engine
def test_new_recovery_codes_end_those_of_before_and_few_are_warned_of(app, app_of_ada, cast):
    client = app.test_client()
    attempt(client)
    with_code(client, app_of_ada.now())
    old, new = made_codes(client, app_of_ada), made_codes(client, app_of_ada)
    ada = User.get_by_id(cast.ada.id)
    assert totp.verify(ada, old[0], SYSTEM) is None
    assert totp.verify(ada, new[0], SYSTEM) == "recovery code"
    for code in new[1:7]:
        totp.verify(ada, code, SYSTEM)
    assert "Only 3 of your recovery codes are left" in client.get("/account/").get_data(as_text=True)
    totp.turn_off(ada, SYSTEM)
    assert not RecoveryCode.select().exists()


@on_one_engine
def test_a_recovery_code_of_somebody_else_is_none(app_of_ada, cast):
    from db.accounts import recovery_codes

    codes = recovery_codes.create(cast.max, SYSTEM)
    assert not recovery_codes.use(User.get_by_id(cast.ada.id), codes[0], SYSTEM)
    assert recovery_codes.use(cast.max, codes[0], SYSTEM)


@on_one_engine
def test_recovery_codes_are_counted_with_the_tries_for_codes(app, app_of_ada):
    client, statuses = app.test_client(), []
    for number in range(6):
        attempt(client)
        statuses.append(with_code(client, f"0000-0000-0000-000{number}").status_code)
    assert statuses == [401] * 5 + [429]


# --- what was typed as an address --------------------------------------------------------------------------------


@on_one_engine
def test_what_was_typed_in_place_of_an_address_is_kept_only_when_it_is_one_of_ours(app, cast, redis_url, caplog):
    typed = "My secret password 1!"
    client = app.test_client()
    for _ in range(attempt_limits.PER_ACCOUNT.amount + 2):
        attempt(client, typed, "x" * 12)
    attempt(client, "ada@example.com", "x" * 12)
    assert {actor for actor, _ in refusals()} == {"(unknown address)", "ada@example.com"}
    assert ("(unknown address)", "too many tries") in refusals()
    everything = [str(row.__data__) for row in AuditEvent.select()] + caplog.messages
    with (
        redis.Redis.from_url(redis_url) as client,
        redis.Redis.from_url(config.redis_urls()[1]) as other,
    ):
        everything += [str(key) for one in (client, other) for key in one.keys("*")]
    assert not [one for one in everything if typed.lower() in one.lower()]
