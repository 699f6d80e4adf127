"""Backup sets in the browser and by command: starting, looking, downloading."""

import io
import json
import zipfile

import pytest

from actors.backups import back_up
from db.audit.audit import SYSTEM
from db.models import AuditEvent, BackupSet, Policy, Run, RunItem
from tests.support.command_lines import tenantkeep
from tests.support.forms import csrf_token
from tests.support.simulated_tenant import catalog_policy
from tests.web.commands.test_commands import asked

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.usefixtures("quick")]
PATH = "deviceManagement/configurationPolicies"


@pytest.fixture
def backed_up(app, graph, worker, ended, cast):
    """A set of Contoso's two policies and one with a secret."""
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Vendor/MSFT/x", "displayName": "x",
              "isEncrypted": True, "secretReferenceValueId": "ref", "value": "hush~1"}  # fmt: skip
    graph.put("deviceManagement/deviceConfigurations", {
        "id": "d", "displayName": "Wi-Fi: <all>", "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
        "omaSettings": [secret], "assignments": []})  # fmt: skip
    run = ended(back_up.start(cast.contoso, SYSTEM).run.id)
    return BackupSet.get(BackupSet.run == run)


def test_back_up_now_answers_at_once_and_a_second_press_finds_the_run(client, sign_in, cast, graph):
    sign_in(client, cast.ada)
    path = f"/tenants/{cast.contoso.id}"
    data = {"csrf_token": csrf_token(client, path)}
    pages = [client.post(f"{path}/back-up", data=data, follow_redirects=True).get_data(as_text=True) for _ in "12"]
    run = Run.get()
    assert "Started: Backup of <time" in pages[0]
    assert "Waiting to start already: Backup of <time" in pages[1]
    assert BackupSet.get().run == run
    assert graph.requests()["http"] == 0


def test_a_selection_makes_one_set_for_each_tenant(client, sign_in, cast, redis_url):
    sign_in(client, cast.root)
    chosen = [policy.id for policy in Policy.select().order_by(Policy.id)][:3]
    data = {"csrf_token": csrf_token(client, "/policies/"), "action": "back_up", "rowid": chosen}
    client.post("/policies/action/", data=data)
    assert [(one.tenant, one.selection) for one in BackupSet.select().order_by(BackupSet.id)] == [
        (cast.contoso, {"policies": chosen[:2]}),
        (cast.fabrikam, {"policies": chosen[2:]}),
    ]
    assert RunItem.select().count() == 3


def test_the_page_says_what_it_holds_and_the_list_finds_it(client, sign_in, cast, backed_up):
    sign_in(client, cast.rita)
    page = client.get(f"/backup-sets/{backed_up.id}").get_data(as_text=True)
    for text in ("complete", "Contoso policy 1", "Settings catalog", "whole tenant", "Download ZIP"):
        assert text in page
    listed = client.get(f"/backup-sets/?state={backed_up.state}").get_data(as_text=True)
    assert f"/backup-sets/{backed_up.id}" in listed
    assert f"/backup-sets/{backed_up.id}" in client.get(f"/tenants/{cast.contoso.id}/backups").get_data(as_text=True)


@pytest.mark.parametrize(("who", "sees_secrets"), [("rita", False), ("max", False), ("max", True)])
def test_a_download_has_the_secrets_when_a_manager_asks_and_is_audited(
    client, sign_in, cast, backed_up, who, sees_secrets
):
    sign_in(client, getattr(cast, who))
    path, form = f"/backup-sets/{backed_up.id}/download", {"csrf_token": csrf_token(client, "/")}
    answer = client.post(path, data=form) if sees_secrets else client.get(path)
    file = zipfile.ZipFile(io.BytesIO(answer.get_data()))
    assert file.testzip() is None
    assert set(file.namelist()) == {
        "Settings catalog/Contoso policy 1.json",
        "Settings catalog/Contoso policy 2.json",
        "Device configuration/Wi-Fi_ _all_.json",
        "manifest.json",
    }
    assert (b"hush~1" in b"".join(file.read(name) for name in file.namelist())) is sees_secrets
    manifest = json.loads(file.read("manifest.json"))
    assert {len(one["fingerprint"]) for one in manifest["policies"]} == {64}
    event = AuditEvent.get(AuditEvent.action == "backup-set:downloaded")
    assert event.details == {"policies": 3, "with_secrets": sees_secrets, "format": ""}
    assert AuditEvent.select().where(AuditEvent.action == "secrets:shown").count() == sees_secrets


def test_by_command_a_set_is_made_and_downloaded(graph, worker, cast, tmp_path):
    graph.put(PATH, catalog_policy("p", "P"))
    made = asked("back-up", "Contoso", "--type", "configurationPolicies", "--wait")
    assert (made["state"], made["outcomes"]) == ("succeeded", {"captured": 3})
    target = tmp_path / "set.zip"
    assert tenantkeep("download", str(made["backup_set"]), str(target)).returncode == 0
    assert len(zipfile.ZipFile(target).namelist()) == 4
    wrong = tenantkeep("back-up", "Contoso", "--type", "nonsense")
    assert (wrong.returncode, "no policy type nonsense" in wrong.stderr) == (64, True)


def test_failed_items_can_be_tried_again_from_the_page(client, sign_in, cast, backed_up, graph, ended, worker):
    graph.fault(kind="status", path="10000001", status=403, times=1)
    run = ended(back_up.start(cast.contoso, SYSTEM, is_full=True).run.id)
    sign_in(client, cast.ada)
    assert "Retry failed" in client.get(f"/runs/{run.id}").get_data(as_text=True)
    data = {"csrf_token": csrf_token(client, f"/runs/{run.id}")}
    client.post(f"/runs/{run.id}/retry-failed", data=data)
    again = Run.get(Run.retry_of == run.id)
    assert ended(again.id).state == "succeeded"
    refused = client.post(f"/runs/{again.id}/retry-failed", data=data, follow_redirects=True)
    assert "Nothing is missing in backup set" in refused.get_data(as_text=True)
