"""Pages of rehearsals: what a reader sees, who starts one, and who may say where it writes."""

import pytest

from actors.rehearsals import rehearse
from db.accounts import users
from db.audit.audit import SYSTEM, Action
from db.models import AuditEvent, Rehearsal, RehearsalSample, Run
from db.rehearsals import rehearsals, rules
from db.rehearsals.rehearsals import NewFinding
from db.runs import completion
from db.states import Role, RunKind
from tests.support.claimed_runs import claimed
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def send(client, address, **form):
    return client.post(address, data={"csrf_token": csrf_token(client, "/"), **form})


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


NOT_IN_THE_LAB = ("Not made in the lab: It refers to the Apple token “7” that cannot be found: "
                  "The backup does not know its name.")  # fmt: skip


def test_a_rehearsal_is_told_from_its_beginning_to_its_end(client, sign_in, cast):
    rules.mark_lab(cast.fabrikam, True, SYSTEM)
    rules.name_lab(cast.contoso, cast.fabrikam, SYSTEM)
    address = f"/tenants/{cast.contoso.id}/rehearsals"
    for person, status in ((cast.rita, 403), (cast.ada, 403), (cast.max, 303)):
        sign_in(client, person)
        assert ("Rehearse now" in text(client, address)) == (status == 303)
        assert send(client, address).status_code == status
    [run] = Run.select().where(Run.kind == RunKind.REHEARSE)
    rehearsal = Rehearsal.get()
    assert client.get(f"/runs/{run.id}/rehearsal").location == f"/rehearsals/{rehearsal.id}"
    assert "Nothing is known yet." in text(client, f"/rehearsals/{rehearsal.id}")
    assert client.get(f"/rehearsals/{rehearsal.id}/report.md").status_code == 404
    found = NewFinding("sealed", "Its content <b>does</b> not open.", "configurationPolicies", "1", "<i>Wi-Fi</i>")
    rehearsals.add_findings(rehearsal, rehearse.CONTENTS, [found])
    rehearsals.add_findings(rehearsal, rehearse.PLAN, [NewFinding("built_in", "It is built in.", is_failure=False)])
    unread = NewFinding("forbidden", NOT_IN_THE_LAB, "deviceManagementScripts", is_failure=False)
    rehearsals.add_findings(rehearsal, rehearse.BACKUP, [unread])
    RehearsalSample.create(rehearsal=rehearsal, policy_type="configurationPolicies", graph_id="1", name="VPN",
                           lab_object_id="51300001", outcome="created", differences=3)  # fmt: skip
    completion.fail(claimed(rehearse.StartedRun(run, is_new=True)), "worker_died", "The worker died.")
    page = text(client, f"/rehearsals/{rehearsal.id}")
    for told in ("Findings: 1", "&lt;i&gt;Wi-Fi&lt;/i&gt;", "Its content &lt;b&gt;does", "Needs a hand in a restore: 1",
                 "Not read by the backup: 1",
                 "VPN", "Settings catalog", "failed"):  # fmt: skip
        assert told in page, told
    # Contoso's manager is nobody in the lab: neither its name nor its objects are theirs to see.
    for place in (f"/rehearsals/{rehearsal.id}", address):
        assert "Fabrikam" not in text(client, place)
    assert "51300001" not in page
    report = client.get(f"/rehearsals/{rehearsal.id}/report.md")
    assert report.headers["Content-Disposition"] == f'attachment; filename="rehearsal-{rehearsal.id}.md"'
    assert "Fabrikam" not in report.get_data(as_text=True)
    [event] = AuditEvent.select().where(AuditEvent.action == Action.DOCUMENT_DOWNLOADED)
    assert (event.subject, event.details["format"]) == (f"report of rehearsal {rehearsal.id}", "md")
    assert client.get(f"/rehearsals/{rehearsal.id}/report.exe").status_code == 404
    german = client.get(f"/rehearsals/{rehearsal.id}/report.md", headers={"Accept-Language": "de"})
    assert "Im Labor nicht angelegt: Ein Verweis (Apple-Token „7“) ist nicht auffindbar" in german.get_data(
        as_text=True
    )
    assert "No rehearsal has passed yet." in text(client, address)
    sign_in(client, cast.root)
    assert "51300001" in text(client, f"/rehearsals/{rehearsal.id}")
    assert "Fabrikam" in text(client, address)


def test_a_lab_is_named_by_who_manages_both_tenants(client, sign_in, cast):
    address, lab = f"/tenants/{cast.contoso.id}/rehearsals", f"/tenants/{cast.fabrikam.id}/rehearsals"
    sign_in(client, cast.max)
    assert send(client, f"{lab}/is-lab").status_code == 403
    assert send(client, f"{address}/lab", lab=cast.fabrikam.id).status_code == 403
    users.set_member(cast.max, cast.fabrikam, Role.OPERATOR, SYSTEM)
    assert send(client, f"{address}/lab", lab=cast.fabrikam.id).status_code == 403
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    send(client, f"{address}/lab", lab="Fabrikam")
    assert "is not marked as a lab" in text(client, address)
    send(client, f"{lab}/is-lab")
    send(client, f"{address}/lab", lab="Fabrikam")
    assert rules.lab_of(cast.contoso) == cast.fabrikam
    assert "Contoso" in text(client, lab)
    send(client, f"{address}/lab", off="yes")
    assert rules.lab_of(cast.contoso) is None
    send(client, f"{lab}/is-lab", wanted="no")
    assert not rules.of_tenant(cast.fabrikam).is_lab


def test_a_schedule_of_rehearsals_is_made_changed_and_run_now_by_a_manager(client, sign_in, cast):
    sign_in(client, cast.max)
    form = {"tenant": "Contoso", "cron": "0 3 1 * *", "time_zone": "UTC", "is_full": "rehearsal"}
    assert send(client, "/schedules/", **form).status_code == 303
    [schedule] = cast.contoso.schedules
    assert (schedule.is_rehearsal, schedule.is_full) == (True, False)
    assert "rehearses a restore" in text(client, "/schedules/")
    assert 'value="rehearsal" selected' in " ".join(text(client, f"/schedules/{schedule.id}").split())
    send(client, f"/schedules/{schedule.id}/pause")
    assert cast.contoso.schedules.get().is_rehearsal
    sign_in(client, cast.ada)
    assert send(client, f"/schedules/{schedule.id}/run-now").status_code == 403
    sign_in(client, cast.max)
    assert send(client, f"/schedules/{schedule.id}/run-now").status_code == 303
    assert Run.get().kind == RunKind.REHEARSE
