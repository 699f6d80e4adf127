"""Being signed out loses no typed word: sign in, and the form is there as it was. Nothing is sent by itself."""

import html
import re
import time

import pytest

from actors.queue.broker import locks
from db.models import AuditEvent, Run, Session
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token, every_page, page_of
from web.security import kept_forms
from web.views.copies import copies

TYPED = 'INC-4711 <typed> & "quoted"'
# Sent before a sign-in, or to leave: nothing to come back to.
WITHOUT_FORM = {"/sign-in", "/sign-in/code", "/sign-in/passkey", "/sign-out"}


def text_of(answer):
    return html.unescape(answer.get_data(as_text=True))


def form_of(client, page, path):
    forms = page_of(client.get(page).get_data(as_text=True), page).forms
    return next(form for form in forms if form.path == path and form.method == "POST")


def sign_in_again(client, user, answer):
    """Follow a late form to the sign-in, and sign in there; return the page that one is led to."""
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in"), answer.get_data(as_text=True)
    page = text_of(client.get(answer.location))
    assert "You were signed out. Nothing was changed." in page
    following = re.search(r'name="next" value="([^"]*)"', page)[1]
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)[1]
    data = {"email": user.email, "password": PASSWORD, "csrf_token": token, "next": following}
    return client.post("/sign-in", data=data, follow_redirects=True)


@pytest.fixture
def forms(client, sign_in, cast, captured):
    """Every form of the product that changes something, as an admin finds them: (its page, the form)."""
    sign_in(client, cast.root)

    def get(address):
        answer = client.get(address)
        data = answer.get_data(as_text=True)
        return data if answer.status_code == 200 and answer.mimetype == "text/html" else None

    found = {}
    for address, page in every_page(get).items():
        for form in page.forms:
            shape = (re.sub(r"\d+", "N", form.path), tuple(sorted({one.name for one in form.fields})))
            if form.method == "POST" and form.path not in WITHOUT_FORM:
                found.setdefault(shape, (address, form))
    return list(found.values())


def typed_fields(form):
    fields = [one for one in form.fields if one.kind in ("text", "search", "email")]
    return {one.name: TYPED for one in fields if one.name not in kept_forms.SECRET_FIELDS}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_form_is_there_again_as_it_was_typed(client, cast, forms):
    """With the session's row gone, and with its cookie gone too."""
    assert len(forms) > 20
    for number, (address, form) in enumerate(forms):
        typed, before = typed_fields(form), Run.select().count()
        if number % 2:
            client.delete_cookie("tenantkeep")
        Session.delete().execute()
        page = sign_in_again(client, cast.root, client.post(form.path, data=form.filled(typed)))
        assert Run.select().count() == before, form.path
        assert "Nothing was changed." in text_of(page), form.path
        again = [one for one in page_of(page.get_data(as_text=True), page.request.path).forms if one.path == form.path]
        assert again, (address, form.path)
        for name in typed:
            values = [html.unescape(one.value) for found in again for one in found.of(name)]
            assert TYPED in values, (address, form.path, name, values)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_field_for_a_secret_is_one_that_is_not_kept(forms):
    secret = {one.name for _, form in forms for one in form.fields if one.kind == "password"}
    assert secret <= kept_forms.SECRET_FIELDS
    assert "password" in secret
    of_stores = {name for kind in copies.KINDS.values() for name, _, _ in kind.credentials}
    assert of_stores <= kept_forms.SECRET_FIELDS, "those of many lines, too"


def late(client, path, data):
    Session.delete().execute()
    return client.post(path, data=data)


def test_a_secret_is_not_kept_and_that_is_said(client, sign_in, cast):
    sign_in(client, cast.root)
    form = form_of(client, "/users/", "/users/")
    sent = form.filled({"name": "New person", "email": "new@example.com", "password": "a secret of twelve"})
    page = text_of(sign_in_again(client, cast.root, late(client, "/users/", sent)))
    assert "Passwords, codes and files are not kept: give them again." in page
    assert 'value="New person"' in page
    assert "a secret of twelve" not in page
    keys = locks.keys("tenantkeep:kept-form:*")
    assert keys
    for key in keys:
        assert b"New person" not in locks.get(key), "sealed"
        assert 0 < locks.ttl(key) <= 3600


