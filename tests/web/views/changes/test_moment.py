"""`/tenants/<id>/at/`: a tenant as it was, compared with now, downloaded and put back."""

import io
import zipfile
from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import AuditEvent, Policy, Restore, RestoreItem, Run, Snapshot
from db.policies import policies
from db.states import RunKind
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from web.views.changes import moment

NOW = utcnow().replace(microsecond=0)
THEN = NOW - timedelta(hours=6)


@pytest.fixture
def past(cast, captured):
    """Contoso, all captured ten hours ago: since then its first policy was changed, its second one went, one came."""
    early = NOW - timedelta(hours=10)
    Policy.update(first_seen_at=early, last_seen_at=NOW).execute()
    Snapshot.update(captured_at=early, confirmed_at=early).execute()
    (changed, _, first), (gone, _, second) = captured[:2]
    capture_by_hand(Policy.get_by_id(changed.id), SYSTEM, {"name": changed.name, "settings": [], "description": "Ha"})
    policies.mark_gone(gone)
    policies.get_or_create(cast.contoso, "deviceConfigurations", "made", "Made since", None)
    return first, second


def address(cast, rest="/", **args):
    asked = "&".join(f"{name}={value}" for name, value in {"at": f"{THEN.isoformat()}Z", **args}.items())
    return f"/tenants/{cast.contoso.id}/at{rest}?{asked}"


def test_the_page_shows_what_was_there_how_sure_that_is_and_how_it_is_otherwise_now(client, sign_in, cast, past):
    sign_in(client, cast.rita)
    page = client.get(address(cast)).get_data(as_text=True)
    for words in ("as they were 2", "otherwise now 2", "new since then 1", "Contoso policy 1", "Contoso policy 2",
                  "it may have been changed before this moment", "nothing seen changed since",
                  f'/snapshots/{past[0].id}"', "Download for another tool"):  # fmt: skip
        assert words in page, words
    assert "Made since" not in page
    assert "Preview the restore" not in page, "a reader restores nothing"
    different = client.get(address(cast, show="different")).get_data(as_text=True)
    assert "Description added" in different
    assert f"/snapshots/{past[0].id}/compare/" in different
    assert "Made since" in client.get(address(cast, show="new")).get_data(as_text=True)
    narrowed = client.get(address(cast, search="policy+2", type="configurationPolicies")).get_data(as_text=True)
    assert "Contoso policy 2" in narrowed
    assert "Contoso policy 1" not in narrowed
    before = (NOW - timedelta(days=9)).isoformat()
    assert "the tenant was looked at first" in client.get(address(cast, at=before)).get_data(as_text=True)


def test_a_time_is_in_the_readers_zone_and_what_is_none_is_said(client, sign_in, cast, past):
    sign_in(client, cast.rita)
    local = (NOW - timedelta(hours=10)).replace(second=0) + timedelta(hours=1)
    page = client.get(address(cast, at=f"{local:%Y-%m-%dT%H:%M}", zone="UTC")).get_data(as_text=True)
    assert f'data-utc="{local.isoformat()}Z"' in page
    tokyo = client.get(address(cast, at=f"{local:%Y-%m-%dT%H:%M}", zone="Asia/Tokyo")).get_data(as_text=True)
    assert f'data-utc="{(local - timedelta(hours=9)).isoformat()}Z"' in tokyo
    for bad, words in (("soon", "is no time"), ("9999-12-31T23:59", "yet to come"), ("0001-01-01T00:00", "")):
        answer = client.get(address(cast, at=bad, zone="Asia/Tokyo"))
        assert (answer.status_code, words in answer.get_data(as_text=True)) == (400, True), bad
    assert client.get(address(cast, "/download", at="soon")).status_code == 400
    assert client.get(address(cast, "/download", format="docx")).status_code == 404


def test_the_moment_becomes_a_restore_of_its_versions_and_what_came_since_stays(client, sign_in, cast, past):
    sign_in(client, cast.ada)
    page = client.get(address(cast)).get_data(as_text=True)
    assert "It stays" in page
    data = {"csrf_token": csrf_token(client, "/account/"), "at": f"{THEN.isoformat()}Z"}
    answer = client.post(f"/tenants/{cast.contoso.id}/at/restore", data=data)
    restore = Restore.get()
    assert answer.headers["Location"] == f"/restores/{restore.id}"
    assert {item.snapshot_id for item in RestoreItem.select()} == {row.id for row in past}
    assert (restore.options["assignments"], restore.options["conditional_access"]) == ("exact", "as captured")
    assert f"as it was at {THEN:%Y-%m-%d %H:%M} UTC" in restore.source_name
    assert Run.get(Run.restore_id == restore.id).kind == RunKind.PREVIEW
    nothing = client.post(f"/tenants/{cast.contoso.id}/at/restore", data={**data, "search": "nobody"})
    assert nothing.status_code == 303
    assert Restore.select().count() == 1


def test_the_moment_is_downloaded_for_another_tool_and_that_is_recorded(client, sign_in, cast, past):
    sign_in(client, cast.rita)
    answer = client.get(address(cast, "/download", format="graph"))
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as file:
        assert "deviceManagement/configurationPolicies/Contoso policy 1.json" in file.namelist()
    event = AuditEvent.select().where(AuditEvent.action == "backup-set:downloaded").get()
    assert (event.subject, event.details["policies"]) == (f"the state of {THEN:%Y-%m-%d %H:%M} UTC", 2)
    assert event.details["format"] == "graph"


def test_what_is_too_large_is_not_compared_in_the_list(client, sign_in, cast, past, monkeypatch):
    monkeypatch.setattr(moment, "MOST_BYTES_COMPARED", 10)
    sign_in(client, cast.rita)
    assert "too large to be compared" in client.get(address(cast, show="different")).get_data(as_text=True)
