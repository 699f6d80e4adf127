"""Snapshots as the ZIP of another tool: streamed, without secrets unless they are asked for."""

import io
import json
import zipfile

import pytest

from actors.facade.leaving import LeavingFormat
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.errors import Invalid
from db.models import AuditEvent, BackupSet, Policy
from db.policies import policies
from db.states import SetState
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from web.presentation.leaving_zip import parse_format, zip_snapshots

RULED = {"groupTypes": ["DynamicMembership"], "membershipRule": "user.x", "displayName": "Ruled"}
WIFI = {
    "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
    "displayName": "Wi-Fi",
    "preSharedKey": "open sesame",
}


@pytest.fixture
def backup_set(cast):
    """A set of Contoso: a policy that is assigned to a dynamic group, that group, and one with a secret."""
    tenant = cast.contoso
    group = policies.get_or_create(tenant, "groups", "0a000000-0000-4000-8000-000000000001", "Ruled", None)
    wifi = policies.get_or_create(tenant, "deviceConfigurations", "0b", "Wi-Fi", WIFI["@odata.type"])
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group.graph_id}
    assigned = Policy.get((Policy.tenant == tenant) & Policy.name.endswith("1"))
    made = [
        capture_by_hand(group, SYSTEM, RULED)[1],
        capture_by_hand(wifi, SYSTEM, WIFI)[1],
        capture_by_hand(assigned, SYSTEM, {"name": assigned.name, "settings": []}, [{"target": target}])[1],
    ]
    manifest = manifests.save(tenant, sorted(row.id for row in made))
    return BackupSet.create(
        tenant=tenant, manifest=manifest, state=SetState.COMPLETE, selection={}, types={}, problems=[]
    )


def names_in(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_a_set_is_downloaded_in_each_format_without_secrets_and_with_them_by_who_may(app, sign_in, cast, backup_set):
    path = f"/backup-sets/{backup_set.id}/download"
    client = sign_in(app.test_client(), cast.rita)
    assert "IntuneCD folders" in client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)
    for leaving_format in LeavingFormat:
        answer = client.get(f"{path}?format={leaving_format}")
        assert f"{leaving_format}.zip" in answer.headers["Content-Disposition"]
        assert b"open sesame" not in b"".join(names_in(answer.get_data()).values()), leaving_format
    assert client.get(f"{path}?format=docx").status_code == 404
    manager = sign_in(app.test_client(), cast.max)
    form = {"csrf_token": csrf_token(manager, "/account/"), "format": "intunecd"}
    files = names_in(manager.post(path, data=form).get_data())
    assert b"open sesame" in files["Device Configurations/Wi-Fi_windowsWifiConfiguration.json"]
    [assignment] = json.loads(files["Settings Catalog/Contoso policy 1.json"])["assignments"]
    assert (assignment["target"]["groupName"], assignment["target"]["groupType"]) == ("Ruled", "DynamicMembership")
    told = [row.details for row in AuditEvent.select().where(AuditEvent.action == "backup-set:downloaded")]
    assert [(row["format"], row["with_secrets"]) for row in told] == [
        *((str(leaving_format), False) for leaving_format in LeavingFormat),
        ("intunecd", True),
    ]


def test_no_more_than_one_policy_waits_in_memory(cast, backup_set):
    ids = manifests.unpack(backup_set.manifest.packed)
    chunks = list(zip_snapshots(cast.contoso, ids, LeavingFormat.GRAPH, lambda document: document))
    assert len(chunks) == len(ids) + 1
    assert all(chunks)


def test_a_format_that_there_is_not_is_said_with_those_that_there_are():
    with pytest.raises(Invalid, match=r"docx.*intunemanagement, intunecd, terraform, graph"):
        parse_format("docx")
