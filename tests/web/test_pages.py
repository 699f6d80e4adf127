"""What all pages have in common: errors in the same look, and headers."""

import html
import re

import peewee as pw
import pytest
from flask import abort

from web.error_pages import PAGES
from web.security.headers import CONTENT_SECURITY_POLICY
from web.security.permissions import Permission


@pytest.fixture
def broken(own_app):
    """An address that answers with each error, as one of our pages might."""

    def view(code):
        if code == 500:
            raise RuntimeError("token=s3cret")
        if code == 503:
            raise pw.OperationalError("could not connect")
        abort(code)

    view.permission = Permission.PUBLIC
    own_app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    own_app.add_url_rule("/broken/<int:code>", view_func=view)
    return own_app.test_client()


def test_each_error_is_a_page_that_says_what_to_do_and_its_request_id(broken, sign_in, cast, caplog):
    sign_in(broken, cast.ada)
    for code in (400, 403, 404, 405, 413, 429, 500, 503):
        caplog.clear()
        answer = broken.get(f"/broken/{code}", headers={"X-Request-Id": "ticket-4711"})
        page = html.unescape(answer.get_data(as_text=True))
        assert answer.status_code == code
        for part in (*PAGES[code], "ticket-4711", "To the dashboard", "tenantkeep.css", "mark.svg"):
            assert part in page, (code, part)
        assert "s3cret" not in page
        assert answer.headers["X-Request-Id"] == "ticket-4711"
        logged = [record.getMessage() for record in caplog.records if record.exc_info]
        assert f"/broken/{code}" not in str(logged), "an address may be a secret; the route is none"
        assert (code == 500) == ("an error at GET /broken/<int:code>" in logged)


def test_a_signed_out_person_gets_error_pages_too(broken):
    page = broken.get("/nowhere").get_data(as_text=True)
    assert "There is no such page" in page
    assert "Sign out" not in page


def test_where_the_database_is_gone_the_page_says_so_without_asking_it(app, sign_in, cast, database, monkeypatch):
    client = sign_in(app.test_client(), cast.ada)

    def gone(*_args, **_options):
        raise pw.OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(type(database), "execute_sql", gone)
    answer = client.get("/policies/")
    assert answer.status_code == 503
    assert "The database does not answer. Try again in a minute." in answer.get_data(as_text=True)


def test_errors_are_json_where_json_is_asked_for(broken):
    answer = broken.get("/broken/429", headers={"Accept": "application/json"})
    assert answer.json["error"]["title"] == "Too many tries"
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-Id"]


def test_pages_carry_the_headers_that_keep_others_out(client, sign_in, cast):
    answer = sign_in(client, cast.ada).get("/")
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for name, value in {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
                        "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
                        "Cross-Origin-Resource-Policy": "same-origin"}.items():  # fmt: skip
        assert answer.headers[name] == value
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" in client.get("/", base_url="https://localhost").headers


def test_no_page_asks_another_host_for_anything(client, sign_in, cast, captured):
    sign_in(client, cast.root)
    for path in ("/", "/policies/", "/policies/1", "/snapshots/1", "/runs/1", "/audit/", "/users/", "/schedules/"):
        page = client.get(path).get_data(as_text=True)
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*', page) == [], path
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:|<style", page), path


def test_static_files_are_kept_by_browsers_under_an_address_of_their_version(client):
    page = client.get("/sign-in").get_data(as_text=True)
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(addresses) >= 5
    for address in addresses:
        answer = client.get(address, buffered=True)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True), address
    assert "immutable" not in client.get("/static/tenantkeep.css", buffered=True).headers["Cache-Control"]
    assert client.get("/static/nothing.css?v=1").headers["Cache-Control"] == "no-store"
