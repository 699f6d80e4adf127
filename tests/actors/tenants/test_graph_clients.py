"""Which credential signs in: a tenant's own, our app's, or the one with which live restores alone write."""

import threading
from datetime import datetime

import pytest
import requests

import actors.backups.sync
import actors.restores.live_restore
import actors.tenants.credential_change as credential_change
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import AuditEvent, Credential, Policy, Tenant
from db.states import AppAccess, CredentialKind, CredentialPlace, RunState
from db.tenants import credentials, shared_apps
from graph.errors import SignInFailed
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, options, plan_of, previewed
from tests.support.simulated_tenant import READ, WRITE, SimulatedTenant, catalog_policy

pytestmark = pytest.mark.usefixtures("lock_order")
READ_APP, WRITE_APP = "eeeeeeee-2222-4222-8222-222222222221", "eeeeeeee-2222-4222-8222-222222222222"
HOME = "eeeeeeee-0000-4000-8000-000000000000"


@pytest.fixture
def home(simulator, graph):
    """The directory with our two apps; Contoso consented to both."""
    apps = [
        {"client_id": client_id, "secrets": [f"{client_id} one"], "roles": list(roles)}
        for client_id, roles in ((READ_APP, READ), (WRITE_APP, {*READ, *WRITE}))
    ]
    facts = {"name": "Home", "directory_id": HOME, "client_id": HOME, "apps": apps}
    requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
    graph.change(consents={app["client_id"]: {"roles": app["roles"], "at": 0} for app in apps})
    for access, client_id in ((AppAccess.READ, READ_APP), (AppAccess.WRITE, WRITE_APP)):
        app = shared_apps.set_app("global", access, client_id, HOME, SYSTEM)
        given = shared_apps.add_next(app, CredentialKind.SECRET, {"secret": f"{client_id} one"}, SYSTEM)
        assert graph_clients.try_out_shared(given).principal_id
        shared_apps.put_in_force(given)
    graph_clients.clear_cache()
    return SimulatedTenant(simulator, HOME)


def now_of(tenant):
    return Tenant.get_by_id(tenant.id)


def given_consent(tenant, ended, access):
    new = credential_change.without_secret(CredentialKind.SHARED)
    return ended(credential_change.submit(tenant, new, SYSTEM, access=access).run.id)


def rotated(home, secrets):
    """Entra's side of our app to read: these secrets, of both apps."""
    apps = [{"client_id": READ_APP, "secrets": secrets, "roles": list(READ)},
            {"client_id": WRITE_APP, "secrets": [f"{WRITE_APP} one"], "roles": list(WRITE)}]  # fmt: skip
    home.change(apps=apps)


