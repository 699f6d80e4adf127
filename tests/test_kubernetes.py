"""deploy/kubernetes as kubectl renders it: pods that are shut in, probes that hold, and names that meet.

Its schemas are `make image-proof`'s.
"""

import json
import re
import shutil
import subprocess

import pytest
import yaml

import config
from config.variables import FILE_SUFFIX
from tests.support import servers
from tests.test_compose import VERSION
from tests.test_deploy import DEPLOY, parsed
from web.commands import cli
from web.metrics.families import FAMILIES

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl on this machine")
PAGE = (servers.ROOT / "docs" / "containers.md").read_text()


@pytest.fixture(scope="module")
def rendered():
    """Kind -> name -> the object, of the example."""
    line = ["kubectl", "kustomize", DEPLOY / "kubernetes" / "overlays" / "example"]
    text = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    found = {}
    for item in yaml.safe_load_all(text):
        found.setdefault(item["kind"], {})[item["metadata"]["name"]] = item
    return found


@pytest.fixture(scope="module")
def pods(rendered):
    workloads = {**rendered["Deployment"], **rendered["Job"]}
    return {name: workload["spec"]["template"] for name, workload in workloads.items()}


def container(pod):
    [only] = pod["spec"]["containers"]
    return only


def test_every_pod_is_one_that_kubernetes_calls_restricted(rendered, pods):
    [namespace] = rendered["Namespace"].values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods.values():
        security, own = pod["spec"]["securityContext"], container(pod)["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert (pod["spec"]["automountServiceAccountToken"], pod["spec"]["enableServiceLinks"]) == (False, False)
        assert {"emptyDir", "secret", "name"} >= {key for volume in pod["spec"]["volumes"] for key in volume}
        assert container(pod)["resources"]["limits"]["memory"]


def test_every_pod_is_a_role_of_the_image_with_probes_and_time_to_end(pods):
    roles = {}
    for name, pod in pods.items():
        own = container(pod)
        command, *options = own["args"]
        roles[name.removeprefix("tenantkeep-")] = command
        cli.commands[command].make_context(command, options)  # an option that is none raises
        assert own["image"].endswith(f"/tenantkeep:{VERSION}")
        if command == "migrate":
            continue
        unit = parsed(DEPLOY / "systemd" / f"tenantkeep-{command}.service")
        assert pod["spec"]["terminationGracePeriodSeconds"] >= int(unit["Service"]["TimeoutStopSec"])
        for probe in ("startupProbe", "livenessProbe"):
            asked = own[probe].get("exec", {}).get("command") or own[probe]["httpGet"]["path"]
            assert asked in (["tenantkeep", "health", command], "/healthz")
        assert own.get("readinessProbe", {"httpGet": {"path": "/readyz"}})["httpGet"]["path"] == "/readyz"
    assert set(roles.values()) == {"web", "worker", "scheduler", "migrate"}


def test_settings_are_settings_and_each_secret_is_one_that_the_page_makes(rendered, pods):
    [settings] = rendered["ConfigMap"].values()
    variables = {
        **settings["data"],
        **{one["name"]: one["value"] for one in container(pods["tenantkeep-migrate"])["env"]},
    }
    assert {name.removeprefix(config.PREFIX).removesuffix(FILE_SUFFIX) for name in variables} <= set(config._VARIABLES)
    made = {name: set(re.findall(r"--from-(?:file|literal)=(\w+)=", text))
            for name, text in re.findall(r"create secret generic ([\w-]+)((?:\\\n|.)*)", PAGE)}  # fmt: skip
    wanted = {"/run/secrets/tenantkeep": made["tenantkeep"], "/run/secrets/owner": made["tenantkeep-owner"]}
    for name, value in variables.items():
        if name.endswith(FILE_SUFFIX):
            folder, _, key = value.rpartition("/")
            assert key in wanted[folder], name
    with_owner = {name for name, pod in pods.items() if "tenantkeep-owner" in json.dumps(pod)}
    assert with_owner == {"tenantkeep-migrate"}


def test_what_selects_pods_finds_them(rendered, pods):
    def found(labels):
        return {name for name, pod in pods.items() if labels.items() <= pod["metadata"]["labels"].items()}

    for name, deployment in rendered["Deployment"].items():
        assert found(deployment["spec"]["selector"]["matchLabels"]) == {name}
    for name, budget in rendered["PodDisruptionBudget"].items():
        assert found(budget["spec"]["selector"]["matchLabels"]) == {name}
        assert rendered["Deployment"][name]["spec"]["replicas"] > budget["spec"]["minAvailable"], (
            "no node could be emptied"
        )
    [service] = rendered["Service"].values()
    assert found(service["spec"]["selector"]) == {"tenantkeep-web"}
    policies = rendered["NetworkPolicy"]
    assert found(policies["tenantkeep"]["spec"]["podSelector"]["matchLabels"]) == set(pods)
    assert found(policies["tenantkeep-web"]["spec"]["podSelector"]["matchLabels"]) == {"tenantkeep-web"}


def test_bulk_workers_are_as_many_as_a_figure_of_ours_asks_for(rendered):
    [scaler] = rendered["HorizontalPodAutoscaler"].values()
    [metric] = scaler["spec"]["metrics"]
    name, labels = metric["external"]["metric"]["name"], metric["external"]["metric"]["selector"]["matchLabels"]
    families = {f"tenantkeep_{family.name}": family.labels for family in FAMILIES}
    assert tuple(labels) == families[name]
    assert "replicas" not in rendered["Deployment"][scaler["spec"]["scaleTargetRef"]["name"]]["spec"]
