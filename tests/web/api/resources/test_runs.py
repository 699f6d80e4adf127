"""Runs as a program sees them: listed, followed, cancelled, tried again."""

import pytest

from actors.backups import back_up
from db.audit.audit import SYSTEM, Actor
from db.models import Run
from db.runs import runs
from db.states import RunKind, RunState

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ids(answer):
    assert answer.status_code == 200, answer.json
    return [row["id"] for row in answer.json["items"]]


def test_runs_are_narrowed_and_paged_and_only_of_tenants_that_the_token_sees(api, cast, captured):
    all_ids = [run.id for _, run, _ in captured][::-1]
    of_contoso = [run.id for policy, run, _ in captured if policy.tenant == cast.contoso][::-1]
    root, ada = api(cast.root), api(cast.ada)
    assert ids(root.get("/runs")) == all_ids
    assert ids(ada.get("/runs")) == of_contoso
    assert ids(root.get(f"/runs?tenant={cast.contoso.id}&state=succeeded&kind=policy.capture_snapshot")) == of_contoso
    assert ids(root.get("/runs?state=failed")) == ids(root.get("/runs?since=2099-01-01T00:00:00Z")) == []
    assert ids(root.get("/runs?until=2099-01-01T02:00:00%2B02:00")) == all_ids
    first = root.get("/runs?limit=3")
    assert ids(first) + ids(root.get(first.json["next"])) == all_ids
    assert root.get("/runs?state=none").status_code == root.get("/runs?since=x").status_code == 400


def test_items_come_in_their_order_with_what_they_captured(api, cast, captured):
    policy, run, snapshot = captured[0]
    program = api(cast.rita)
    [item] = program.get(f"/runs/{run.id}/items").json["items"]
    assert (item["policy"], item["snapshot"], item["outcome"]) == (policy.id, snapshot.id, "captured")
    assert program.get(f"/runs/{run.id}/items?state=failed").json["items"] == []
    assert program.get(f"/runs/{captured[2][1].id}/items").status_code == 403


def test_ones_own_run_is_cancelled_and_that_of_another_person_by_a_manager(api, cast):
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[],
                     actor=Actor.person(cast.max, None)).run  # fmt: skip
    assert api(cast.ada).post(f"/runs/{run.id}/cancel").status_code == 403
    for _ in range(2):
        answer = api(cast.max).post(f"/runs/{run.id}/cancel")
        assert (answer.status_code, answer.json["state"]) == (200, "cancelled")


def test_what_a_backup_could_not_read_is_tried_again_and_what_a_restore_wrote_is_not_here(api, cast, captured):
    program, run = api(cast.max), captured[0][1]
    assert "Start this one anew" in program.post(f"/runs/{run.id}/retry-failed").json["detail"]
    whole = back_up.create_run(cast.contoso, SYSTEM).run
    Run.update(state=RunState.PARTIAL).where(Run.id == whole.id).execute()
    assert program.post(f"/runs/{whole.id}/retry-failed").status_code == 422
    Run.update(kind=RunKind.RESTORE, restore_id=7).where(Run.id == run.id).execute()
    assert "/restores/7/retry-failed" in program.post(f"/runs/{run.id}/retry-failed").json["detail"]
