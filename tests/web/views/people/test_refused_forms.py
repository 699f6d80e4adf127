"""A refused form is there again as it was typed, and begins with what was wrong; secrets are not."""

import html
import re

import pytest

from db.models import Tenant
from tests.support.forms import csrf_token, page_of
from tests.web.views.people.test_kept_forms import forms, text_of, typed_fields  # noqa: F401 - a fixture
from web.security import kept_forms

REFUSAL = 'id="refused"'
# Where a refusal stood before: at the top of a page, however far from the form.
AT_TOP = re.compile(r'aria-live="polite">\s*<div class="alert alert-danger">')


def refused_form(page, path):
    """Return the form that begins with the refusal, as sent: the values of its fields by name."""
    text = page.get_data(as_text=True)
    begin = text.rindex("<form", 0, text.index(REFUSAL))
    form = page_of(text[begin : text.index("</form>", begin) + 7], page.request.path).forms[0]
    assert form.path == path
    return form


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_refused_form_keeps_what_was_typed_and_says_why_where_it_begins(client, forms):  # noqa: F811
    refused = 0
    for _, form in forms:
        typed = typed_fields(form)
        answer = client.post(form.path, data=form.filled(typed), follow_redirects=True)
        page = answer.get_data(as_text=True)
        if answer.mimetype != "text/html" or not typed:
            continue
        again = [one.path for one in page_of(page, answer.request.path).forms]
        assert not (form.path in again and AT_TOP.search(page)), form.path
        if REFUSAL not in page:
            continue
        refused += 1
        kept = refused_form(answer, form.path)
        for name, value in typed.items():
            values = [html.unescape(field.value) for field in kept.of(name)]
            assert not values or value in values, (form.path, name)
    assert refused > 11


def refuse_settings(client, **fields):
    """Send a tenant's settings, which no number of days is in; return the answer."""
    tenant = Tenant.get()
    page = f"/tenants/{tenant.id}/settings"
    sent = {"csrf_token": csrf_token(client, page), "full_every_days": "1000", **fields}
    form = next(
        one for one in page_of(text_of(client.get(page)), page).forms if one.path == page and one.method == "POST"
    )
    return client.post(page, data=form.filled({"full_every_days": "1000"}) | sent)


def test_the_browser_goes_to_the_refused_form(client, sign_in, cast):
    sign_in(client, cast.root)
    answer = refuse_settings(client)
    assert re.fullmatch(r"/tenants/\d+/settings\?kept=[\w.-]+#refused", answer.location)
    page = client.get(answer.location)
    assert refused_form(page, page.request.path).filled({})["full_every_days"] == ["1000"]
    assert REFUSAL not in text_of(client.get(answer.location)), "what was refused is said once"
    assert 'value="1000"' in text_of(client.get(answer.location))


def test_another_persons_refused_form_is_not_shown(client, sign_in, cast):
    sign_in(client, cast.root)
    address = refuse_settings(client).location
    sign_in(client, cast.ada)
    assert 'value="1000"' not in text_of(client.get(address))


def test_what_was_not_refused_is_not_filled_in(client, sign_in, cast):
    sign_in(client, cast.root)
    answer = refuse_settings(client, full_every_days="7")
    assert "kept=" not in answer.location


def test_secrets_are_not_in_a_refused_form_and_it_says_so(client, sign_in, cast):
    sign_in(client, cast.root)
    page = "/tenants/connect/own"
    data = {
        "csrf_token": csrf_token(client, "/tenants/connect"),
        "name": "Wide World",
        "secret": "s3cret of Wide World",
    }
    form = next(one for one in page_of(text_of(client.get("/tenants/connect")), page).forms if one.path == page)
    text = text_of(client.post(page, data=form.filled({}) | data))
    assert "Passwords, codes and files are not kept: give them again." in text
    assert "s3cret of Wide World" not in text
    assert "secret" in kept_forms.SECRET_FIELDS
