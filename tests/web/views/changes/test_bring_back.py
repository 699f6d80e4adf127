"""`/tenants/<id>/bring-back`: what was done since a moment, by whom, and one restore of all of it."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.models import Policy, Restore, RestoreItem, Run, Snapshot, Tenant
from db.policies import policies
from db.states import ChangeKind, RunState
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change
from tests.support.forms import csrf_token
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOW = utcnow().replace(microsecond=0)
AT = f"{(NOW - timedelta(hours=6)).isoformat()}Z"


@pytest.fixture
def damaged(cast, captured):
    """Contoso, all captured ten hours ago; since then one policy was changed, one deleted, and one added."""
    early = NOW - timedelta(hours=10)
    Policy.update(first_seen_at=early, last_seen_at=NOW).execute()
    Snapshot.update(captured_at=early, confirmed_at=early).execute()
    (changed, _, first), (gone, _, second) = captured[:2]
    capture_by_hand(Policy.get_by_id(changed.id), SYSTEM, {"name": changed.name, "settings": [], "description": "Ha"})
    policies.mark_gone(gone)
    added = policies.get_or_create(cast.contoso, "deviceConfigurations", "made", "Made since", None)
    record_change(added, kind=ChangeKind.ADDED)
    return first, second, added


def test_the_page_lists_what_was_done_and_makes_one_restore_of_it(client, sign_in, cast, damaged, redis_url):
    address = f"/tenants/{cast.contoso.id}/bring-back"
    sign_in(client, cast.rita)
    page = client.get(f"{address}?at={AT}").get_data(as_text=True)
    for words in ("1 deleted", "1 changed", "1 added", "Made since", "may have been changed or deleted before"):
        assert words in page, words
    assert "A preview comes first" not in page, "a reader restores nothing"
    assert "Everything else" not in page, "one wave alone needs no title"
    assert client.get(f"{address}?at=soon").status_code == 400
    nobody = client.get(f"{address}?at={AT}&by=adele").get_data(as_text=True)
    assert "Nothing that was seen differs" in nobody

    sign_in(client, cast.max)
    token = csrf_token(client, f"{address}?at={AT}")
    for asked, removed in ({}, None), ({"added": "remove"}, damaged[2].graph_id):
        client.post(address, data={"csrf_token": token, "at": AT, **asked})
        restore = Restore.select().order_by(Restore.id.desc()).get()
        items = list(RestoreItem.select().where(RestoreItem.restore == restore))
        assert restore.brought_back_to == NOW - timedelta(hours=6)
        assert {item.snapshot_id for item in items if item.content_id} == {damaged[0].id, damaged[1].id}
        assert [item.target_id for item in items if not item.content_id] == ([removed] if removed else [])
    refused = client.post(address, data={"csrf_token": token, "at": AT, "by": "nobody"}, follow_redirects=True)
    assert "Nothing is to be brought back" in refused.get_data(as_text=True)
    assert Restore.select().count() == 2


def test_a_changed_group_is_not_promised_to_come_back(client, sign_in, cast, damaged, redis_url):
    """An emptied group of emergency accounts was listed, left out of the restore, and nobody said so."""
    group = policies.get_or_create(cast.contoso, "groups", "break-glass", "Break glass", None)
    members = {"displayName": "Break glass", "members": [{"id": "adele"}]}
    snapshots = [capture_by_hand(group, SYSTEM, body)[1] for body in (members, {**members, "members": []})]
    Policy.update(first_seen_at=NOW - timedelta(hours=10)).where(Policy.id == group.id).execute()
    early = NOW - timedelta(hours=9)
    Snapshot.update(captured_at=early, confirmed_at=early).where(Snapshot.id == snapshots[0].id).execute()
    stays = "A restore leaves a group that is there as it is"
    sign_in(client, cast.max)
    address = f"/tenants/{cast.contoso.id}/bring-back"
    token = csrf_token(client, f"{address}?at={AT}")
    assert stays in client.get(f"{address}?at={AT}").get_data(as_text=True)
    client.post(address, data={"csrf_token": token, "at": AT})
    assert not RestoreItem.select().where(RestoreItem.policy_type == "groups").exists()
    database.close()
    told = CliRunner().invoke(cli, ["bring-back", "Contoso", "--to", AT[:-1]]).output
    database.connect()
    assert f"Not brought back: groups Break glass. {stays}" in told

    Policy.delete().where((Policy.tenant == cast.contoso) & (Policy.id != group.id)).execute()
    refused = client.post(address, data={"csrf_token": token, "at": AT}, follow_redirects=True)
    assert "Nothing is to be brought back but groups" in refused.get_data(as_text=True)


def test_the_page_says_how_fresh_it_is_and_follows_a_look(client, sign_in, cast, damaged, redis_url):
    Tenant.update(last_synced_at=NOW - timedelta(hours=8)).execute()
    made = policies.get_or_create(cast.contoso, "conditionalAccessPolicies", "access", "Made of access", None)
    record_change(made, kind=ChangeKind.ADDED)
    address = f"/tenants/{cast.contoso.id}/bring-back?at={AT}"
    sign_in(client, cast.max)
    page = client.get(address).get_data(as_text=True)
    for words in ("8 h ago", "Everything else", "Look now"):
        assert words in page, words

    token = csrf_token(client, address)
    look = {"csrf_token": token, "at": AT}
    client.post(f"/tenants/{cast.contoso.id}/bring-back/look", data=look)
    page = client.get(address).get_data(as_text=True)
    for words in ("The tenant is being looked at", "data-reload", "http-equiv"):
        assert words in page, words
    assert "Look now" not in page

    Run.update(state=RunState.FAILED).execute()
    page = client.get(address).get_data(as_text=True)
    for words in ("The last look did not come to its end", "Look now"):
        assert words in page, words
