"""Answers that are not what Graph promises, in every shape the simulator has, to everything that reads or writes.

A run ends with a code and a sentence, or goes on once Graph is well again; nothing of a malformed answer is kept.
"""

import re
from itertools import product
from pathlib import Path

import pytest

import actors.backups.back_up
import actors.backups.capture
import actors.backups.sync
import actors.plans.preview
import actors.restores.live_restore
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import BackupSet, Policy, RunItem, Snapshot
from db.restores import restore_items
from db.states import RunState
from graph.simulator.faults.malformed import BODIES, BYTES, NAMES, PACKED, PARTS, STATUSES
from tests.support.restore_steps import executed, items_of, options, previewed
from tests.support.simulated_tenant import WRITE, catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CATALOG = "deviceManagement/configurationPolicies"
OF_ONE = (*BODIES, *PARTS)
# 100 MB each: a real worker's memory is measured with these, and the others are quick.
HEAVY = ("large", PACKED)
OF_ALL = tuple(one for one in (*BYTES, *STATUSES) if one not in HEAVY)
CODES = {"malformed", "not_json", "not_graph", "refused_unclear", "no_body", "too_large", "incomplete", "unanswered",
         "unavailable", "page_repeats"}  # fmt: skip


@pytest.fixture
def impatient(monkeypatch):
    """Two attempts, a moment apart."""
    for module in ("db.runs.claims", "actors.reading.graph_errors"):
        monkeypatch.setattr(f"{module}.MAX_ATTEMPTS", 2)
    monkeypatch.setattr("actors.queue.run_actor.LONGEST_BACKOFF", 0.05)


@pytest.fixture
def tenant(graph, worker, quick, impatient):
    """Contoso with one policy for each shape besides its own two."""
    graph.change(permissions=WRITE)
    for number, shape in enumerate(OF_ONE):
        graph.put(CATALOG, catalog_policy(id_of(number), f"Policy {shape}"))
    return graph


def id_of(number):
    return f"{number:08d}-0000-4000-8000-00000000000a"


def damage_each(tenant):
    for number, shape in enumerate(OF_ONE):
        tenant.fault(kind="malformed", shape=shape, path=f"{CATALOG}/{id_of(number)}", times=999)


def says_why(reason, sentence):
    assert reason in CODES, (reason, sentence)
    assert re.fullmatch(r"[\w“].{20,400}[.)]", sentence), sentence


def tried(work, shapes):
    print(f"\nmalformed answers: {len(shapes)} shapes x {work}")


def test_every_shape_of_one_policy_costs_a_backup_that_policy_alone(app, cast, tenant, ended):
    damage_each(tenant)
    run = ended(actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=["configurationPolicies"]).run.id)
    assert run.state == RunState.PARTIAL
    rows = items_of(run)
    assert [rows[f"Contoso policy {n}"].outcome for n in (1, 2)] == ["captured"] * 2
    for shape in OF_ONE:
        row = rows[f"Policy {shape}"]
        if row.outcome == "captured":
            assert shape.startswith(("next_link", "value_", "items_", "part_headers")), (
                shape
            )  # properties that mean nothing there
        else:
            says_why(row.reason, row.message)
            assert not Snapshot.select().join(Policy).where(Policy.name == row.name).exists()
    tried("backup", OF_ONE)


def test_every_shape_of_a_list_costs_a_sync_that_list_alone(app, cast, tenant, ended):
    for shape in BODIES:
        before = {(one.graph_id, one.name, one.state) for one in Policy.select()}
        tenant.fault(kind="malformed", shape=shape, path=r"deviceManagement/configurationPolicies(\?|$)", times=2)
        run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
        row = RunItem.get((RunItem.run == run) & (RunItem.policy_type == "configurationPolicies"))
        others = RunItem.select().where((RunItem.run == run) & (RunItem.id != row.id))
        assert {one.state for one in others} <= {"done", "skipped"}, shape
        if row.state == "failed":
            says_why(row.reason or run.error_code, row.message or run.error_message)
            assert {(one.graph_id, one.name, one.state) for one in Policy.select()} == before, shape
        tenant.clear_faults()
    tried("sync", BODIES)


