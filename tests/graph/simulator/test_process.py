"""The simulator as a process: it keeps its state in a file, and loads what people have exported, in any encoding."""

import gzip
import json
import subprocess
import sys

import pytest
import requests

from graph.simulator.imports.exported_files import NotAPolicy, exported_tenant, load_exported, read_policy_file
from tests.graph.simulator.conftest import add_tenant
from tests.support import servers
from tests.support.simulated_tenant import REAL, SimulatedTenant, catalog_policy

FABRIKAM = "2c1f9a60-5e0b-4a55-9a3c-0d4a5f1b7e11"
PATH = "deviceManagement/configurationPolicies"


def running(*options):
    port = servers.free_port()
    command = [sys.executable, "-m", "graph.simulator", "--port", str(port), *options]
    return servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL), f"http://127.0.0.1:{port}"


def is_up(url):
    servers.wait_for(lambda: servers.answers_http(f"{url}/_simulator/health"), "The simulator")


def test_what_a_trainer_changed_survives_a_restart(tmp_path):
    options = ["--state", str(tmp_path / "state.json.gz")]
    process, url = running(*options)
    with process:
        is_up(url)
        tenant = SimulatedTenant(url, FABRIKAM)
        tenant.put(PATH, catalog_policy("kept", "Kept"))
        tenant.change(flags={"latency_ms": 7})
    process, url = running(*options)
    with process:
        is_up(url)
        facts = next(one for one in requests.get(f"{url}/_simulator/tenants", timeout=60).json()
                     if one["directory_id"] == FABRIKAM)  # fmt: skip
        assert facts["flags"]["latency_ms"] == 7
        assert "kept" in SimulatedTenant(url, FABRIKAM).objects()[PATH]


def test_what_is_killed_after_a_freeze_has_forgotten_nothing_that_it_answered(tmp_path):
    options = ["--no-demo", "--state", str(tmp_path / "state.json.gz")]
    process, url = running(*options)
    with process as first:
        is_up(url)
        tenant = add_tenant(url, "Frozen").sign_in()
        made = tenant.make("deviceManagement/deviceCategories", {"displayName": "Kiosk"})
        requests.post(f"{url}/_simulator/freeze", timeout=60).raise_for_status()
        with pytest.raises(requests.Timeout):
            SimulatedTenant(url, tenant.id).put(PATH, catalog_policy("late", "Late"), timeout=0.3)
        first.kill()
    process, url = running(*options)
    with process:
        is_up(url)
        held = SimulatedTenant(url, tenant.id).objects()
        assert list(held["deviceManagement/deviceCategories"]) == [made]
        assert PATH not in held


def test_what_was_written_is_in_the_file_before_the_end(tmp_path):
    file = tmp_path / "state.json.gz"
    options = ["--no-demo", "--state", str(file)]
    process, url = running(*options)
    with process as first:
        is_up(url)
        tenant = add_tenant(url, "Kept").sign_in()
        made = tenant.make("deviceManagement/deviceCategories", {"displayName": "Kiosk"})
        servers.wait_for(lambda: made.encode() in gzip.decompress(file.read_bytes()), "The file")
        first.kill()
    process, url = running(*options)
    with process:
        is_up(url)
        assert SimulatedTenant(url, tenant.id).objects()["deviceManagement/deviceCategories"][made]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_an_exported_policy_is_read_in_any_encoding(tmp_path, encoding):
    file = tmp_path / "policy.json"
    file.write_bytes(json.dumps(catalog_policy("x", "Zürich"), ensure_ascii=False).encode(encoding))
    collection, item = read_policy_file(file)
    assert (collection, item["name"]) == (PATH, "Zürich")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda policy: [policy],
        lambda policy: {"@odata.context": "x", "value": [policy]},
        json.dumps,
        lambda policy: {"Keys": list(policy), "Values": list(policy.values())},
    ],
)
def test_what_tools_put_around_a_policy_is_taken_off(tmp_path, wrap):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(wrap(catalog_policy("x", "P"))))
    assert read_policy_file(file)[1]["name"] == "P"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "without the policy"),
        ('{"some": "thing"}', "tells what it is"),
        ('{"platforms": "x", "settings": [{"a": "@{b=1}"}]}', "depth limit"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_reason(tmp_path, content, reason):
    file = tmp_path / "policy.json"
    file.write_text(content)
    with pytest.raises(NotAPolicy, match=reason):
        read_policy_file(file)


def test_two_files_of_one_id_are_both_kept(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(catalog_policy("same", name)))
    tenant = exported_tenant()
    assert load_exported(tenant, tmp_path).policies == 2
    assert {one["name"] for one in tenant.collections[PATH].values()} == {"a", "b"}


@pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
def test_of_the_real_exports_every_file_is_a_policy_or_refused_with_a_reason():
    tenant = exported_tenant()
    loaded = load_exported(tenant, REAL)
    files = len(list(REAL.rglob("*.json")))
    assert loaded.policies + len(loaded.skipped) == files
    assert loaded.policies >= 239
    assert len(loaded.skipped) <= 3, loaded.skipped
