"""`tenantkeep import`: a folder becomes an import through the queue."""

import json

import pytest
from click.testing import CliRunner

from db.errors import Invalid
from db.models import PolicyImport, Tenant
from graph.foreign.export import ForeignFormat
from tests.support.foreign_samples import SAMPLES
from web.commands import cli

pytestmark = [
    pytest.mark.usefixtures("app", "worker"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def run(*arguments):
    result = CliRunner().invoke(cli, ["import", *map(str, arguments)])
    return result.exit_code, result.output, result.exception


def test_a_folder_a_file_and_links_are_told_file_by_file(cast, tmp_path):
    folder = tmp_path / "nightly"
    for path, data in SAMPLES[ForeignFormat.INTUNE_CD].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (tmp_path / "secret.json").write_bytes(SAMPLES[ForeignFormat.GRAPH_BODY]["ring.json"])
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "out").symlink_to(tmp_path)
    code, output, _ = run(folder, "--tenant", "Contoso", "--json")
    document = json.loads(output[output.index("{") :])
    assert code == 0
    assert (document["name"], document["tenant"], document["formats"], document["is_kept"]) == (
        "nightly", "Contoso", ["intunecd"], True
    )  # fmt: skip
    assert document["counts"] == {"files": 4, "policies": 2, "beside": 1, "no_policy": 1}
    assert [file["path"] for file in document["files"]] == sorted(SAMPLES[ForeignFormat.INTUNE_CD])
    [policy] = document["files"][0]["policies"]
    assert (policy["policy_type"], policy["name"]) == ("deviceShellScripts", "Dock")
    assert {"kind", "text"} == set(policy["findings"][0])
    code, output, _ = run(tmp_path / "secret.json", "--as", "Ring", "--tenant", "Contoso")
    assert (code, "Ring: 1 policies, Object as" in output) == (0, True)
    (tmp_path / "readme.md").write_text("# nothing")
    code, output, _ = run(tmp_path / "readme.md", "--tenant", "Contoso")
    assert (code, "Nothing in 1 files is a policy" in output) == (1, True)
    assert PolicyImport.select().count() == 3


def test_whose_it_is_has_to_be_said_where_there_are_several(cast, tmp_path):
    assert Tenant.select().count() == 2
    assert "Say with --tenant" in str(run(tmp_path)[2])


def test_what_cannot_be_read_is_told(cast, tmp_path):
    for path, why in ((tmp_path / "none", "There is no folder"), (tmp_path / ("x" * 300), "name too long")):
        refusal = run(path, "--tenant", "Contoso")[2]
        assert isinstance(refusal, Invalid), refusal
        assert why in str(refusal)
