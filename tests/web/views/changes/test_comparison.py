"""`/comparisons`: its page, its exports, and who may see both sides."""

import json

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.models import BackupSet, Policy
from db.states import Role, SetState
from tests.support.captures import capture_by_hand


@pytest.fixture
def sets(cast, captured):
    """Two sets of Contoso, with its first policy changed between them, and one of Fabrikam."""
    (policy, _, first), (_, _, second), *theirs = captured
    changed = capture_by_hand(Policy.get_by_id(policy.id), SYSTEM, {"name": policy.name, "description": "new"})[1]

    def made(tenant, *held):
        manifest = manifests.save(tenant, [one.id for one in held])
        usual = {"state": SetState.COMPLETE, "selection": {}, "types": {}, "problems": []}
        return BackupSet.create(tenant=tenant, manifest=manifest, completed_at=policy.first_seen_at, **usual)

    return (
        made(cast.contoso, first, second),
        made(cast.contoso, changed, second),
        made(cast.fabrikam, *(one[2] for one in theirs)),
    )


def test_two_sets_are_compared_and_the_differences_lead_to_their_page(client, sign_in, cast, sets):
    sign_in(client, cast.rita)
    assert "Choose one" in client.get("/comparisons/").get_data(as_text=True)
    page = client.get(f"/comparisons/?first=set-{sets[0].id}&second=set-{sets[1].id}").get_data(as_text=True)
    for words in ("1 differs", "1 the same", "Description added", "Contoso policy 1", "/compare/"):
        assert words in page
    assert "Contoso policy 2" not in page
    same = client.get(f"/comparisons/?first=set-{sets[0].id}&second=set-{sets[0].id}")
    assert same.status_code == 400
    assert "two different backup sets" in same.get_data(as_text=True)


def test_two_tenants_are_compared_by_who_may_see_both(app, sign_in, cast, sets):
    path = f"/comparisons/?first=tenant-{cast.contoso.id}&second=tenant-{cast.fabrikam.id}"
    export = path.replace("/?", "/export/json?")
    for user in (cast.rita, cast.sam):
        client = sign_in(app.test_client(), user)
        assert [client.get(one).status_code for one in (path, export)] == [403, 403]
    users.set_member(cast.rita, cast.fabrikam, Role.READER, SYSTEM)
    client = sign_in(app.test_client(), cast.rita)
    page = client.get(path).get_data(as_text=True)
    for words in ("2 only in the first", "2 only in the second", "paired by type and name"):
        assert words in page
    rows = json.loads(client.get(export).get_data(as_text=True))
    assert [row["how"] for row in rows] == ["only in the first"] * 2 + ["only in the second"] * 2
    csv = client.get(export.replace("json", "csv")).get_data(as_text=True)
    assert csv.splitlines()[0].startswith("policy_type,name,how,severity")
    assert len(csv.splitlines()) == 5


def test_what_is_no_side_is_404_and_a_tenant_without_a_backup_says_so(client, sign_in, cast):
    sign_in(client, cast.root)
    for odd in ("set-9", "set-x", "tenant-", "thing-1", "%00"):
        assert client.get(f"/comparisons/?first={odd}&second={odd}").status_code == 404
    answer = client.get(f"/comparisons/?first=tenant-{cast.contoso.id}&second=tenant-{cast.fabrikam.id}")
    assert "was never backed up whole" in answer.get_data(as_text=True)
    assert client.get("/comparisons/export/xlsx").status_code == 404