def test_another_person_does_not_see_it_and_the_one_who_typed_does(client, sign_in, cast):
    sign_in(client, cast.max)
    form = form_of(client, "/account/", "/account/password")
    answer = late(client, form.path, form.filled({"note": "INC-4711"}))
    other = text_of(sign_in_again(client, cast.ada, answer))
    assert "It is not kept any more" in other
    assert "INC-4711" not in other
    sent = client.post(form.path, data=form.filled({"note": "INC-4712"}))
    assert sent.status_code == 409
    assert "Ada is signed in here now. Nothing was changed." in text_of(sent)
    leave = next(one for one in page_of(sent.get_data(as_text=True), "/").forms if one.of("next"))
    there = client.post("/sign-out", data=leave.filled({}))
    following = leave.of("next")[0].value
    data = {"email": cast.max.email, "password": PASSWORD, "csrf_token": csrf_token(client, there.location)}
    back = client.post("/sign-in", data={**data, "next": following}, follow_redirects=True)
    assert "Nothing was changed." in text_of(back)


def test_a_form_of_another_site_is_not_kept(client, sign_in, cast):
    sign_in(client, cast.max)
    form = form_of(client, "/account/", "/account/password")
    for field, headers in (("forged", {}), (None, {"Sec-Fetch-Site": "cross-site"}), ("", {})):
        Session.delete().execute()
        sent = form.filled({} if field is None else {"form_of": field})
        assert client.post(form.path, data=sent, headers=headers).status_code in (400, 401), (field, headers)
    assert locks.keys("tenantkeep:kept-form:*") == []


def test_a_program_gets_a_refusal_and_no_page(client, sign_in, cast):
    sign_in(client, cast.max)
    form = form_of(client, "/account/", "/account/password")
    Session.delete().execute()
    answer = client.post(form.path, data=form.filled({}), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


def test_a_form_that_the_page_has_no_more_is_shown_to_be_copied(app, client, sign_in, cast):
    sign_in(client, cast.root)
    sent = form_of(client, "/users/", "/users/").filled({"name": "New person"})
    with app.app_context():
        sent["form_of"] = [kept_forms._signer().dumps([cast.root.id, "/account/", int(time.time() // 3600)])]
    page = text_of(sign_in_again(client, cast.root, late(client, "/users/", sent)))
    assert "The page has no such form any more" in page
    assert "New person" in page


def test_the_form_of_an_expired_token_comes_back_at_once_to_who_is_signed_in(client, sign_in, cast):
    sign_in(client, cast.root)
    form = form_of(client, "/users/", "/users/")
    sent = form.filled({"name": "New person", "email": "new@example.com", "csrf_token": "of long ago"})
    page = text_of(client.post("/users/", data=sent, follow_redirects=True))
    assert "This form expired. Nothing was changed. Here is what you typed." in page
    assert 'value="New person"' in page
    assert not AuditEvent.select().where(AuditEvent.action == "user:added").exists()


def test_a_sign_in_page_that_was_open_too_long_asks_again_with_the_address(client, cast):
    answer = client.post("/sign-in", data={"email": cast.ada.email, "password": PASSWORD, "next": "/runs/"})
    page = text_of(answer)
    assert answer.status_code == 400
    assert "This page was open too long. Nothing was sent. Sign in now." in page
    assert f'value="{cast.ada.email}"' in page
    assert 'name="next" value="/runs/"' in page


def test_what_is_too_large_for_who_is_signed_out_leads_to_the_sign_in(client, sign_in, cast):
    sign_in(client, cast.root)
    large = {"csrf_token": csrf_token(client, "/"), "x": "y" * 2_000_000}
    Session.delete().execute()
    answer = client.post("/restores/upload", data=large, headers={"Referer": "http://localhost/restores/new"})
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/restores/new")
    assert "A file is not kept" in text_of(client.get(answer.location))
