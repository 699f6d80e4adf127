"""A tenant's credential is replaced while everything runs: the new one signs in first, the old one can come back."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

import actors.backups.sync
import actors.tenants.credential_change
from actors.tenants import graph_clients
from db import encryption
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.encryption import SealError
from db.errors import Invalid
from db.housekeeping import tenant_switch
from db.models import AuditEvent, Credential, RunItem, Tenant
from db.runs import completion
from db.states import CredentialPlace
from db.tenants import credentials, tenants
from graph.errors import SignInFailed

pytestmark = pytest.mark.usefixtures("lock_order")

NEXT, PREVIOUS = CredentialPlace.NEXT, CredentialPlace.PREVIOUS


def pem(days=100):
    """A key and its certificate, as one file, and the certificate alone."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenantkeep")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
    public = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + public, public.decode()


def now_of(tenant):
    return Tenant.get_by_id(tenant.id)


def given(tenant, secret):
    return actors.tenants.credential_change.submit(
        tenant, actors.tenants.credential_change.parse_secret(secret), SYSTEM
    ).run


def test_a_new_secret_signs_in_before_it_is_in_force_and_the_old_one_stays_for_a_while(graph, worker, ended, cast):
    at_work = graph_clients.client(cast.contoso)
    at_work.sign_in()
    graph.change(client_secret="the new secret")
    run = ended(given(cast.contoso, " the new secret\n").id)
    assert (run.state, RunItem.get(RunItem.run == run).message) == (
        "succeeded", "In force from now on. Signed in. Every permission that a backup needs is there.")  # fmt: skip
    assert tenants.credential_values(now_of(cast.contoso)) == {"secret": "the new secret"}
    kept = credentials.find_at(cast.contoso, PREVIOUS)
    assert credentials.open_values(kept) == {"secret": "contoso client secret"}
    assert credentials.find_at(cast.contoso, NEXT) is None
    assert at_work.get("/organization?$select=id"), "who was at work goes on with its token"
    assert ended(actors.backups.sync.start(now_of(cast.contoso), SYSTEM).run.id).state == "succeeded"


def test_a_refused_one_changes_nothing_and_can_be_tried_again(graph, worker, ended, cast):
    before = bytes(now_of(cast.contoso).credential)
    run = ended(given(cast.contoso, "not it").id)
    assert (run.state, run.error_code) == ("failed", "secret_wrong")
    assert "The one in force stays in force" in run.error_message
    assert "tenantkeep tenant credential" in run.error_message
    contoso = now_of(cast.contoso)
    assert (bytes(contoso.credential), contoso.connection_error) == (before, None)
    assert "client secret is wrong" in credentials.find_at(contoso, NEXT).refusal
    assert ended(actors.backups.sync.start(contoso, SYSTEM).run.id).state == "succeeded"
    graph.change(client_secret="not it")
    assert ended(actors.tenants.credential_change.try_again(contoso, SYSTEM).run.id).state == "succeeded"
    assert tenants.credential_values(now_of(contoso)) == {"secret": "not it"}


def test_a_certificate_of_another_app_takes_over_and_says_when_it_ends(graph, worker, ended, cast):
    file, public = pem(days=12)
    graph.change(certificates=[public])
    start = actors.tenants.credential_change.submit(
        cast.contoso, actors.tenants.credential_change.parse_certificate(file), SYSTEM
    )
    assert ended(start.run.id).state == "succeeded"
    contoso = now_of(cast.contoso)
    assert contoso.credential_kind == "certificate"
    assert timedelta(days=11) < contoso.credential_expires_at - utcnow() < timedelta(days=13)
    other = "99999999-9999-4999-8999-999999999999"
    unknown = actors.tenants.credential_change.submit(
        contoso, actors.tenants.credential_change.parse_certificate(file), SYSTEM, client_id=other
    )
    assert ended(unknown.run.id).error_code == "app_unknown"
    assert now_of(contoso).client_id == contoso.client_id


def test_switching_back_puts_the_previous_one_in_force_again_after_it_signed_in(graph, worker, ended, cast):
    file, public = pem()
    graph.change(certificates=[public])
    ended(
        actors.tenants.credential_change.submit(
            cast.contoso, actors.tenants.credential_change.parse_certificate(file), SYSTEM
        ).run.id
    )
    assert ended(actors.tenants.credential_change.switch_back(now_of(cast.contoso), SYSTEM).run.id).state == "succeeded"
    contoso = now_of(cast.contoso)
    assert tenants.credential_values(contoso) == {"secret": "contoso client secret"}
    assert credentials.find_at(contoso, PREVIOUS).kind == "certificate"
    actors.tenants.credential_change.forget(contoso, PREVIOUS, SYSTEM)
    with pytest.raises(Invalid, match="no previous credential"):
        actors.tenants.credential_change.switch_back(contoso, SYSTEM)
    acts = [one.action for one in AuditEvent.select().where(AuditEvent.action.startswith("credential:"))]
    assert acts == ["credential:given", "credential:in-force", "credential:switched-back", "credential:in-force",
                    "credential:forgotten"]  # fmt: skip


