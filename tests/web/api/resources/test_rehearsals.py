"""`/rehearsals` over the API: starting one, what it found, and its report as a file."""

import base64

import pytest

from actors.rehearsals import rehearse
from db.models import Rehearsal, Run
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import NewFinding
from db.runs import completion
from db.states import Scope
from tests.support.claimed_runs import claimed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_rehearsal_is_started_told_and_handed_out(cast, api):
    program, path = api(cast.max), f"/tenants/{cast.contoso.id}/rehearsals"
    assert api(cast.max, Scope.START).post(path).status_code == 403, "it may write to a lab"
    assert api(cast.ada).post(path).status_code == 403
    started = program.post(path)
    assert (started.status_code, started.json["run"]["kind"]) == (202, "tenant.rehearse")
    rehearsal = Rehearsal.get()
    address = f"/rehearsals/{rehearsal.id}"
    assert program.get(f"{address}/report").status_code == 404
    found = NewFinding("sealed", "Its content does not open.", "configurationPolicies", "1", "Wi-Fi")
    rehearsals.add_findings(rehearsal, rehearse.CONTENTS, [found])
    run = Run.get_by_id(started.json["run"]["id"])
    completion.fail(claimed(rehearse.StartedRun(run, is_new=True)), "worker_died", "The worker died.")
    [listed] = program.get(f"/rehearsals?tenant={cast.contoso.id}&state=failed").json["items"]
    assert (listed["id"], listed["failures"], listed["run"]) == (rehearsal.id, 1, run.id)
    [finding] = program.get(address).json["items"]
    assert (finding["name"], finding["message"]) == ("Wi-Fi", "Its content does not open.")
    report = program.get(f"{address}/report").json
    assert (report["file_name"], report["encoding"]) == (f"rehearsal-{rehearsal.id}.md", "utf-8")
    assert "Wi-Fi" in report["content"]
    word = program.get(f"{address}/report?format=docx").json
    assert (word["encoding"], base64.b64decode(word["content"])[:2]) == ("base64", b"PK")
    assert api(cast.max, tenants=[cast.fabrikam]).get(address).status_code == 403
