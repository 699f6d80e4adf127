"""`/imports/`: upload, look, keep, fill in, choose, restore, remove."""

import io

import pytest

from actors.imports import import_run
from db.imports import policy_imports
from db.models import ImportedPolicy, PolicyImport, Restore, Run
from graph.foreign.export import ForeignFormat
from tests.actors.imports.test_import_files import zipped
from tests.support.foreign_samples import SAMPLES
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def post(client, path, file=None, **form):
    data = {"csrf_token": csrf_token(client, "/"), **form}
    return client.post(path, data={**data, "file": file} if file else data)


def imported(client, tenant, form):
    answer = post(client, "/imports/upload", (zipped(SAMPLES[form]), "x.zip"), tenant=tenant.id)
    run = Run.select().order_by(Run.id.desc()).get()
    assert (answer.status_code, answer.location) == (303, f"/runs/{run.id}")
    import_run.read(run.id)
    row = policy_imports.find_of_run(run)
    assert f"/imports/{row.id}" in client.get(f"/runs/{run.id}").get_data(as_text=True)
    return row


def test_an_export_is_looked_at_kept_and_restored(client, sign_in, cast):
    sign_in(client, cast.max)
    row = imported(client, cast.contoso, ForeignFormat.INTUNE_CD)
    page = client.get(f"/imports/{row.id}").get_data(as_text=True)
    for words in ("Imported from IntuneCD for Contoso", "This is a preview", "It has no id", "Take the file beside it",
                  "It is neither JSON nor YAML"):  # fmt: skip
        assert words in page
    assert "IyEv" not in page
    refused = post(client, f"/imports/{row.id}/restore", tenant=cast.contoso.id)
    assert (refused.status_code, "Keep the import first" in refused.get_data(as_text=True)) == (400, True)
    assert post(client, f"/imports/{row.id}/keep", name="Nightly").location == f"/imports/{row.id}"
    dock = ImportedPolicy.get(ImportedPolicy.name == "Dock")
    other = imported(client, cast.contoso, ForeignFormat.PORTAL)
    assert post(client, f"/imports/{other.id}/policies/{dock.id}/script", take="other").status_code == 404
    post(client, f"/imports/{row.id}/policies/{dock.id}/script", take="other")
    assert ImportedPolicy.get_by_id(dock.id).takes_other
    assert "The file beside it counts" in client.get(f"/imports/{row.id}").get_data(as_text=True)
    assert "Nightly" in client.get("/imports/").get_data(as_text=True)
    refused = post(client, f"/imports/{row.id}/restore", tenant="")
    assert (refused.status_code, "Choose the tenant" in refused.get_data(as_text=True)) == (400, True)
    answer = post(client, f"/imports/{row.id}/restore", tenant=cast.contoso.id, existing="copy", prefix="Base - ",
                  assignments="none", conditional_access="report only")  # fmt: skip
    restore = Restore.get()
    assert answer.location == f"/restores/{restore.id}"
    assert restore.source_name == "“Nightly”, imported and not captured, from IntuneCD"
    assert restore.options["prefix"] == "Base - "
    post(client, f"/imports/{row.id}/remove")
    assert [each.id for each in PolicyImport.select()] == [other.id]


def test_placeholders_are_asked_for_and_a_reader_only_looks(client, sign_in, cast, app):
    sign_in(client, cast.ada)
    row = imported(client, cast.contoso, ForeignFormat.GRAPH_BODY)
    page = client.get(f"/imports/{row.id}").get_data(as_text=True)
    assert "To be filled in" in page
    assert "&lt;RING&gt;" in page
    post(client, f"/imports/{row.id}/fill-in", **{"placeholder-0": "Pilot"})
    assert "Ring Pilot" in client.get(f"/imports/{row.id}").get_data(as_text=True)
    assert post(client, f"/imports/{row.id}/remove").status_code == 403
    other = app.test_client()
    sign_in(other, cast.rita)
    page = other.get(f"/imports/{row.id}").get_data(as_text=True)
    assert "Ring Pilot" in page
    assert "Keep it as" not in page
    assert post(other, f"/imports/{row.id}/keep", name="x").status_code == 403


def test_a_file_that_cannot_be_is_refused_at_once_and_the_form_stays(client, sign_in, cast):
    sign_in(client, cast.ada)
    no_zip = (io.BytesIO(b"PK\x03\x04"), "x.zip")
    to = cast.contoso.id
    for file, tenant, why in ((None, to, "Choose a file"), (no_zip, to, "not a ZIP"), (None, "", "Choose the tenant")):
        answer = post(client, "/imports/upload", file, tenant=tenant)
        assert answer.status_code == 400
        assert why in answer.get_data(as_text=True)
    assert not Run.select().count()
