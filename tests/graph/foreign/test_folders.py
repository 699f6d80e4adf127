"""What other files say of policies."""

from graph.foreign.export import FindingKind
from graph.foreign.read import read_export
from tests.support.foreign_samples import FILTER, GROUP, TENANT, as_json


def table(tenant, objects):
    return as_json({"TenantId": tenant, "Organization": "A", "Objects": objects})


def test_exports_of_two_tenants_are_told_and_odd_tables_cost_nothing():
    files = {
        "a/MigrationTable.json": table(TENANT, {"Id": GROUP, "DisplayName": "Pilot"}),
        "b/MigrationTable.json": table(FILTER, [None, {"Id": 7}]),
        "c/MigrationTable.json": table("nobody", []),
        "names.csv": b'DisplayName,Id\n"open,\n',
        "other.csv": b"a,b\n",
    }
    export = read_export(files)
    assert export.directory_id == TENANT
    assert [finding.kind for finding in export.findings] == [FindingKind.ASK]
    assert [file.path for file in export.files if file.state == "no_policy"] == ["other.csv"]


def test_assignments_without_their_policy_are_told():
    [file] = read_export({"X/Assignments/a.json": as_json([{"target": {}}])}).files
    assert (file.state, "not beside it" in file.why) == ("left_out", True)
