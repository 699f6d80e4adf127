"""Signing in with Entra ID, through the simulator's own pages: who comes in, with which roles, and what is refused."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import config
from actors import scheduler
from actors.people import entra_recheck
from db.accounts import entra_grants, users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import AuditEvent, EntraGrant, EntraToken, Membership, Session, User
from db.states import Role, SiteRole
from db.tenants import tags
from tests.fixtures.app import shared_app
from tests.support import servers
from tests.support.forms import csrf_token
from tests.support.simulated_tenant import SimulatedTenant

PUBLIC = "http://localhost"
OPERATORS, AUDITORS = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
NINA = {"oid": "bbbbbbbb-0000-4000-8000-000000000001", "name": "Nina", "user_name": "Nina@example.com",
        "groups": [OPERATORS], "roles": ["Keeper.Audit"]}  # fmt: skip
ADA = {"oid": "bbbbbbbb-0000-4000-8000-000000000002", "name": "Ada", "user_name": "ada@example.com",
       "groups": [OPERATORS]}  # fmt: skip
NOBODY = {"oid": "bbbbbbbb-0000-4000-8000-000000000003", "name": "Otto", "user_name": "otto@example.com"}


@pytest.fixture
def directory(simulator, cast, redis_url, monkeypatch):
    """Our own directory in the simulator, with three people; the web process is set up for it."""
    own = SimulatedTenant.add(simulator, cast.fabrikam, "own secret")
    own.change(people=[NINA, ADA, NOBODY], return_addresses=[f"{PUBLIC}/sign-in/entra/return"])
    for name, value in {"PUBLIC_URL": PUBLIC, "SIGN_IN_DIRECTORY_ID": cast.fabrikam.directory_id,
                        "SIGN_IN_CLIENT_ID": cast.fabrikam.client_id,
                        "SIGN_IN_CLIENT_SECRET": "own secret"}.items():  # fmt: skip
        monkeypatch.setenv(f"TENANTKEEP_{name}", value)
    config.settings.cache_clear()
    entra_grants.set_grant(OPERATORS, SYSTEM, tenant=cast.contoso, role=Role.OPERATOR)
    entra_grants.set_grant("Keeper.Audit", SYSTEM, site_role=SiteRole.AUDITOR)
    return own


@pytest.fixture
def app(directory):
    return shared_app()


def to_entra(client, following="/runs/"):
    answer = client.get(f"/sign-in/entra?next={following}")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def picked(address, person):
    """The simulator's page, and the account picked on it: where Entra sends the browser back to."""
    page = requests.get(address, timeout=60)
    assert page.ok, page.text
    assert person is None or person["oid"] in page.text
    oid = person["oid"] if person else "nobody"
    back = requests.get(f"{address}&picked={oid}", timeout=60, allow_redirects=False).headers["Location"]
    assert back.startswith(f"{PUBLIC}/sign-in/entra/return?")
    return back.removeprefix(PUBLIC)


def arrive(client, person):
    return client.get(picked(to_entra(client), person))


def said(answer):
    return answer.get_data(as_text=True).split('role="status"')[1].split("</main>")[0]


def test_a_newcomer_comes_in_with_what_groups_and_app_roles_give(client, cast):
    answer = arrive(client, NINA)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs/")
    assert client.get("/runs/").status_code == 200
    nina = User.get(User.entra_id == NINA["oid"])
    assert (nina.email, nina.site_role, nina.password_hash) == ("nina@example.com", "auditor", None)
    assert users.roles_by_tenant(nina.id) == {cast.contoso.id: Role.OPERATOR}
    assert Session.get().way == "Entra ID"
    assert users.check_password("nina@example.com", "") is None, "there is no password to guess"
    assert "kept there" in client.get("/account/").get_data(as_text=True)


