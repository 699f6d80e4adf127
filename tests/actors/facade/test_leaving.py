"""Snapshots as files of another tool."""

from actors.facade import leaving
from actors.facade.leaving import LeavingExport, LeavingFormat


def test_snapshots_become_files_with_the_names_of_their_set(cast, captured):
    snapshot = captured[0][2]
    export = LeavingExport(LeavingFormat.GRAPH, cast.contoso, [snapshot], {})
    [file] = export.files(snapshot, {"body": {"name": "x"}, "assignments": []})
    assert file.path == "deviceManagement/configurationPolicies/Contoso policy 1.json"
    [page] = export.closing_files()
    assert b"`Contoso`" in page.data
    assert set(leaving.TITLES) == set(LeavingFormat)
