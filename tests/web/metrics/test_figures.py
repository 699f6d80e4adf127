"""A scrape after real work: what was counted where, and that all of it is told, once, and to whom."""

from datetime import timedelta

import pytest
import redis
from prometheus_client.openmetrics import parser

from actors.housekeeping import standing_counts
from actors.process import counters
from actors.process.meters import GRAPH_METER, RunMeter
from actors.queue import broker
from db import observation
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.installation import installation
from db.models import Expiry, Schedule, Tenant, Watch
from db.runs import claims, completion, runs
from db.states import RunKind
from web.metrics import figures
from web.metrics.families import FAMILIES


def scrape(**options):
    """(name, *values of labels) -> value."""
    text = figures.metrics_text(**{"with_tenants": True, "is_openmetrics": True, **options})
    return {
        (sample.name.removeprefix("tenantkeep_"), *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def end_a_run(tenant):
    started = runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key="k", items=(), actor=SYSTEM)
    completion.finish(claims.take_claim(started.run.id, RunKind.SYNC))


@pytest.fixture
def lived(cast, database):
    """An installation in which something of everything has happened."""
    now = utcnow()
    installation.record_heartbeat("here:1", "worker")
    Tenant.update(last_backup_at=now - timedelta(hours=3)).execute()
    Tenant.update(credential_expires_at=now + timedelta(days=5)).where(Tenant.id == cast.contoso.id).execute()
    Expiry.create(tenant=cast.contoso, kind="apns", object_id="1", name="Push", expires_at=now + timedelta(days=3),
                  state="", is_well=True)  # fmt: skip
    Schedule.create(tenant=cast.contoso, cron="0 3 * * *", next_at=now - timedelta(minutes=10))
    Watch.create(tenant=cast.contoso, fresh_at=now - timedelta(minutes=7))
    with GRAPH_METER.calling("batch", "POST") as call:
        call.status = "200"
    GRAPH_METER.answered_part("intune", "429")
    counters.count("budget_wait_seconds", "intune", amount=2.5)
    counters.count("http_requests", "200")
    counters.observe("http_request_seconds", 0.02)
    standing_counts.count_if_due()
    end_a_run(cast.contoso)
    return cast


@pytest.fixture(autouse=True)
def nothing_counted(redis_url, monkeypatch):
    broker.locks.delete(counters.TOTALS, standing_counts.KEY)
    counters._begin_anew()
    observation.observe(RunMeter())
    monkeypatch.setattr(standing_counts, "_next_at", 0.0)


def test_everything_that_is_counted_and_measured_is_told_with_its_labels(lived):
    told = scrape()
    number = str(lived.contoso.id)
    assert {name: told[name] for name in (
        ("runs_ended_total", "policy.sync", "succeeded"), ("runs_ended_total", "backup_set.capture", "failed"),
        ("run_seconds_count", "policy.sync"), ("graph_requests_total", "batch", "200"),
        ("graph_requests_total", "intune", "429"), ("graph_call_seconds_count", "batch"),
        ("budget_wait_seconds_total", "intune"), ("http_requests_total", "200"),
        ("http_request_seconds_bucket", "0.025"), ("http_request_seconds_bucket", "0.01"),
        ("tenants",), ("tenants_never_backed_up",), ("expiring_objects", "1"), ("expiring_objects", "7"),
        ("process_info", "worker", installation.own_version()), ("redis_up",), ("tenant_series_left_out",),
    )} == {
        ("runs_ended_total", "policy.sync", "succeeded"): 1, ("runs_ended_total", "backup_set.capture", "failed"): 0,
        ("run_seconds_count", "policy.sync"): 1, ("graph_requests_total", "batch", "200"): 1,
        ("graph_requests_total", "intune", "429"): 1, ("graph_call_seconds_count", "batch"): 1,
        ("budget_wait_seconds_total", "intune"): 2.5, ("http_requests_total", "200"): 1,
        ("http_request_seconds_bucket", "0.025"): 1, ("http_request_seconds_bucket", "0.01"): 0,
        ("tenants",): 2, ("tenants_never_backed_up",): 0, ("expiring_objects", "1"): 0, ("expiring_objects", "7"): 1,
        ("process_info", "worker", installation.own_version()): 1, ("redis_up",): 1, ("tenant_series_left_out",): 0,
    }  # fmt: skip
    for name, about in (
        (("oldest_backup_age_seconds",), 3 * 3600),
        (("tenant_backup_age_seconds", number), 3 * 3600),
        (("tenant_look_age_seconds", number), 420),
        (("schedule_lag_seconds",), 600),
        (("credential_expires_days",), 5),
        (("tenant_credential_expires_days", number), 5),
    ):
        assert about - 1 < told[name] < about + 60, name
    standings = {name[1]: count for name, count in told.items() if name[0] == "tenants_by_standing"}
    assert (len(standings), sum(standings.values())) == (8, 2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_family_is_told_after_work(lived):
    text = figures.metrics_text(with_tenants=True, is_openmetrics=True)
    told = [family.name.removeprefix("tenantkeep_") for family in parser.text_string_to_metric_families(text)]
    assert told == [family.name for family in FAMILIES]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_redis_all_else_is_told(lived, monkeypatch):
    monkeypatch.setattr(broker, "locks", redis.Redis(port=1))
    told = scrape()
    assert told["redis_up",] == 0
    assert ("runs_active", "queued") in told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_that_did_not_end_after_all_is_not_counted(cast, database):
    with pytest.raises(ZeroDivisionError), database.atomic():
        end_a_run(cast.contoso)
        raise ZeroDivisionError
    assert scrape()["runs_ended_total", "policy.sync", "succeeded"] == 0
    end_a_run(cast.contoso)
    assert scrape()["runs_ended_total", "policy.sync", "succeeded"] == 1
