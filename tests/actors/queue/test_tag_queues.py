"""Queues by tag: nobody's flood delays the others', and nothing is lost when tags change."""

import time
from contextlib import ExitStack

import pytest
from click.testing import CliRunner
from dramatiq.common import dq_name

import config
from actors import scheduler
from actors.backups import capture
from actors.queue import tag_queues
from actors.queue.broker import PRIORITY, broker
from actors.recovery import resend
from actors.worker import Options, _command
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.installation import installation
from db.models import Heartbeat, Policy, Run
from db.recovery import lost_runs
from db.states import RunState
from db.tenants import tags
from tests.support import servers
from tests.support.simulated_tenant import SimulatedTenant, catalog_policy
from web.commands import cli

FLOOD = 16
GOLD = {tag_queues.tagged(queue, "grün gold") for queue in PRIORITY}


@pytest.fixture
def by_tag(database, monkeypatch):
    """Contoso's tag has queues of its own, as the setting says."""
    monkeypatch.setenv("TENANTKEEP_QUEUE_TAGS", "Silver, Grün Gold")
    config.settings.cache_clear()
    own = [tag_queues.tagged(queue, tag) for tag in config.queue_tags() for queue in PRIORITY]
    # Not declared: the workers of earlier tests hear of that, and would fetch from these queues.
    broker.queues.update(own)
    broker.delay_queues.update(map(dq_name, own))
    yield
    broker.queues.difference_update(own)
    broker.delay_queues.difference_update(map(dq_name, own))


@pytest.fixture
def serve(database, redis_url):
    """serve(tag): a worker process with one thread, as `tenantkeep worker --tag` becomes."""
    with ExitStack() as processes:

        def start(tag=""):
            command = _command(Options(tag=tag, processes=1, threads=1, shutdown_seconds=1))
            environment = servers.environment(dramatiq_worker_timeout="50")
            processes.enter_context(servers.running(command, cwd=servers.ROOT, env=environment))
            queues = {tag_queues.tagged(queue, tag) for queue in PRIORITY}
            servers.wait_for(lambda: queues <= (installation.served_queues() or set()), "The worker")

        yield start


def policies_of(simulator, tenant, count):
    """Return the tenant in the simulator, and its policies."""
    simulated = SimulatedTenant.add(simulator, tenant, f"{tenant.name.lower()} client secret")
    for number in range(count):
        simulated.put("deviceManagement/configurationPolicies", catalog_policy(f"{tenant.id}-{number}", f"P {number}"))
    columns = {"tenant": tenant, "policy_type": "configurationPolicies"}
    names = [(f"{tenant.id}-{number}", f"P {number}") for number in range(count)]
    return simulated, [Policy.create(**columns, graph_id=graph_id, name=name) for graph_id, name in names]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_flood_of_one_tenant_does_not_delay_the_others_nor_theirs_it(simulator, cast, by_tag, serve):
    """The calm one's only run comes last, and ends while most of the flood waits: of either side."""
    tags.replace(cast.contoso, ["Grün Gold"], SYSTEM)
    there = {tenant: policies_of(simulator, tenant, FLOOD + 1) for tenant in (cast.contoso, cast.fabrikam)}
    serve()
    serve("grün gold")
    for flooded, calm in ((cast.contoso, cast.fabrikam), (cast.fabrikam, cast.contoso)):
        simulated, policies = there[flooded]
        simulated.fault(kind="delay", path="configurationPolicies", seconds=0.7, times=FLOOD)
        many = [capture.start(policy, SYSTEM).run.id for policy in policies[1:]]
        few = capture.start(there[calm][1][0], SYSTEM).run
        servers.wait_for(lambda few=few: Run.get_by_id(few.id).state == RunState.SUCCEEDED, "The calm one's run")
        assert Run.select().where(Run.id.in_(many) & (Run.state == RunState.QUEUED)).count() > FLOOD / 2
        simulated.clear_faults()
        servers.wait_for(lambda: not Run.select().where(Run.state != RunState.SUCCEEDED).exists(), "The flood")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_waits_in_the_queue_of_another_tag_is_sent_again_and_done_once(
    simulator, cast, by_tag, worker, monkeypatch
):
    """The worker in this process serves every queue: both messages of the run come to it."""
    worker.pause()
    tags.replace(cast.contoso, ["Grün Gold"], SYSTEM)
    run = capture.start(policies_of(simulator, cast.contoso, 1)[1][0], SYSTEM).run
    of_tag = tag_queues.tagged("interactive", "grün gold")
    monkeypatch.setattr(lost_runs, "LOST_SECONDS", 0)
    scheduler.sweep()
    assert (broker.do_qsize(of_tag), broker.do_qsize("interactive")) == (1, 0), "it waits for a worker of its tag"
    tags.replace(cast.contoso, ["North"], SYSTEM)
    scheduler.sweep()
    assert (broker.do_qsize(of_tag), broker.do_qsize("interactive")) == (1, 1)
    worker.resume()
    servers.wait_for(lambda: Run.get().state == RunState.SUCCEEDED, "The run")
    servers.wait_for(lambda: not broker.do_qsize(of_tag) + broker.do_qsize("interactive"), "The other message")
    assert (Run.get().attempts, Run.select().count()) == (run.attempts, 1)


def test_a_queue_that_nobody_declares_any_more_counts_as_lost(cast, by_tag, monkeypatch, redis_url):
    tags.replace(cast.contoso, ["silver"], SYSTEM)
    run = capture.start(Policy.get(Policy.tenant == cast.contoso), SYSTEM).run
    monkeypatch.setattr(lost_runs, "LOST_SECONDS", 0)
    time.sleep(0.01)
    assert resend.runs_without_message() == []
    monkeypatch.delenv("TENANTKEEP_QUEUE_TAGS")
    config.settings.cache_clear()
    broker.queues.discard("interactive.silver")
    time.sleep(0.01)
    assert resend.runs_without_message() == [run]


def test_a_tag_whose_queues_no_live_worker_serves_is_named(cast, by_tag, database):
    assert tag_queues.tags_without_worker(PRIORITY) == ["silver", "grün gold"]
    installation.record_heartbeat("here:1", "worker", PRIORITY)
    installation.record_heartbeat("here:2", "worker", GOLD)
    assert tag_queues.tags_without_worker(PRIORITY) == ["silver"]
    Heartbeat.update(at=utcnow() - 2 * installation.LIVE_WITHIN).where(Heartbeat.process == "here:2").execute()
    assert tag_queues.tags_without_worker(PRIORITY) == ["silver", "grün gold"]
    installation.record_heartbeat("here:3", "worker")
    assert tag_queues.tags_without_worker(PRIORITY) == [], "it serves all queues"


def test_a_worker_for_a_tag_serves_its_queues_alone(by_tag):
    command = _command(Options(tag="grün gold"))
    served = command[command.index("--queues") + 1 : command.index("--processes")]
    assert set(served) == GOLD
    answer = CliRunner().invoke(cli, ["worker", "--tag", "bronze"])
    assert (answer.exit_code, "none of the tags in TENANTKEEP_QUEUE_TAGS" in answer.output) == (2, True)