def test_our_app_serves_a_tenant_that_consented_and_its_rotation_has_no_gap(home, graph, worker, ended, cast):
    run = given_consent(cast.contoso, ended, AppAccess.READ)
    assert run.state == RunState.SUCCEEDED, run.error_message
    contoso = now_of(cast.contoso)
    assert (contoso.credential_kind, contoso.client_id) == ("shared", READ_APP)
    app, refusals, is_over = shared_apps.find("global", AppAccess.READ), [], threading.Event()
    asked = [0, 0, 0]

    def ask(number):
        while not is_over.is_set():
            try:
                graph_clients.sign_in_of(contoso).token(fresh=True)
            except SignInFailed as e:
                refusals.append(e)
            asked[number] += 1

    def each_has_asked_again():
        before = list(asked)
        servers.wait_for(lambda: all(now > then + 1 for now, then in zip(asked, before, strict=True)), "Every thread")

    threads = [threading.Thread(target=ask, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    one = f"{READ_APP} one"
    for old, new in ((one, "two"), ("two", "three")):
        rotated(home, [old, new])
        credential = shared_apps.add_next(app, CredentialKind.SECRET, {"secret": new}, SYSTEM)
        graph_clients.try_out_shared(credential)
        each_has_asked_again()
        rotated(home, [new])  # even before it is in force, the old one is gone in Entra
        graph_clients.sign_in_of(contoso).token(fresh=True)
        assert shared_apps.put_in_force(credential)
    is_over.set()
    for thread in threads:
        thread.join()
    assert refusals == []
    rotated(home, ["another"])
    with pytest.raises(SignInFailed, match="secret is wrong"):
        graph_clients.sign_in_of(contoso).token(fresh=True)


def test_only_a_live_restore_signs_in_with_the_credential_that_writes(home, graph, app, worker, quick, ended, cast):
    """What is read goes by the read permissions; a preview knows what the other one may do without signing in."""
    assert given_consent(cast.contoso, ended, AppAccess.READ).state == RunState.SUCCEEDED
    policy = Policy.get((Policy.tenant == cast.contoso) & Policy.graph_id.endswith("1-0000-4000-8000-000000000000"))
    content = {**catalog_policy(policy.graph_id, policy.name), "description": "as it was"}
    snapshot = capture_by_hand(policy, SYSTEM, content, ())[1]

    def preview():
        return previewed(drafts.from_snapshot(snapshot, now_of(cast.contoso), options(), SYSTEM), ended)

    assert list(plan_of(preview()).values()) == ["blocked: permission_missing"]
    run = given_consent(now_of(cast.contoso), ended, AppAccess.WRITE)
    assert run.state == RunState.SUCCEEDED, run.error_message
    writing = credentials.find_at(cast.contoso, CredentialPlace.WRITE)
    assert (writing.client_id, set(writing.roles)) == (WRITE_APP, {*READ, *WRITE})
    assert now_of(cast.contoso).client_id == READ_APP, "the one to read stays"
    # While the app that writes is unknown to Entra, everything but the live restore goes on.
    graph.change(consents={READ_APP: {"roles": list(READ), "at": 0}})
    graph_clients.clear_cache()
    restore = preview()
    assert list(plan_of(restore).values()) == ["update"]
    failed = executed(restore, ended)[1]
    assert failed.error_code == "app_unknown"
    contoso = now_of(cast.contoso)
    assert contoso.connection_error is None
    assert "not known" in credentials.find_at(contoso, CredentialPlace.WRITE).refusal
    graph.change(consents={each: {"roles": list({*READ, *WRITE}), "at": 0} for each in (READ_APP, WRITE_APP)})
    again = ended(actors.restores.live_restore.retry_failed(failed, SYSTEM).run.id)
    assert again.state == RunState.SUCCEEDED, again.error_message
    assert credentials.find_at(contoso, CredentialPlace.WRITE).refusal is None
    credential_change.forget(contoso, CredentialPlace.WRITE, SYSTEM)
    assert not Credential.select().where(Credential.place == "write").exists()
    [event] = AuditEvent.select().where(AuditEvent.action == "credential:forgotten")
    assert event.details == {"place": "current", "kind": "consent to our app that only writes"}


def test_consent_that_was_taken_back_is_said_of_the_tenant_and_not_of_each_type(graph, worker, ended, cast):
    graph.change(permissions=[])
    graph_clients.clear_cache()
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert (run.state, run.error_code) == (RunState.FAILED, "consent_missing")
    assert "no permission at all" in now_of(cast.contoso).connection_error
    graph.change(permissions=READ)
    graph_clients.clear_cache()
    assert ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert now_of(cast.contoso).connection_error is None


def test_end_of_a_secret_is_asked_of_entra_where_that_is_permitted(graph, worker, ended, cast):
    """Several secrets of the app: the one that begins as ours does; two such are none."""
    held = [
        {"hint": "the", "endDateTime": "2099-06-30T10:00:00Z", "keyId": "1"},
        {"hint": "con", "endDateTime": "2098-01-01T00:00:00Z", "keyId": "2"},
    ]
    application = {"id": "an application", "appId": cast.contoso.client_id, "passwordCredentials": held}
    graph.put("applications", application)
    graph.change(client_secret="the new secret", permissions=[*READ, *WRITE])
    ended(credential_change.submit(cast.contoso, credential_change.parse_secret("the new secret"), SYSTEM).run.id)
    assert now_of(cast.contoso).credential_expires_at == datetime(2099, 6, 30, 10)
    graph.put("applications", {**application, "passwordCredentials": [held[0], held[0]]})
    again = credential_change.parse_secret("the new secret")
    ended(credential_change.submit(now_of(cast.contoso), again, SYSTEM, access=AppAccess.WRITE).run.id)
    assert credentials.find_at(cast.contoso, CredentialPlace.WRITE).expires_at is None