def test_a_whole_answer_that_is_none_ends_a_capture_with_a_sentence(app, cast, tenant, ended):
    policy = Policy.get(Policy.name == "Contoso policy 1")
    for shape in OF_ALL:
        kept = Snapshot.select().count()
        tenant.fault(kind="malformed", shape=shape, path=r"^\$batch$", times=99)
        run = ended(actors.backups.capture.start(policy, SYSTEM).run.id)
        if shape == "html_502":
            assert run.error_code == "unavailable"
        else:
            says_why(run.error_code, run.error_message)
        assert Snapshot.select().count() == kept, shape
        tenant.clear_faults()
        assert ended(actors.backups.capture.start(policy, SYSTEM).run.id).state == RunState.SUCCEEDED, shape
    tried("capture", OF_ALL)


def test_a_sign_in_answered_otherwise_ends_a_run_with_a_sentence(app, cast, tenant, ended):
    policy = Policy.get(Policy.name == "Contoso policy 1")
    shapes = ("html", "list", "text", "empty", "redirect", "gzip_bomb", "truncated", "html_502")
    for where, shape in product(("openid-configuration", "oauth2/token"), shapes):
        graph_clients.clear_cache()
        tenant.fault(kind="malformed", shape=shape, path=where, times=99)
        run = ended(actors.backups.capture.start(policy, SYSTEM).run.id)
        assert run.error_code in ("sign_in_malformed", "sign_in_unreachable", "too_large"), (where, shape)
        assert len(run.error_message) > 20
        tenant.clear_faults()
    tried("sign-in", shapes)


def restorable(cast, tenant, ended):
    """A draft of all the policies, which have changed meanwhile; half of them are gone."""
    run = ended(actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=["configurationPolicies"]).run.id)
    assert run.state == RunState.SUCCEEDED
    for number, shape in enumerate(OF_ONE):
        if number % 2:
            tenant.delete(CATALOG, id_of(number))
        else:
            changed = catalog_policy(id_of(number), f"Policy {shape}")
            tenant.put(CATALOG, {**changed, "description": "otherwise"})
    backup_set = BackupSet.get(BackupSet.run == run)
    return drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM)


def test_every_shape_of_one_policy_costs_a_preview_that_policy_alone(app, cast, tenant, ended):
    restore = restorable(cast, tenant, ended)
    damage_each(tenant)
    restore = previewed(restore, ended)
    plans = {one.name: one for one in restore_items.items(restore)}
    assert plans["Contoso policy 1"].action == "matches"
    for number, shape in enumerate(OF_ONE):
        plan = plans[f"Policy {shape}"]
        assert plan.action in ("recreate" if number % 2 else "update", "blocked"), shape
        if plan.action == "blocked":
            assert plan.message, shape
    tried("preview", OF_ONE)


def test_writes_whose_answers_are_malformed_are_settled_by_reading_and_never_repeated(app, cast, tenant, ended,
                                                                                      monkeypatch):  # fmt: skip
    monkeypatch.setenv("TENANTKEEP_SETTLE_SECONDS", "1")
    restore = previewed(restorable(cast, tenant, ended), ended)
    shapes = ("part_id_missing", "part_status_text", "part_status_999", "part_403_html", "id_null", "text")
    for shape in shapes:
        tenant.fault(kind="malformed", shape=shape, path=rf"^/?{CATALOG}$", times=1)
    tenant.fault(kind="malformed", shape="html", path=r"^\$batch$", times=1)
    restore, run = executed(restore, ended)
    assert run.state == RunState.SUCCEEDED, run.error_message
    there = tenant.objects()[CATALOG]
    names = [one["name"] for one in there.values()]
    assert len(names) == len(set(names)) == len(OF_ONE) + 2, "nothing twice, nothing missing"
    assert tenant.requests()["created"] == {CATALOG: len(OF_ONE) // 2}
    tried("live restore", shapes)


def test_every_shape_has_its_test(database_url):
    assert {*OF_ONE, *OF_ALL, *HEAVY} == set(NAMES)


def test_a_worker_stays_small_whatever_size_an_answer_has(app, cast, graph, ended, start_worker):
    """MB at its peak, of the process that works; four answers of 100 MB, packed and not."""
    process = start_worker()
    for shape in HEAVY:
        graph.fault(kind="malformed", shape=shape, path=r"^\$batch$", times=2)
    runs = [
        actors.backups.capture.start(policy, SYSTEM).run.id
        for policy in Policy.select().where(Policy.tenant == cast.contoso)
    ]
    assert [ended(one).state for one in runs] == [RunState.SUCCEEDED] * 2
    peak = max(map(peak_mb, children_of(process.pid)))
    print(f"\npeak of a worker that was answered 100 MB {len(HEAVY) * 2} times: {peak} MB")
    assert peak < 400


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def peak_mb(pid):
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024
