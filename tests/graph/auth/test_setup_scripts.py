"""The scripts that make an app registration: exactly the permissions of the table, and nothing leaves its quotes.

PowerShell is not parsed here: its quotes and brackets are checked, line by line.
"""

import json
import re
import subprocess

import pytest

from graph.auth import setup_scripts
from graph.auth.app_setup import AppSetup, FederatedTrust
from graph.auth.clouds import Cloud
from graph.auth.new_certificate import make_certificate
from graph.policy_types import manifest

CERTIFICATE = make_certificate("Tenantkeep")[1]
DIRECTORY = "33333333-3333-4333-8333-333333333333"
TRUST = FederatedTrust(
    "https://oidc.example.com/cluster", "system:serviceaccount:t:worker", "api://AzureADTokenExchange"
)
SETUPS = (
    AppSetup("Tenantkeep (Müller)", writes=False, directory_id=DIRECTORY, certificate_pem=CERTIFICATE),
    AppSetup("Tenantkeep", writes=True, cloud=Cloud.US_GOV, trust=TRUST),
    AppSetup(
        "Tenantkeep", writes=True, certificate_pem=CERTIFICATE, redirect_uri="https://t.example.com/connect/return"
    ),
)
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("write", [setup_scripts.powershell, setup_scripts.azure_cli, setup_scripts.manifest])
def test_script_asks_for_exactly_the_roles_of_the_table(write, setup):
    script = write(setup)
    named = set(GUID.findall(script)) - {manifest.GRAPH_APP_ID, DIRECTORY}
    assert named == {role.id for role in manifest.roles(setup.writes)}
    if write is not setup_scripts.manifest:
        assert (
            ("AzureADMultipleOrgs" in script)
            == setup.is_shared
            == (setup.redirect_uri != "" and setup.redirect_uri in script)
        )
        assert ("appRoleAssignments" in script or "AppRoleAssignment @" in script) == (not setup.is_shared)
        assert setup.certificate_base64 in script
        assert not setup.trust or all(text in script for text in (TRUST.issuer, TRUST.subject, TRUST.audience))
        assert "PRIVATE KEY" not in script


@pytest.mark.parametrize("setup", SETUPS)
def test_bash_script_is_run_with_a_stand_in_for_the_azure_cli(tmp_path, setup):
    """`az` answers as documented; what it was asked is read back."""
    stand_in = tmp_path / "az"
    log = tmp_path / "asked"
    roles = manifest.roles(setup.writes)
    stand_in.write_text(
        "#!/usr/bin/env bash\n"
        f'printf "%s\\037" "$@" >> {log}; printf "\\036" >> {log}\n'
        'case "$*" in\n'
        f"  *'appRoles[]'*) printf '%s\\t%s\\n' '{roles[0].name}' 'looked-up' ;;\n"
        "  *'ad app create'*) echo the-app ;; *'ad sp create'*) echo the-principal ;;\n"
        "  *'sp show'*) echo the-graph ;; *'account show'*) echo the-directory ;;\n"
        "esac\n"
    )
    stand_in.chmod(0o755)
    script = tmp_path / "setup.sh"
    script.write_text(setup_scripts.azure_cli(setup))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, timeout=300, check=True)
    assert "Directory (tenant) id:   the-directory" in done.stdout
    assert "Application (client) id: the-app" in done.stdout
    calls = [call.split("\x1f")[:-1] for call in log.read_text().split("\x1e")[:-1]]
    [create] = [call for call in calls if call[:3] == ["ad", "app", "create"]]
    [access] = json.loads(create[create.index("--required-resource-accesses") + 1])
    ids = ["looked-up", *(role.id for role in roles[1:])]
    assert [role["id"] for role in access["resourceAccess"]] == ids
    assert create[create.index("--display-name") + 1] == setup.name
    granted = [json.loads(call[call.index("--body") + 1])["appRoleId"] for call in calls if call[0] == "rest"]
    assert granted == ([] if setup.is_shared else ids)


@pytest.mark.parametrize("setup", SETUPS)
def test_powershell_script_closes_what_it_opens(setup):
    depth = 0
    for line in setup_scripts.powershell(setup).splitlines():
        code = re.sub(r"'[^']*'|\"[^\"]*\"", "''", re.sub(r"^\s*#.*", "", line))
        assert "'" not in code.replace("''", ""), line
        assert '"' not in code, line
        assert "`" not in line, line
        depth += sum(code.count(each) for each in "({") - sum(code.count(each) for each in ")}")
        assert depth >= 0, line
    assert depth == 0
