"""Plain JSON as Graph answers it."""

import json

from graph.leaving.graph_json import GraphJsonWriter
from tests.support.leaving import ALL, SHELL, TIME, source, written


def test_each_policy_is_a_file_in_its_collection_with_its_assignments():
    writer = GraphJsonWriter(source())
    files = written(writer)
    assert len(files) == len(ALL) + 1
    assert not writer.left_out
    time = json.loads(files["deviceManagement/configurationPolicies/Network Time Protocol.json"])
    assert time.pop("@odata.context").endswith("$metadata#deviceManagement/configurationPolicies/$entity")
    assert time == {**TIME.body, "assignments": TIME.assignments}
    assert json.loads(files["deviceManagement/deviceShellScripts/Hello.json"])["assignments"] == SHELL.assignments == []
    assert "identity/conditionalAccess/policies/CA001.json" in files