def test_what_entra_takes_is_taken_at_the_next_sign_in_and_what_was_given_by_hand_stays(client, cast, directory):
    arrive(client, NINA)
    nina = User.get(User.entra_id == NINA["oid"])
    users.set_member(nina, cast.fabrikam, Role.READER, SYSTEM)
    directory.change(people=[{**NINA, "groups": [], "roles": []}])
    assert arrive(client, NINA).status_code == 303
    assert users.roles_by_tenant(nina.id) == {cast.fabrikam.id: Role.READER}
    assert User.get_by_id(nina.id).site_role == "none"
    Membership.delete().where(Membership.user == nina).execute()
    answer = arrive(client, NINA)
    assert answer.status_code == 401
    assert "gives you a role" in said(answer)
    assert not Session.select().where(Session.user == nina).exists()


# --- asked again while they are signed in ------------------------------------------------------------------------


def later(**span):
    """As if it were so much later: what Entra said, and when it was asked, are so much older."""
    ago = timedelta(**span)
    for user in User.select().where(User.entra_checked_at.is_null(False)):
        User.update(entra_checked_at=user.entra_checked_at - ago).where(User.id == user.id).execute()
    for token in EntraToken.select():
        EntraToken.update(asked_at=token.asked_at - ago).where(EntraToken.id == token.id).execute()


def ask_again():
    """What a tick of the scheduler sends, and a worker does."""
    due = entra_grants.due_checks()
    for token in due:
        assert entra_grants.claim_check(token)
        assert not entra_grants.claim_check(token), "two schedulers ask once"
        entra_recheck.recheck.fn(user_id=token.user_id)
    return len(due)


def test_what_entra_said_to_a_clock_that_was_ahead_is_asked_again(client, cast, directory):
    arrive(client, NINA)
    later(days=-365)
    assert ask_again() == 1
    assert ask_again() == 0


def test_roles_that_entra_takes_away_end_while_the_person_is_signed_in(client, cast, directory):
    arrive(client, NINA)
    nina = User.get(User.entra_id == NINA["oid"])
    assert client.get(f"/tenants/{cast.contoso.id}").status_code == client.get("/audit/").status_code == 200
    assert ask_again() == 0, "not at every tick"
    directory.change(people=[{**NINA, "roles": []}])
    later(minutes=26)
    assert ask_again() == 1
    assert client.get("/users/").status_code == 403
    assert User.get_by_id(nina.id).site_role == "none"
    directory.change(people=[{**NINA, "groups": [], "roles": []}])
    assert (later(minutes=26), ask_again()) == (None, 1), "with the token that the last answer brought"
    assert users.roles_by_tenant(nina.id) == {}
    assert client.get(f"/tenants/{cast.contoso.id}").status_code == 302, "there is nothing left for them here"
    assert ask_again() == 0


def test_who_is_disabled_in_entra_is_signed_out(client, cast, directory):
    arrive(client, NINA)
    directory.change(people=[{**NINA, "is_disabled": True}])
    later(minutes=26)
    ask_again()
    assert not Session.select().exists()
    event = AuditEvent.get(AuditEvent.action == "session:ended-everywhere")
    assert (event.actor, event.subject) == ("system", "user nina@example.com")
    assert client.get("/runs/").status_code == 302


def test_what_entra_said_counts_for_an_hour_and_no_longer_whatever_is_away(client, cast, monkeypatch):
    """Workers, the queue, or Entra itself: who cannot be asked about comes in no more."""
    arrive(client, NINA)
    monkeypatch.setenv("TENANTKEEP_LOGIN_URL", "http://127.0.0.1:9")
    config.settings.cache_clear()
    later(minutes=50)
    ask_again()
    assert client.get("/runs/").status_code == 200
    later(minutes=11)
    assert client.get("/runs/").status_code == 302
    assert users.roles_by_tenant(User.get(User.entra_id == NINA["oid"]).id) == {}


def test_what_entra_gave_counts_no_longer_for_who_came_in_by_a_password(app, client, cast, directory, sign_in):
    users.change(cast.ada, SYSTEM, entra_id=ADA["oid"])
    entra_grants.set_grant(OPERATORS, SYSTEM, tenant=cast.fabrikam, role=Role.OPERATOR)
    arrive(client, ADA)
    own = sign_in(app.test_client(), cast.ada)
    path = f"/tenants/{cast.fabrikam.id}"
    assert own.get(path).status_code == 200
    later(minutes=61)
    assert own.get(path).status_code == 403
    assert own.get(f"/tenants/{cast.contoso.id}").status_code == 200, "given by hand"
    assert client.get(path).status_code == 302