def test_while_one_is_tried_no_other_is_taken_and_one_that_was_forgotten_is_not_put_in_force(graph, cast, redis_url):
    run = given(cast.contoso, "first")
    for act in (lambda: given(cast.contoso, "second"), lambda: actors.tenants.credential_change.forget(cast.contoso,
    NEXT, SYSTEM),
                lambda: actors.tenants.credential_change.switch_back(cast.contoso, SYSTEM)):  # fmt: skip
        with pytest.raises(Invalid, match=f"Run {run.id} is trying a credential"):
            act()
    one = credentials.find_at(cast.contoso, NEXT)
    assert credentials.open_values(one) == {"secret": "first"}
    completion.request_cancel(run, SYSTEM)
    actors.tenants.credential_change.forget(cast.contoso, NEXT, SYSTEM)
    assert not credentials.put_in_force(one, run.id)
    assert tenants.credential_values(now_of(cast.contoso)) == {"secret": "contoso client secret"}


def test_each_is_sealed_for_its_own_row(cast):
    given_one = credentials.add_next(cast.contoso, "secret", {"secret": "a"}, SYSTEM)
    other = credentials.add_next(cast.fabrikam, "secret", {"secret": "b"}, SYSTEM)
    other.sealed = given_one.sealed
    with pytest.raises(SealError, match="another owner"):
        credentials.open_values(other)
    with pytest.raises(SealError, match="another owner"):
        encryption.keyring().unseal(given_one.sealed, tenants.credential_owner(cast.contoso))


def test_one_whose_key_is_lost_can_be_replaced(graph, worker, ended, cast):
    Tenant.update(credential=encryption.Keyring([b"x" * 32]).seal(b"{}", "")).where(
        Tenant.id == cast.contoso.id
    ).execute()
    assert ended(given(cast.contoso, "contoso client secret").id).state == "succeeded"
    assert credentials.find_at(cast.contoso, PREVIOUS) is None


def test_what_is_kept_beside_the_one_in_force_goes_after_a_fortnight(cast):
    for place, days in ((cast.contoso, 13), (cast.fabrikam, 15)):
        credentials.add_next(place, "secret", {"secret": "x"}, SYSTEM)
        Credential.update(since=utcnow() - timedelta(days=days)).where(Credential.tenant == place).execute()
    assert credentials.forget_old() == 1
    assert [one.tenant for one in Credential.select()] == [cast.contoso]


def test_one_that_somebody_switches_back_to_is_not_forgotten_by_who_found_it_old(cast):
    credentials.add_next(cast.contoso, "secret", {"secret": "x"}, SYSTEM)
    old = Credential.get()
    Credential.update(place=CredentialPlace.PREVIOUS).execute()
    found = Credential.get()
    credentials.switch_back(cast.contoso, SYSTEM)
    assert not credentials.forget(found, SYSTEM)
    assert (Credential.get().id, Credential.get().place) == (old.id, CredentialPlace.NEXT)
    assert not AuditEvent.select().where(AuditEvent.action == "credential:forgotten").exists()


def test_a_worker_that_began_with_the_old_one_says_nothing_bad_about_the_new_one(graph, worker, ended, cast):
    began_before = now_of(cast.contoso)
    graph.change(client_secret="the new secret")
    ended(given(cast.contoso, "the new secret").id)
    graph_clients.clear_cache()
    with pytest.raises(SignInFailed):
        graph_clients.signed_in_client(began_before)
    assert now_of(cast.contoso).connection_error is None
    graph_clients.signed_in_client(now_of(cast.contoso))


def test_what_cannot_be_right_is_refused_before_it_is_kept(cast):
    with pytest.raises(Invalid, match="empty"):
        actors.tenants.credential_change.parse_secret(" \n")
    with pytest.raises(Invalid, match="ended on"):
        actors.tenants.credential_change.parse_secret("x", utcnow() - timedelta(days=2))
    with pytest.raises(Invalid, match="ended on"):
        actors.tenants.credential_change.parse_certificate(pem(days=-1)[0])
    with pytest.raises(Invalid, match="client id must be a GUID"):
        actors.tenants.credential_change.submit(
            cast.contoso, actors.tenants.credential_change.parse_secret("x"), SYSTEM, client_id="x"
        )
    assert not Credential.select().exists()


def test_a_certificate_of_before_tells_its_end_when_it_signs_in(graph, cast):
    file, public = pem(days=5)
    graph.change(certificates=[public])
    tenants.set_credential(
        cast.contoso, "certificate", actors.tenants.credential_change.parse_certificate(file).values, SYSTEM
    )
    graph_clients.clear_cache()
    graph_clients.signed_in_client(now_of(cast.contoso))
    assert now_of(cast.contoso).credential_expires_at > utcnow() + timedelta(days=4)


def test_a_tenant_that_is_off_can_be_mended_before_it_is_switched_on(graph, worker, ended, cast):
    tenant_switch.switch_off(cast.contoso, SYSTEM)
    graph.change(client_secret="the new secret")
    assert ended(given(cast.contoso, "the new secret").id).state == "succeeded"
    assert graph.requests()["graph"] == 0
