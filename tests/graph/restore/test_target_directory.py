"""Looking objects up one by one, against the simulator: existing ones are found, and nothing else."""

import pytest

from graph.references.reference_kinds import APPLICATIONS, PRINCIPALS
from graph.references.references import Reference
from graph.restore.target_directory import _PATHS, SourceObject, TargetDirectory, look_up_references
from graph.transport.batch_driver import drive_one
from tests.graph.read.test_readings import connect

THERE, MISSING, APP = (digit * 8 + "-1111-4111-8111-" + digit * 12 for digit in "345")


@pytest.mark.parametrize("kind", sorted(_PATHS))
def test_what_is_there_is_found_and_nothing_else(demo_simulator, kind):
    client, tenant = connect(demo_simulator, "Fabrikam")
    path = _PATHS[kind](THERE).partition("?")[0].strip("/").removesuffix(f"/{THERE}")
    by_app = {"appId": THERE} if kind == APPLICATIONS else {}
    tenant.put(path, {"id": THERE, "displayName": "It", **by_app})
    directory = TargetDirectory({})
    drive_one(client, look_up_references(directory, [Reference(kind, THERE), Reference(kind, MISSING)], {}, {}))
    tenant.delete(path, THERE)
    assert set(directory.by_id) == {(kind, THERE)}
    assert (directory.unreadable, directory.not_answered) == (set(), {})


def test_a_service_principal_is_found_by_the_app_that_it_is_of(demo_simulator):
    client, tenant = connect(demo_simulator, "Fabrikam")
    tenant.put("servicePrincipals", {"id": THERE, "appId": APP, "displayName": "Robot"})
    directory, sources = TargetDirectory({}), {(PRINCIPALS, MISSING): SourceObject(within=APP)}
    drive_one(client, look_up_references(directory, [Reference(PRINCIPALS, MISSING)], sources, {}))
    tenant.delete("servicePrincipals", THERE)
    assert directory.by_name == {(PRINCIPALS, APP): [(THERE, "Robot")]}
