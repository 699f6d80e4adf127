"""`Idempotency-Key` as a program sends it."""

import pytest

from actors.queue import broker as brokers
from db.audit.audit import SYSTEM
from db.models import ApiStart, Run
from db.runs import completion

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def key(text):
    return {"headers": {"Idempotency-Key": text}}


def test_a_start_asked_for_again_is_answered_as_it_was_also_when_its_run_has_ended(api, cast):
    program, path = api(cast.ada), f"/tenants/{cast.contoso.id}/sync"
    first = program.post(path, **key("night-1"))
    assert (first.status_code, first.json["is_new"], brokers.broker.do_qsize("bulk")) == (202, True, 1)
    assert completion.request_cancel(Run.get_by_id(first.json["run"]["id"]), SYSTEM)
    again = program.post(path, **key("night-1"))
    assert (again.status_code, again.json, again.headers["Location"]) == (202, first.json, first.headers["Location"])
    assert program.post(path, **key("night-2")).json["is_new"], "another key is another start"
    assert program.post(path).json["is_new"] is False, "without a key the run that is under way is found"
    assert (Run.select().count(), ApiStart.select().count()) == (2, 2)


def test_a_key_is_refused_for_another_request_and_kept_from_who_may_no_longer_start(api, cast):
    program, path = api(cast.root), f"/tenants/{cast.contoso.id}/back-ups"
    assert program.post(path, {}, **key("k")).status_code == 202
    other = program.post(path, {"is_full": True}, **key("k"))
    assert (other.status_code, other.mimetype) == (422, "application/problem+json")
    assert "key of its own" in other.json["detail"]
    assert program.post(f"/tenants/{cast.fabrikam.id}/back-ups", {}, **key("k")).status_code == 422
    assert api(cast.root).post(path, {}, **key("k")).json["is_new"] is False, "another token's key is another one"
    assert api(cast.rita).post(path, {}, **key("k")).status_code == 403
    for wrong in ("", "two words", "x" * 201, "ä"):
        assert program.post(path, {}, **key(wrong)).status_code == 400, wrong
