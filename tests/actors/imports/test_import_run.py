"""`policy.import`: from a file to an import."""

import io

import pytest

from actors.imports import import_run
from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.imports import policy_imports
from db.models import AuditEvent, Content, Membership, PolicyImport, Run, RunItem, Upload
from db.states import ACTIVE, RunState
from graph.foreign.export import ForeignFormat
from tests.actors.imports.test_import_files import zipped
from tests.support import servers
from tests.support.foreign_samples import SAMPLES

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def imported(tenant, files, actor, name=""):
    """Import the files as a person does, and keep them where `name` says so. Return (import, run)."""
    start = import_run.start(tenant, zipped(files), "export.zip", actor, name=name)
    import_run.read(start.run.id)
    # A test's worker may have taken it first.
    servers.wait_for(lambda: Run.get_by_id(start.run.id).state not in ACTIVE, "the import")
    run = Run.get_by_id(start.run.id)
    return policy_imports.find_of_run(run), run


def test_a_run_reads_the_file_and_makes_a_preview_that_says_what_each_file_is(cast):
    person = Actor.person(cast.ada, None)
    files = {**SAMPLES[ForeignFormat.INTUNE_MANAGEMENT], "rest/README.md": b"# hello"}
    row, run = imported(cast.contoso, files, person)
    assert run.state == RunState.SUCCEEDED, run.error_message
    assert (row.organisation, row.formats, row.policy_count, row.file_count, row.kept_at) == (
        "Contoso", ["intunemanagement"], 4, len(files), None
    )  # fmt: skip
    assert row.name.startswith("Contoso, ")
    assert {file["path"] for file in row.files} == {
        "Contoso/MigrationTable.json", "Contoso/EndpointSecurity/Firewall_Settings.json", "rest/README.md"
    }  # fmt: skip
    assert RunItem.get(RunItem.run == run).message == "4 policies in 7 files."
    assert not Upload.select().count()
    assert all(b"AllowCamera" not in content.sealed for content in Content.select())
    # A second message of the same run makes no second import.
    import_run.read(run.id)
    assert PolicyImport.select().count() == 1


def test_a_name_keeps_it_at_once_and_what_is_no_policy_is_told_and_never_kept(cast):
    person = Actor.person(cast.max, None)
    row, _ = imported(cast.contoso, SAMPLES[ForeignFormat.PORTAL], person, "Baseline")
    assert (row.name, row.kept_at is None) == ("Baseline", False)
    row, run = imported(cast.contoso, SAMPLES[ForeignFormat.M365_DSC], person, "Code")
    assert (row.kept_at, row.policy_count, run.state) == (None, 0, RunState.SUCCEEDED)
    assert "It is recognised, and not imported" in row.files[0]["why"]


def test_a_file_that_is_broken_or_of_somebody_without_the_role_makes_no_import(cast):
    person = Actor.person(cast.max, None)
    with pytest.raises(Invalid):
        import_run.start(cast.contoso, io.BytesIO(b"PK\x03\x04broken"), "x.zip", person)
    start = import_run.start(cast.contoso, zipped({"../a": b""}), "x.zip", person)
    import_run.read(start.run.id)
    assert "leads out of its folder" in Run.get_by_id(start.run.id).error_message
    again = import_run.start(cast.contoso, zipped({"a": b""}), "x.zip", person)
    assert not import_run.start(cast.contoso, zipped({"a": b""}), "x.zip", person).is_new
    users.remove_member(Membership.get(Membership.user == cast.max), SYSTEM)
    import_run.read(again.run.id)
    assert "needs somebody who operates" in Run.get_by_id(again.run.id).error_message
    assert not PolicyImport.select().count()
    assert AuditEvent.select().where(AuditEvent.action == "access:refused").count() == 1
