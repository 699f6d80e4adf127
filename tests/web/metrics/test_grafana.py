"""docs/grafana: what its dashboard and alerts ask for is there, and each alert goes off when it should, and only then.

Prometheus' own promtool says the latter, where the machine has it.
"""

import json
import re
import shutil
import subprocess

import pytest

from tests.support import servers
from web.metrics.exposition import COUNTER, HISTOGRAM
from web.metrics.families import FAMILIES

FOLDER = servers.ROOT / "docs" / "grafana"
RULES = (FOLDER / "alerts.yaml").read_text()
ALERTS = dict(re.findall(r"- alert: (\w+)\n +expr: '(.*)'\n", RULES))
PANELS = json.loads((FOLDER / "tenantkeep.json").read_text())["panels"]
PAGE = (servers.ROOT / "docs" / "operating.md").read_text()

# What a scrape has, by the name of its samples -> the labels that they may have.
SAMPLES = {}
for family in FAMILIES:
    suffixes = {COUNTER: ["_total"], HISTOGRAM: ["_bucket", "_sum", "_count"]}.get(family.kind, [""])
    for suffix in suffixes:
        labels = {*family.labels, *(["le"] if suffix == "_bucket" else [])}
        SAMPLES[f"tenantkeep_{family.name}{suffix}"] = labels
# What Prometheus adds.
OWN_LABELS = {"instance", "job"}


def expressions():
    yield from ALERTS.items()
    for panel in PANELS:
        for target in panel["targets"]:
            # What a legend names must be a label that is left.
            legend = re.findall(r"{{(\w+)}}", target["legendFormat"])
            yield panel["title"], f"{target['expr']} by ({', '.join(legend)})"


def test_each_metric_and_label_that_is_asked_for_is_one_that_web_tells():
    for title, expression in expressions():
        names = re.findall(r"\b(tenantkeep_\w+)(?:{([^}]*)})?", expression)
        assert names, title
        known = OWN_LABELS.union(*(SAMPLES[name] for name, _ in names))
        matched = {label for _, selector in names for label in re.findall(r"(\w+)(?==|!=|=~|!~)", selector)}
        grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.findall(r"\w+", group)}
        assert matched | grouped <= known, title


def test_each_alert_has_its_row_that_says_what_to_do_with_its_severity():
    rows = re.findall(r"^\| `(Tenantkeep\w+)` \((\w+)\) \| .+ \| .+ \|$", PAGE, re.M)
    assert rows == re.findall(r"- alert: (\w+)\n.*?severity: (\w+)\n", RULES, re.S)


