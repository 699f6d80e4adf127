"""`/documents/`: the form, the run, the page and the download, for whoever sees the tenant."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest

from actors.documents import making
from actors.documents.options import DocumentOptions
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.documents import documents
from db.models import AuditEvent, Policy, PolicyDocument, Run
from db.states import DocumentFormat, RunState
from tests.support.documents import captured_policies, imported, keep_set
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ask(client, **form):
    return client.post("/documents/new", data={"csrf_token": csrf_token(client, "/"), **form})


def test_a_reader_asks_for_a_document_and_downloads_it(client, sign_in, cast):
    snapshots = captured_policies(cast.contoso, {"name": "Wi-Fi", "password": "hush~1", "settings": []})
    kept = keep_set(cast.contoso, snapshots)
    sign_in(client, cast.rita)
    for place in (f"/tenants/{cast.contoso.id}", f"/backup-sets/{kept.id}", f"/policies/{snapshots[0].policy_id}",
                  f"/policies/?tenant={cast.contoso.id}&type=configurationPolicies"):  # fmt: skip
        assert "/documents/new?" in client.get(place).get_data(as_text=True), place
    form = client.get(f"/documents/new?backup_set={kept.id}").get_data(as_text=True)
    assert 'name="backup_set"' in form
    assert "Deutsch" in form
    assert "Settings catalog" in form
    answer = ask(client, tenant=cast.contoso.id, backup_set=kept.id, format="docx", language="de", without_ids="yes")
    document = PolicyDocument.get()
    assert (answer.status_code, answer.location) == (303, f"/documents/{document.id}")
    assert "It is being made" in client.get(answer.location).get_data(as_text=True)
    assert client.get(f"{answer.location}/download").status_code == 404
    making.make(document.run_id)
    page = client.get(answer.location).get_data(as_text=True)
    assert "/download" in page
    assert "without_ids=yes" in page
    assert "language=de" in page
    answer = client.get(f"/documents/{document.id}/download")
    assert answer.headers["Content-Disposition"].endswith('.docx"')
    with zipfile.ZipFile(BytesIO(answer.data)) as file:
        text = file.read("word/document.xml").decode()
    assert "Contoso policy 1" in text
    assert "hush" not in text
    assert "Richtlinientyp" in text
    [event] = AuditEvent.select().where(AuditEvent.action == Action.DOCUMENT_DOWNLOADED)
    assert (event.actor, event.details) == (cast.rita.email, {"format": "docx", "policies": 1})
    assert "Contoso: Sicherungssatz" in client.get("/documents/").get_data(as_text=True)
    sign_in(client, cast.sam)
    assert "Sicherungssatz" not in client.get("/documents/").get_data(as_text=True)
    assert client.get(f"/documents/{document.id}/download").status_code == 403
    assert ask(client, tenant=cast.fabrikam.id, backup_set=kept.id).status_code == 403


def test_a_moment_and_an_import_are_documented_from_their_pages(client, sign_in, cast):
    captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []})
    row, theirs = imported(cast.contoso), imported(cast.fabrikam)
    at = utcnow().replace(microsecond=0).isoformat()
    Policy.update(first_seen_at=utcnow() - timedelta(hours=2)).execute()
    sign_in(client, cast.rita)
    for place, linked, asked, told in (
        (f"/imports/{row.id}", "policy_import=", {"policy_import": row.id}, "Of the import"),
        (f"/tenants/{cast.contoso.id}/at/?at={at}Z", "at=", {"tenant": cast.contoso.id, "at": at}, "as it was on"),
    ):
        assert "documents/new?" in client.get(place).get_data(as_text=True), place
        form = client.get("/documents/new", query_string=asked).get_data(as_text=True)
        assert told in form
        assert ("changed_since" in form) == ("at" in asked), "nobody knows when an imported policy was changed"
        answer = ask(client, format="md", **asked)
        document = PolicyDocument.get(PolicyDocument.id == int(answer.location.rsplit("/", 1)[1]))
        making.make(document.run_id)
        assert client.get(f"{answer.location}/download").status_code == 200, document.title
        assert linked in client.get(answer.location).get_data(as_text=True), "asked for again"
    assert ask(client, policy_import=theirs.id).status_code == 403
    for wrong in ("soon", "2999-01-01T00:00"):
        assert client.get(f"/documents/new?tenant={cast.contoso.id}&at={wrong}").status_code == 400


def test_what_cannot_be_made_is_said_above_the_form_as_it_was_typed(client, sign_in, cast):
    snapshots = captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []})
    kept = keep_set(cast.contoso, snapshots)
    sign_in(client, cast.max)
    for form, why in (
        ({"changed_since": "soon", "format": "md"}, "“soon” is no day."),
        ({"first_day": "2026-11-01"}, "give both days"),
        ({"first_day": "2026-11-01", "last_day": "2026-11-02"}, "no whole backup of Contoso"),
        ({"format": "pdf"}, "Choose a format."),
        ({"language": "xx"}, "There is no language “xx”"),
        ({"backup_set": kept.id, "other_set": kept.id}, "two different backup sets"),
    ):
        answer = ask(client, tenant=cast.contoso.id, type="configurationPolicies", **form)
        told = answer.get_data(as_text=True)
        assert (answer.status_code, why in told) == (400, True), form
        assert 'value="configurationPolicies"' in told
        assert "checked" in told
    told = client.get("/documents/new", follow_redirects=True).get_data(as_text=True)
    assert "on the page of what it should be of" in told
    assert client.get(f"/documents/new?tenant={cast.fabrikam.id}").status_code == 403
    assert not PolicyDocument.select().count()


def test_a_run_that_made_nothing_says_why(client, sign_in, cast):
    kept = keep_set(cast.contoso, captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []}))
    started = making.start(cast.contoso, DocumentOptions(DocumentFormat.CSV, kept.id), SYSTEM)
    kept.delete_instance()
    making.make(started.run.id)
    assert Run.get_by_id(started.run.id).state == RunState.FAILED
    sign_in(client, cast.rita)
    document = documents.find_of_run(started.run)
    page = client.get(f"/documents/{document.id}").get_data(as_text=True)
    assert "is no longer here" in page
    assert "/download" not in page
    assert json.dumps(document.options)
