"""A policy type that cannot be listed costs itself alone."""

import pytest

import actors.backups.back_up
import actors.queue.run_actor
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import BackupSet
from db.states import RunState, SetState
from tests.support.simulated_tenant import READ

pytestmark = pytest.mark.usefixtures("quick", "lock_order")


def test_types_that_may_not_be_read_are_warnings_and_the_rest_is_complete(graph, back_up):
    graph.change(permissions=[one for one in READ if "Scripts" not in one])
    graph_clients.clear_cache()
    run, made = back_up()
    assert (run.state, made.state) == (RunState.SUCCEEDED, SetState.WARNINGS)
    assert made.types["deviceManagementScripts"]["state"] == "skipped"
    assert "DeviceManagementScripts.Read.All" in made.problems[0]["message"]
    graph.change(permissions=READ)


def test_a_list_that_never_comes_costs_its_own_type_alone_and_can_be_tried_again(graph, back_up, ended, monkeypatch):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    graph.fault(kind="status", path="deviceManagement/deviceCategories", status=503, times=20)
    run, made = back_up()
    assert (run.state, made.state) == (RunState.PARTIAL, SetState.INCOMPLETE)
    assert made.types["deviceCategories"]["state"] == "failed"
    graph.clear_faults()
    again = ended(actors.backups.back_up.retry_failed(run, SYSTEM).run.id)
    completed = BackupSet.get()
    assert (again.backup_set_id, completed.id, completed.run_id) == (made.id, made.id, run.id)
    assert (completed.state, completed.problems) == (SetState.COMPLETE, [])
    assert len(backup_sets.snapshot_ids(completed)) == 2
    assert completed.types["deviceCategories"] == {"state": "done", "offer": "offered", "listed": 0, "message": None}


def test_a_page_link_that_repeats_costs_its_own_type_alone(graph, back_up, monkeypatch):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    link = f"{graph.url.removesuffix('/_simulator')}/beta/deviceManagement/deviceCategories?$skiptoken=x"
    page = {"value": [], "@odata.nextLink": link}
    graph.fault(kind="status", path="deviceManagement/deviceCategories", status=200, body=page, times=100)
    run, made = back_up()
    assert (made.state, made.types["deviceCategories"]["state"]) == (SetState.INCOMPLETE, "failed")
    assert "same page link twice" in made.types["deviceCategories"]["message"]
    assert run.done == 2