MINUTES = 240
# The values of an installation that is well, by minute. The first is what a counter has; the second what it rises by.
WELL = {
    'tenantkeep_heartbeat_age_seconds{kind="worker"}': "2+0",
    "tenantkeep_build_info": "1+0",
    "tenantkeep_redis_up": "1+0",
    "tenantkeep_oldest_backup_age_seconds": "90000+0",
    'tenantkeep_tenants_by_standing{standing="late"}': "0+0",
    'tenantkeep_tenants_by_standing{standing="good"}': "9+0",
    "tenantkeep_watched_tenants": "3+0",
    "tenantkeep_oldest_freshness_age_seconds": "300+0",
    'tenantkeep_runs_ended_total{kind="policy.sync",outcome="succeeded"}': "0+10",
    'tenantkeep_runs_ended_total{kind="policy.sync",outcome="failed"}': "0+0",
    "tenantkeep_runs_stalled": "0+0",
    'tenantkeep_queue_oldest_seconds{queue="interactive"}': "1+0",
    'tenantkeep_queue_oldest_seconds{queue="bulk"}': "600+0",
    'tenantkeep_graph_requests_total{service="intune",status="200"}': "0+100",
    'tenantkeep_graph_requests_total{service="intune",status="429"}': "0+1",
    'tenantkeep_graph_requests_total{service="intune",status="503"}': "0+1",
    'tenantkeep_scheduler_failures{step="prune"}': "0+0",
    "tenantkeep_schedule_lag_seconds": "3+0",
    "tenantkeep_credential_expires_days": "90+0",
    'tenantkeep_expiring_objects{within_days="7"}': "0+0",
    "tenantkeep_channels_failing": "0+0",
    "tenantkeep_notices_failed": "0+0",
    "tenantkeep_audit_faults": "0+0",
    "tenantkeep_audit_check_age_seconds": "80000+0",
    'tenantkeep_process_info{role="web",version="1"}': "2+0",
    'tenantkeep_http_request_seconds_bucket{le="0.5"}': "0+100",
    'tenantkeep_http_request_seconds_bucket{le="10"}': "0+100",
    'tenantkeep_http_request_seconds_bucket{le="+Inf"}': "0+100",
    'tenantkeep_http_requests_total{status="200"}': "0+100",
    'tenantkeep_http_requests_total{status="500"}': "0+0",
    "tenantkeep_disk_free_bytes": "9000000000+0",
}
# alert -> what is otherwise when it goes off; None: the figure is missing.
UNWELL = {
    "TenantkeepProcessGone": {'tenantkeep_heartbeat_age_seconds{kind="worker"}': "+Inf"},
    "TenantkeepUnreachable": {"tenantkeep_build_info": None},
    "TenantkeepRedisAway": {"tenantkeep_redis_up": "0+0"},
    "TenantkeepBackupOld": {"tenantkeep_oldest_backup_age_seconds": "+Inf"},
    "TenantkeepTenantsStandBadly": {'tenantkeep_tenants_by_standing{standing="late"}': "1+0"},
    "TenantkeepLookOld": {"tenantkeep_oldest_freshness_age_seconds": "4000+0"},
    "TenantkeepRunsFail": {'tenantkeep_runs_ended_total{kind="policy.sync",outcome="failed"}': "0+5"},
    "TenantkeepRunsStall": {"tenantkeep_runs_stalled": "1+0"},
    "TenantkeepQueueOld": {'tenantkeep_queue_oldest_seconds{queue="interactive"}': "90+0"},
    "TenantkeepGraphFails": {'tenantkeep_graph_requests_total{service="intune",status="503"}': "0+50"},
    "TenantkeepGraphThrottles": {'tenantkeep_graph_requests_total{service="intune",status="429"}': "0+20"},
    "TenantkeepScheduler": {'tenantkeep_scheduler_failures{step="prune"}': "1+0"},
    "TenantkeepSchedulesLate": {"tenantkeep_schedule_lag_seconds": "700+0"},
    "TenantkeepCredentialEnds": {"tenantkeep_credential_expires_days": "-2+0"},
    "TenantkeepObjectsEnd": {'tenantkeep_expiring_objects{within_days="7"}': "1+0"},
    "TenantkeepNoticesFail": {"tenantkeep_notices_failed": "1+0"},
    "TenantkeepAuditLog": {"tenantkeep_audit_faults": "1+0"},
    "TenantkeepAuditUnchecked": {"tenantkeep_audit_check_age_seconds": "+Inf"},
    "TenantkeepVersions": {'tenantkeep_process_info{role="web",version="2"}': "1+0"},
    "TenantkeepPagesSlow": {'tenantkeep_http_request_seconds_bucket{le="0.5"}': "0+80"},
    "TenantkeepPagesFail": {'tenantkeep_http_requests_total{status="500"}': "0+10"},
    "TenantkeepDisk": {"tenantkeep_disk_free_bytes": "9+0"},
}


def test_each_alert_goes_off_by_its_own_cause_and_none_while_all_is_well(tmp_path):
    assert UNWELL.keys() == ALERTS.keys()
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on this machine")
    going_off = 'count by (alertname) (ALERTS{alertstate="firing"})'
    states = [({}, []), *((change, [alert]) for alert, change in UNWELL.items())]
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": series, "values": "Inf " * MINUTES if value == "+Inf" else f"{value}x{MINUTES}"}
                for series, value in {**WELL, **change}.items()
                if value is not None
            ],
            "promql_expr_test": [
                {
                    "expr": going_off,
                    "eval_time": f"{MINUTES - 10}m",
                    "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in expected],
                }
            ],
        }
        for change, expected in states
    ]
    path = tmp_path / "tests.yaml"
    path.write_text(
        json.dumps({"rule_files": [str(FOLDER / "alerts.yaml")], "evaluation_interval": "1m", "tests": tests})
    )
    subprocess.run([promtool, "check", "rules", str(FOLDER / "alerts.yaml")], check=True, capture_output=True)
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
