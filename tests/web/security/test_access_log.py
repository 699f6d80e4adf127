import json
import logging

import pytest

from actors.process import logs
from actors.queue.run_actor import run_claimed
from db.models import ApiToken, Run
from db.states import RunKind
from tests.support.forms import csrf_token
from web.security import access_log

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def lines(caplog):
    """lines() -> what was logged of requests, as JSON has it."""
    caplog.set_level(logging.INFO, "tenantkeep.access")
    formatter = logs.LineFormatter("json")
    return lambda: [
        json.loads(formatter.format(record)) for record in caplog.records if record.name == access_log.logger.name
    ]


def test_a_line_says_who_asked_for_what_route_and_never_the_address(app, cast, sign_in, lines, monkeypatch):
    browser = sign_in(app.test_client(), cast.ada)
    inside = app.wsgi_app
    for writes_lines in (True, False):
        monkeypatch.setattr(app, "wsgi_app", access_log.observed(inside, writes_lines=writes_lines))
        browser.get(f"/tenants/{cast.contoso.id}?search=canary", headers={"X-Request-Id": "request-of-ada"})
        app.test_client().get("/canary/nowhere")
    first, second = lines()
    assert "canary" not in json.dumps([first, second])
    assert {name: first[name] for name in ("method", "route", "status", "request_id", "user_id", "address")} == {
        "method": "GET", "route": "/tenants/<tenant_id>", "status": 200, "request_id": "request-of-ada",
        "user_id": cast.ada.id, "address": "127.0.0.1",
    }  # fmt: skip
    assert first["bytes"] > 1000
    assert (second["status"], second.get("route"), second.get("user_id")) == (404, None, None)


def test_the_request_is_named_in_the_run_that_it_starts_and_in_its_workers_lines(app, cast, sign_in):
    browser = sign_in(app.test_client(), cast.ada)
    form = {"csrf_token": csrf_token(browser, f"/tenants/{cast.contoso.id}")}
    browser.post(f"/tenants/{cast.contoso.id}/sync", data=form, headers={"X-Request-Id": "request-of-ada"})
    run = Run.get(Run.kind == RunKind.SYNC)
    assert run.asked_in == "request-of-ada"
    said = []
    run_claimed(run.id, RunKind.SYNC, lambda claim: said.append(logs._context.get()))
    logs.unbind()
    assert said == [{"request_id": "request-of-ada"}]
    browser.get("/healthz")
    assert logs._context.get() == {}, "a thread that is done with a request forgets it"


def test_a_program_is_named_by_its_token_and_its_person(app, cast, api, lines, monkeypatch):
    program = api(cast.ada)
    monkeypatch.setattr(app, "wsgi_app", access_log.observed(app.wsgi_app, writes_lines=True))
    program.get(f"/tenants/{cast.contoso.id}")
    [line] = lines()
    token = ApiToken.get()
    assert (line["route"], line["token_id"], line["user_id"], line["status"]) == (
        "/api/v1/tenants/<tenant_id>", token.id, cast.ada.id, 200,
    )  # fmt: skip
    assert program.token not in json.dumps(line)