def test_a_persons_program_is_made_by_a_fresh_sign_in_and_ends_when_entra_says_no_or_nothing(
    client, cast, directory, api
):
    arrive(client, NINA)
    nina = User.get(User.entra_id == NINA["oid"])
    form = {"name": "nightly", "scope": "read", "days": "30"}
    assert b"tk_" in client.post("/tokens/", data={**form, "csrf_token": csrf_token(client, "/tokens/")}).data
    Session.update(began_at=utcnow() - timedelta(minutes=16)).execute()
    stolen = client.post("/tokens/", data={**form, "name": "x", "csrf_token": csrf_token(client, "/tokens/")})
    assert (stolen.status_code, b"sign in anew" in stolen.data) == (400, True)
    program, by_password = api(nina), api(cast.ada)
    Session.delete().execute()
    assert (later(minutes=40), ask_again()) == (None, 1), "her program is still there to be asked about"
    assert (later(minutes=40), program.get("/audit").status_code) == (None, 200)
    later(minutes=21)
    assert "Entra ID did not confirm" in program.get("/audit").json["detail"]
    assert ask_again() == 1
    assert program.get("/audit").status_code == 200, "Entra answers again"
    directory.change(people=[{**NINA, "is_disabled": True}])
    assert (later(minutes=26), ask_again()) == (None, 1)
    assert program.get("/audit").status_code == 401
    assert by_password.get("/me").status_code == 200


def test_with_what_entra_is_asked_is_sealed_and_goes_with_the_session(client, cast, directory):
    arrive(client, NINA)
    token = EntraToken.get()
    plain = entra_grants.refresh_token(token.user)
    assert len(plain) > 40
    assert plain.encode() not in bytes(token.sealed)
    Session.delete().execute()
    assert ask_again() == 0
    assert not EntraToken.select().exists()


def test_a_worker_asks_what_the_scheduler_sends(client, cast, directory, worker):
    arrive(client, NINA)
    directory.change(people=[{**NINA, "roles": []}])
    later(minutes=26)
    scheduler.sweep()
    servers.wait_for(lambda: User.get(User.entra_id == NINA["oid"]).site_role == "none", "The worker")


# --- whose word counts for what ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["Keeper.Audit"]},
        {"roles": [OPERATORS]},
        {"roles": [OPERATORS.upper()], "groups": ["keeper.audit", "Keeper.Audit"]},
    ],
    ids=["a group called as an app role", "an app role called as a group", "both"],
)
def test_a_group_that_is_called_as_an_app_role_gives_nothing(client, cast, directory, claims):
    """Anybody in a directory may make a group, and call it what they like."""
    directory.change(people=[{**NINA, "groups": [], "roles": [], **claims}])
    assert "gives you a role" in said(arrive(client, NINA))


def test_a_group_is_known_in_capitals_too(client, cast):
    EntraGrant.delete().execute()
    entra_grants.set_grant(f" {OPERATORS.upper()} ", SYSTEM, tenant=cast.contoso, role=Role.READER)
    arrive(client, NINA)
    assert users.roles_by_tenant(User.get(User.entra_id == NINA["oid"]).id) == {cast.contoso.id: Role.READER}


def test_of_two_roles_in_a_tenant_the_higher_counts(client, cast, directory):
    entra_grants.set_grant(AUDITORS, SYSTEM, tenant=cast.contoso, role=Role.MANAGER)
    entra_grants.set_grant(AUDITORS, SYSTEM, site_role=SiteRole.ADMIN)
    directory.change(people=[{**NINA, "groups": [OPERATORS, AUDITORS]}])
    arrive(client, NINA)
    nina = User.get(User.entra_id == NINA["oid"])
    assert (users.roles_by_tenant(nina.id)[cast.contoso.id], nina.site_role) == (Role.MANAGER, "admin")


