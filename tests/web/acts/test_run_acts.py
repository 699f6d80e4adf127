"""Cancelling a run: whose, by whom."""

from db.audit.audit import Actor
from db.models import Policy, Run, Snapshot
from db.runs import runs
from db.states import RunKind
from tests.support.forms import csrf_token


def test_one_may_cancel_ones_own_run_and_a_manager_any(app, cast, captured, sign_in):
    policy = captured[0][0]
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[], policy=policy,
                     actor=Actor.person(cast.max, None)).run  # fmt: skip
    ada, manager = sign_in(app.test_client(), cast.ada), sign_in(app.test_client(), cast.max)
    assert ada.post(f"/runs/{run.id}/cancel", data={"csrf_token": csrf_token(ada, "/")}).status_code == 403
    assert manager.post(f"/runs/{run.id}/cancel", data={"csrf_token": csrf_token(manager, "/")}).status_code == 303
    assert Run.get_by_id(run.id).state == "cancelled"
    assert Policy.select().exists()
    assert Snapshot.select().exists()
