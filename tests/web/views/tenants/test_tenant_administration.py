"""What admins do to a tenant in the browser: another credential, another name, off, on, and gone."""

import io
from datetime import timedelta

import pytest

import actors.backups.sync
import actors.tenants.credential_change
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.housekeeping import tenant_removal, tenant_switch
from db.models import AuditEvent, Credential, Policy, Run, Tenant
from db.states import CredentialPlace
from db.tenants import credentials, schedules, tenants
from tests.actors.restores.test_secrets import every_value
from tests.actors.tenants.test_credential_change import pem
from tests.support.forms import csrf_token

pytestmark = pytest.mark.usefixtures("lock_order")

CANARY = "c4nary-pasted~secret.value-0123456789"


@pytest.fixture
def admin(client, sign_in, cast):
    return sign_in(client, cast.root)


def sent(client, tenant, act="credential", **fields):
    page = f"/tenants/{tenant.id}/administration"
    data = {**fields, "csrf_token": csrf_token(client, page)}
    return client.post(f"/tenants/{tenant.id}/{act}", data=data, follow_redirects=True)


def shown(client, path):
    return client.get(path).get_data(as_text=True)


def test_a_pasted_secret_is_tried_by_a_run_and_shown_nowhere(admin, graph, worker, ended, cast, database_url, caplog):
    graph.change(client_secret=CANARY)
    answer = sent(admin, cast.contoso, secret=CANARY, expires="2099-06-30")
    run = ended(Run.get().id)
    assert (run.kind, run.state, run.requested_by) == ("tenant.credential", "succeeded", cast.root)
    pages = [answer.get_data(as_text=True)]
    place = f"/tenants/{cast.contoso.id}"
    pages += [shown(admin, path) for path in (place, f"{place}/administration", f"/runs/{run.id}", "/audit/")]
    assert "ends on 2099-06-30" in pages[1]
    assert "Switch back to it" in pages[2]
    assert not any(CANARY in page for page in pages)
    assert CANARY not in caplog.text
    assert not [table for table, value in every_value(database_url) if CANARY.encode() in value]


def test_what_is_refused_on_the_form_is_said_and_not_shown_again(admin, cast):
    refused = sent(admin, cast.contoso, secret=CANARY, expires="soon")
    assert refused.status_code == 400
    assert "as 2028-06-30" in refused.get_data(as_text=True)
    assert CANARY not in refused.get_data(as_text=True)
    file = {"certificate": (io.BytesIO(b"no certificate"), "x.pem"), "passphrase": CANARY}
    refused = sent(admin, cast.contoso, **file)
    assert "PFX file cannot be read" in refused.get_data(as_text=True)
    assert CANARY not in refused.get_data(as_text=True)
    assert not Credential.select().exists()


def test_a_certificate_is_uploaded_and_the_refused_one_tried_again_or_removed(admin, graph, worker, ended, cast):
    file, public = pem(days=20)
    sent(admin, cast.contoso, certificate=(io.BytesIO(file), "tenantkeep.pem"))
    assert ended(Run.get().id).error_code == "certificate_unknown"
    page = shown(admin, f"/tenants/{cast.contoso.id}/administration")
    assert "Try it again" in page
    assert "Upload its public part in Entra" in page
    graph.change(certificates=[public])
    sent(admin, cast.contoso, "credential/try-again")
    assert ended(Run.select().order_by(Run.id.desc()).get().id).state == "succeeded"
    assert 'badge-warn">ends on' in shown(admin, f"/tenants/{cast.contoso.id}")
    sent(admin, cast.contoso, "credential/switch-back")
    assert ended(Run.select().order_by(Run.id.desc()).get().id).state == "succeeded"
    assert tenants.credential_values(Tenant.get_by_id(cast.contoso.id)) == {"secret": "contoso client secret"}
    sent(admin, cast.contoso, "credential/forget", place="previous")
    assert credentials.find_at(cast.contoso, CredentialPlace.PREVIOUS) is None


def test_only_admins_find_and_do_any_of_it(app, sign_in, cast):
    manager = sign_in(app.test_client(), cast.max)
    assert "/administration" not in shown(manager, f"/tenants/{cast.contoso.id}")
    for act in ("credential", "rename", "switch-off", "remove"):
        token = csrf_token(manager, "/")
        assert manager.post(f"/tenants/{cast.contoso.id}/{act}", data={"csrf_token": token}).status_code == 403