def test_a_role_in_all_tenants_with_a_tag_is_given_and_taken_by_entra(client, cast, directory):
    EntraGrant.delete().execute()
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    entra_grants.set_grant(OPERATORS, SYSTEM, tag="gold", role=Role.READER)
    entra_grants.set_grant(AUDITORS, SYSTEM, tag="Gold", role=Role.MANAGER)
    directory.change(people=[{**NINA, "groups": [OPERATORS, AUDITORS]}])
    arrive(client, NINA)
    nina = User.get(User.entra_id == NINA["oid"])
    assert users.roles_by_tenant(nina.id) == {cast.contoso.id: Role.MANAGER}
    tags.replace(cast.fabrikam, ["gold"], SYSTEM)
    assert client.get(f"/tenants/{cast.fabrikam.id}").status_code == 200, "at once, without asking Entra again"
    directory.change(people=[{**NINA, "groups": [OPERATORS]}])
    assert (later(minutes=26), ask_again()) == (None, 1)
    assert set(users.roles_by_tenant(nina.id).values()) == {Role.READER}
    directory.change(people=[{**NINA, "groups": []}])
    assert (later(minutes=26), ask_again()) == (None, 1)
    assert users.roles_by_tenant(nina.id) == {}


def test_who_has_no_role_here_is_told_so_and_nothing_is_made(client, cast):
    answer = arrive(client, NOBODY)
    assert answer.status_code == 401
    assert "none of your groups" in said(answer)
    assert not User.select().where(User.email == "otto@example.com").exists()
    refused = AuditEvent.get(AuditEvent.result == "refused")
    assert refused.details == {"by": "Entra ID"}


def test_an_address_alone_is_no_way_into_an_account_until_an_admin_links_it(app, client, cast, sign_in):
    answer = arrive(client, ADA)
    assert answer.status_code == 401
    assert ADA["oid"] in said(answer)
    root = sign_in(app.test_client(), cast.root)
    form = {"csrf_token": csrf_token(root, "/users/"), "is_active": "yes", "entra_id": ADA["oid"].upper()}
    root.post(f"/users/{cast.ada.id}", data=form)
    assert arrive(client, ADA).status_code == 303
    assert Session.get(Session.user == cast.ada).way == "Entra ID"
    taken = root.post(f"/users/{cast.max.id}", data=form, follow_redirects=True).get_data(as_text=True)
    assert "signs in with that object id already" in taken


def test_who_was_deactivated_here_stays_out(client, cast):
    arrive(client, NINA)
    User.update(is_active=False).where(User.entra_id == NINA["oid"]).execute()
    answer = arrive(client, NINA)
    assert answer.status_code == 401
    assert "deactivated" in said(answer)


