"""What is written for another tool, read back as an import of that tool: the same by our own comparison.

Lost is what a format is documented to lose (docs/leaving.md): ids, which are compared by name here, and in IntuneCD's
whether a policy is assigned to nobody.
"""

from collections.abc import Mapping

import pytest

from graph.content.odata import strip_annotations
from graph.display.diff import compare
from graph.foreign.read import read_export
from graph.leaving import formats
from graph.leaving.export import LeavingFormat, LeavingPolicy, LeavingSource
from graph.policy_types.policy_type import policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.references.references import rewrite_references
from graph.simulator.imports.exported_files import NotAPolicy, read_policy_file
from tests.support import leaving
from tests.support.simulated_tenant import REAL

FOLDERS = [LeavingFormat.INTUNE_MANAGEMENT, LeavingFormat.INTUNE_CD, LeavingFormat.GRAPH]


def differences(leaving_format, source, policies):
    """Return policy -> what of it is otherwise after it was written and read; a text where it was not read at all."""
    writer = formats.writer(leaving_format, source)
    files, path_of = {}, {}
    for number, policy in enumerate(policies):
        for file in writer.files(policy):
            path_of.setdefault(number, file.path)
            files[file.path] = file.data
    export = read_export(files | {file.path: file.data for file in writer.closing_files()})
    read = {policy.path: policy for policy in export.policies}
    found = {}
    for number, path in path_of.items():
        policy, back = policies[number], read.get(path)
        if back is None:
            found[path] = [file.why for file in export.files if file.path == path]
        elif back.policy_type != policy.policy_type:
            found[path] = back.policy_type
        else:
            names = {object_id: name for (_, object_id), name in source.names.items()}
            for references in (policy.references, back.references):
                names |= {key: name for of_kind in references.values() for key, name in of_kind.items() if name}
            before, after = (by_names(policy.policy_type, side.content, names) for side in (policy, back))
            if leaving_format == LeavingFormat.INTUNE_CD and not before["assignments"]:
                before["assignments"] = after["assignments"] = None
            if left := compare(POLICY_TYPES[policy.policy_type], before, after, {}):
                found[path] = [(difference.path, difference.before, difference.after) for difference in left]
    return found, writer


def by_names(policy_type, content, names):
    """Return the content with names in place of ids, and setting ids in small letters, as the service answers them."""
    return folded(rewrite_references(policy_type, content, lambda reference: names.get(reference.id) or reference.id))


def folded(value):
    if isinstance(value, list):
        return [folded(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    ids = {"settingDefinitionId", *(["value"] if "children" in value else [])}
    return {
        key: inner.lower() if key in ids and isinstance(inner, str) else folded(inner) for key, inner in value.items()
    }


@pytest.mark.parametrize("leaving_format", FOLDERS)
def test_what_is_written_is_read_back_as_the_same_policies(leaving_format):
    policies = [policy for policy in leaving.ALL if policy is not leaving.RINGS]
    found, writer = differences(leaving_format, leaving.source(), policies)
    assert not found
    assert not writer.left_out


@pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
@pytest.mark.parametrize("leaving_format", FOLDERS)
def test_every_real_policy_is_read_back_as_it_was(leaving_format):
    source = LeavingSource("e1d6a3b7-5c48-4f92-8b1d-7a9e6c2f0d14", "Adatum")
    found, writer = differences(leaving_format, source, real_policies(source.directory_id))
    assert not found
    assert sum(writer.left_out.values()) < 20


def real_policies(directory_id):
    """Return the exported policies as Graph would have given them: with what some exports lack of every policy."""
    types = {row.path.strip("/"): key for key, row in POLICY_TYPES.items()}
    found = {}
    for path in sorted(REAL.rglob("*.json")):
        try:
            collection, item = read_policy_file(path)
        except NotAPolicy:
            continue
        body = with_own_directory(strip_annotations(item), directory_id)
        assignments = body.pop("assignments", None)
        key = types[collection.strip("/")]
        if key == "conditionalAccessPolicies":
            body.setdefault("state", "disabled")
        if key == "notificationMessageTemplates":
            body.setdefault("localizedNotificationMessages", [])
        content = {"body": body, "assignments": assignments}
        policy = LeavingPolicy(key, str(body["id"]), policy_name(POLICY_TYPES[key], body), content)
        found[key, policy.graph_id] = policy
    assert len(found) > 200
    return list(found.values())


def with_own_directory(value, directory_id):
    """Put a directory's id where an export has the placeholder for it."""
    if isinstance(value, dict):
        return {key: with_own_directory(inner, directory_id) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_own_directory(inner, directory_id) for inner in value]
    return value.replace("%OrganizationId%", directory_id) if isinstance(value, str) else value
