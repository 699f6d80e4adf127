"""`tenantkeep document`: made through the queue, and written whole or not at all."""

import json

import pytest
from click.testing import CliRunner

from db.audit.audit import Action
from db.models import AuditEvent
from tests.support.documents import captured_policies, keep_set
from web.commands import cli

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_document_is_written_as_its_files_name_ends(cast, request, tmp_path):
    snapshots = captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []}, {"name": "Other", "settings": []})
    kept = keep_set(cast.contoso, snapshots)
    request.getfixturevalue("worker")

    def command(*words):
        return CliRunner().invoke(cli, ["document", *map(str, words)])

    file = tmp_path / "contoso.md"
    done = command(kept.id, file, "--language", "de", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, told["policies"], told["bytes"]) == (0, 2, file.stat().st_size), done.output
    assert "# Contoso" in file.read_text()
    assert "Sicherungssatz" in file.read_text()
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert "--force" in str(command(kept.id, file).exception)
    one = tmp_path / "one.csv"
    assert command("-", one, "--tenant", "Contoso", "--policy", snapshots[0].policy_id).exit_code == 0
    assert "Contoso policy 1" in one.read_text()
    assert "Contoso policy 2" not in one.read_text()
    assert AuditEvent.select().where(AuditEvent.action == Action.DOCUMENT_DOWNLOADED).count() == 2
    for words, why in (
        ((99, tmp_path / "a.md"), "There is no backup set 99."),
        (("-", tmp_path / "a.md"), "Give a backup set's number, or - and --tenant."),
        ((kept.id, tmp_path / "a.md", "--tenant", "Fabrikam"), "of another tenant"),
        ((kept.id, tmp_path / "a.pdf"), "does not end in one of"),
        ((kept.id, tmp_path / "a.md", "--type", "nothing"), "no policy type"),
        ((kept.id, tmp_path / "a.md", "--compare", kept.id), "two different"),
    ):
        assert why in str(command(*words).exception), words
    assert not list(tmp_path.glob("a.*"))