def test_the_request_carries_state_nonce_and_a_challenge_and_no_secret(client):
    asked = parse_qs(urlsplit(to_entra(client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 16 for name in ("state", "nonce", "code_challenge"))
    cookie = client.get_cookie("tenantkeep").value
    assert asked["state"][0] not in cookie, "what is kept is sealed"
    assert "own secret" not in str(asked)


def test_an_answer_to_another_browsers_sign_in_is_refused(app, client):
    """An attacker's own answer, slipped to somebody: they would work in the attacker's account."""
    attacker = app.test_client()
    slipped = picked(to_entra(attacker), NINA)
    for victim in (client, app.test_client()):
        if victim is client:
            to_entra(client)
        assert victim.get(slipped).status_code == 401
        assert not Session.select().exists()


def test_an_answer_counts_once(client):
    back = picked(to_entra(client), NINA)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401


def test_an_answer_that_comes_too_late_is_refused(client, monkeypatch):
    import time

    back = picked(to_entra(client), NINA)
    late = time.time() + 601
    monkeypatch.setattr("web.security.sealed_cookie.time.time", lambda: late)
    assert client.get(back).status_code == 401


def test_a_code_without_its_verifier_is_worth_nothing(client, app, monkeypatch):
    """Whoever sees the address in a log has the code, but neither cookie nor verifier."""
    back = picked(to_entra(client), NINA)
    thief = app.test_client()
    state = parse_qs(urlsplit(to_entra(thief)).query)["state"][0]
    assert thief.get(re.sub(r"state=[^&]+", f"state={state}", back)).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "11111111-2222-4333-8444-555555555555"},
        {"iss": "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"},
        {"tid": "11111111-2222-4333-8444-555555555555"},
        {"exp": 1_700_000_000},
        {"oid": 7},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(client, directory, claims):
    directory.change(flags={"id_token": claims})
    answer = arrive(client, NINA)
    directory.change(flags={"id_token": {}})
    assert answer.status_code == 401
    assert not User.select().where(User.entra_id == NINA["oid"]).exists()


def test_an_id_token_that_entra_did_not_sign_is_refused(client, directory):
    directory.change(flags={"id_token_forged": True})
    answer = arrive(client, NINA)
    directory.change(flags={"id_token_forged": False})
    assert "does not prove who you are" in said(answer)


def test_more_groups_than_a_token_names_is_said_and_not_taken_for_none(client, directory):
    directory.change(people=[{**NINA, "has_many_groups": True}])
    assert "more groups than Entra ID names" in said(arrive(client, NINA))


def test_cancelling_and_a_wrong_secret_end_on_the_sign_in_page_with_a_sentence(client, directory):
    assert "was cancelled" in said(arrive(client, None))
    directory.change(client_secret="another")
    assert "client secret" in said(arrive(client, NINA))
    directory.change(client_secret="own secret")


def test_with_entra_unreachable_the_page_says_so_and_passwords_work(client, cast, sign_in, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_LOGIN_URL", "http://127.0.0.1:9")
    config.settings.cache_clear()
    answer = client.get("/sign-in/entra")
    assert answer.status_code == 503
    assert "cannot be reached" in said(answer)
    sign_in(client, cast.ada)


def test_where_it_is_not_set_up_there_is_no_such_way(database, redis_url, cast):
    from web.app import create_app

    client = create_app().test_client()
    assert "Entra" not in client.get("/sign-in").get_data(as_text=True)
    assert client.get("/sign-in/entra").status_code == client.get("/sign-in/entra/return?code=x").status_code == 404


def test_half_a_set_up_refuses_to_start_and_names_what_is_missing():
    from tests.test_config import GOOD

    with pytest.raises(config.SettingsError) as e:
        config.load({**GOOD, "TENANTKEEP_SIGN_IN_CLIENT_ID": "11111111-2222-4333-8444-555555555555"})
    assert all(name in str(e.value) for name in ("DIRECTORY_ID", "CLIENT_SECRET", "PUBLIC_URL"))


def test_an_admin_gives_and_takes_roles_by_group_and_each_is_audited(client, sign_in, cast):
    sign_in(client, cast.root)
    form = {"csrf_token": csrf_token(client, "/users/entra/"), "claim": f" {AUDITORS} "}
    client.post("/users/entra/", data={**form, "gives": "reader", "tenant": cast.fabrikam.id})
    client.post("/users/entra/", data={**form, "gives": "manager", "tenant": cast.fabrikam.id})
    made = EntraGrant.get(EntraGrant.claim == AUDITORS)
    assert (made.role, made.tenant) == ("manager", cast.fabrikam)
    page = client.post("/users/entra/", data={**form, "gives": "reader"}, follow_redirects=True)
    assert "Choose the tenant" in page.get_data(as_text=True)
    assert client.post("/users/entra/", data={**form, "gives": "none"}).status_code == 400
    both = {**form, "gives": "reader", "tag": "Gold", "tenant": cast.fabrikam.id}
    answer = client.post("/users/entra/", data=both, follow_redirects=True).get_data(as_text=True)
    assert "a tenant or a tag, not both" in answer
    answer = client.post("/users/entra/", data={**both, "tenant": ""}, follow_redirects=True).get_data(as_text=True)
    assert "every tenant tagged “Gold”" in answer
    entra_grants.remove_grant(EntraGrant.get(EntraGrant.folded == "gold"), SYSTEM)
    client.post(f"/users/entra/{made.id}/remove", data=form)
    assert not EntraGrant.select().where(EntraGrant.claim == AUDITORS).exists()
    told = AuditEvent.select().where(AuditEvent.actor == cast.root.email).order_by(AuditEvent.id)
    acts = [event.action for event in told]
    assert acts[1:] == ["entra-grant:set"] * 3 + ["entra-grant:removed"]
