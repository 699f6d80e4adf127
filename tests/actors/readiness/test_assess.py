"""`readiness.assess` after a backup: its report, what it asks of the tenant, and what becomes of one that fails."""

import pytest

import actors.backups.back_up
import config
from actors.readiness import assess
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Occurrence, Run, Tenant, TenantReadiness
from db.policies import policies
from db.readiness import reports
from db.readiness.reports import ReportFilter
from db.states import ReadinessVerdict, RunKind, RunState
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEVER_READ = "99999999-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def after_backups(database, monkeypatch):
    """after_backups("off"): only when somebody asks."""

    def switch(value):
        monkeypatch.setenv("TENANTKEEP_READINESS_AFTER_BACKUPS", value)
        config.settings.cache_clear()

    switch("on")
    return switch


def verdicts(tenant):
    return {
        (row.verdict, row.reason) for row in reports.lines(tenant, ReportFilter(policy_type="configurationPolicies"), 9)
    }


def test_each_backup_of_the_whole_tenant_is_judged_without_a_write(graph, cast, worker, ended, quick, after_backups):
    tenant = cast.contoso
    after_backups("off")  # else a sweep begins meanwhile
    graph.change(permissions=WRITE)
    assert ended(actors.backups.back_up.start(tenant, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert assess.due(()) == (), "only when somebody asks"
    after_backups("on")
    [due] = assess.due(())
    assess.start_due(due)
    run = ended(Run.get(Run.kind == RunKind.READINESS).id)
    assert (run.state, run.error_message) == (RunState.SUCCEEDED, None)
    assert graph.requests()["writes"] == 0
    report = reports.newest(tenant)
    assert verdicts(tenant) == {(ReadinessVerdict.BY_ITSELF, "")}
    assert report.share == 1
    assert report.seconds > 0
    assert ended(actors.backups.back_up.start(tenant, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert not assess.due(()), "the same again"
    # What no backup holds does not come back.
    graph.put("deviceManagement/configurationPolicies", catalog_policy(NEVER_READ, "Never read"))
    never = policies.get_or_create(tenant, "configurationPolicies", NEVER_READ, "Never read", None)
    assert ended(assess.start(tenant, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert (ReadinessVerdict.NOT, "no_snapshot") in verdicts(tenant)
    never.delete_instance()
    graph.delete("deviceManagement/configurationPolicies", NEVER_READ)
    # The app may no longer write: everything needs a hand, and that is told.
    graph.change(permissions=READ)
    graph_clients.clear_cache()
    assert ended(assess.start(tenant, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert verdicts(tenant) == {(ReadinessVerdict.BY_HAND, "permission_missing")}
    assert Occurrence.select().where(Occurrence.event == "readiness_fell").exists()


def test_a_tenant_that_cannot_be_asked_is_tried_again_later(graph, cast, captured, worker, ended, quick):
    reports.mark_due(cast.contoso.id)
    graph.change(client_secret="another one")
    graph_clients.clear_cache()
    assert ended(assess.start(cast.contoso, SYSTEM).run.id).state == RunState.FAILED
    assert not assess.due(())
    assert TenantReadiness.get().again_at > utcnow()
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    TenantReadiness.update(again_at=None).execute()
    assess.start_due(TenantReadiness.get())
    assert Run.select().where(Run.kind == RunKind.READINESS).count() == 1