def test_switched_off_nothing_starts_in_it_and_every_way_says_so(admin, graph, cast, redis_url, captured):
    run = actors.backups.sync.start(cast.contoso, SYSTEM).run
    assert "Runs being cancelled: 1." in sent(admin, cast.contoso, "switch-off").get_data(as_text=True)
    assert Run.get_by_id(run.id).state == "cancelled"
    policy, tenant, before = Policy.get(Policy.tenant == cast.contoso), cast.contoso, Run.select().count()
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    token = {"csrf_token": csrf_token(admin, "/")}
    for path in (
        f"/schedules/{schedule.id}/run-now",
        f"/tenants/{tenant.id}/sync",
        f"/tenants/{tenant.id}/back-up",
        f"/policies/{policy.id}/capture-snapshot",
    ):
        answer = admin.post(path, data=token)
        assert (answer.status_code, "Contoso is switched off" in answer.get_data(as_text=True)) == (409, True), path
    both = {"rowid": [tenant.id, cast.fabrikam.id], "action": "back_up", **token}
    told = admin.post("/tenants/action/", data=both, follow_redirects=True).get_data(as_text=True)
    assert "Contoso is switched off" in told
    assert [run.tenant for run in Run.select().offset(before)] == [cast.fabrikam]
    assert "nothing starts in it" in shown(admin, f"/policies/{policy.id}")
    assert "Back up now" not in shown(admin, f"/tenants/{tenant.id}")
    dashboard = shown(admin, "/")
    assert "Switched off, and left out here:" in dashboard
    assert "Contoso" not in dashboard.partition('id="standing"')[2].partition('id="runs"')[0]
    assert "Switched on" in sent(admin, tenant, "switch-on").get_data(as_text=True)
    assert admin.post(f"/tenants/{tenant.id}/sync", data=token).status_code == 303


def test_another_name_is_kept_and_one_that_is_taken_refused(admin, cast):
    assert "already a tenant" in sent(admin, cast.contoso, "rename", name=" Fabrikam ").get_data(as_text=True)
    sent(admin, cast.contoso, "rename", name="Contoso  Retail")
    assert Tenant.get_by_id(cast.contoso.id).name == "Contoso Retail"
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.subject, event.details) == ("tenant Contoso", {"changed": ["name: Contoso → Contoso Retail"]})


def test_it_is_removed_when_its_name_is_typed_and_not_while_a_run_is_under_way(admin, cast, redis_url):
    run = actors.backups.sync.start(cast.contoso, SYSTEM).run
    assert f"Run {run.id} of Contoso is under way" in sent(admin, cast.contoso, "remove", name="Contoso").get_data(
        as_text=True
    )
    assert "Copies elsewhere stay" in admin.get(f"/tenants/{cast.contoso.id}/administration").get_data(as_text=True)
    tenant_switch.switch_off(cast.contoso, SYSTEM)
    assert "Nothing was removed" in sent(admin, cast.contoso, "remove", name="Contos").get_data(as_text=True)
    assert Tenant.get_by_id(cast.contoso.id).removing_since is None
    assert "is being removed" in sent(admin, cast.contoso, "remove", name="Contoso").get_data(as_text=True)
    while tenant_removal.remove_next_rows(cast.contoso):
        pass
    assert admin.get(f"/tenants/{cast.contoso.id}").status_code == 404


@pytest.mark.parametrize(("days", "look"), [(-1, "bad"), (20, "warn"), (90, "muted")])
def test_how_soon_a_credential_ends_is_seen_on_the_tenants_page(admin, cast, days, look):
    Tenant.update(credential_expires_at=utcnow() + timedelta(days=days, hours=1)).execute()
    assert f'badge-{look}">end' in shown(admin, f"/tenants/{cast.contoso.id}")


def test_credential_that_only_writes_is_given_tried_and_forgotten_beside_the_other(admin, graph, worker, ended, cast):
    place = f"/tenants/{cast.contoso.id}/administration"
    assert "the one credential reads and writes" in shown(admin, place)
    sent(admin, cast.contoso, secret="contoso client secret", access="write")
    assert ended(Run.get().id).state == "succeeded"
    assert "Only live restores sign in with it" in shown(admin, place)
    assert tenants.credential_values(Tenant.get_by_id(cast.contoso.id)) == {"secret": "contoso client secret"}
    assert [row.place for row in Credential.select()] == ["write"], "the one to read was not replaced"
    sent(admin, cast.contoso, "credential/try-again", access="write")
    assert ended(Run.select().order_by(Run.id.desc()).get().id).state == "succeeded"
    gone = sent(admin, cast.contoso, "credential/forget", place="write").get_data(as_text=True)
    assert "The current credential is gone" in gone


def test_disconnecting_forgets_every_credential_and_keeps_the_backups(admin, captured, cast):
    page = shown(admin, f"/tenants/{cast.contoso.id}/administration")
    assert "Enterprise applications" in page
    credentials.add_next(cast.contoso, "secret", {"secret": CANARY}, SYSTEM)
    sent(admin, cast.contoso, "disconnect")
    contoso = Tenant.get_by_id(cast.contoso.id)
    assert (contoso.is_active, contoso.credential_kind, contoso.credential) == (False, "none", None)
    assert (Credential.select().count(), Policy.select().where(Policy.tenant == contoso).count()) == (0, 2)
    assert AuditEvent.get(AuditEvent.action == "tenant:disconnected").details == {"cancelled_runs": 0, "credentials": 2}
    assert "Connect it again" in shown(admin, f"/tenants/{cast.contoso.id}/administration")
