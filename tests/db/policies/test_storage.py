"""Sealing, contents shared by fingerprint, and policies as syncs see them."""

import json
import os

import peewee as pw
import pytest

import config
from db import encryption
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.installation import installation, key_rotation
from db.models import Content, Policy, Snapshot, Tenant
from db.policies import policies, snapshots
from db.states import PolicyState
from db.tenants import tenants
from tests.support.captures import capture_by_hand


def test_a_sealed_value_opens_only_for_its_owner_and_unchanged():
    ring = encryption.Keyring([os.urandom(32)])
    sealed = ring.seal(b"hush", "tenant:1")
    assert ring.unseal(sealed, "tenant:1") == b"hush"
    with pytest.raises(encryption.SealError):
        ring.unseal(sealed, "tenant:2")
    with pytest.raises(encryption.SealError):
        ring.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "tenant:1")


def test_an_older_key_still_opens_and_the_newest_seals():
    old, new = os.urandom(32), os.urandom(32)
    before = encryption.Keyring([old]).seal(b"hush", "x")
    both = encryption.Keyring([new, old])
    assert both.unseal(before, "x") == b"hush"
    assert not before.startswith(both.prefix)
    assert encryption.Keyring([new]).unseal(both.seal(b"hush", "x"), "x") == b"hush"


def test_after_a_rotation_the_old_key_is_no_longer_needed(captured):
    [policy, _, snapshot], *_ = captured
    new = os.urandom(32)
    encryption.use_keys([new, *config.settings().encryption_keys])
    assert key_rotation.rotate(SYSTEM) > 2
    assert key_rotation.rotate(SYSTEM) == 0
    encryption.use_keys([new])
    installation.check_keys()
    assert tenants.credential_values(Tenant.get_by_id(policy.tenant_id)) == {"secret": "contoso client secret"}
    assert snapshots.read_snapshot(snapshot)["body"]["name"] == policy.name


def test_a_wrong_key_is_found_by_the_sealed_word_and_named(database):
    installation.check_keys()
    encryption.use_keys([os.urandom(32)])
    with pytest.raises(encryption.SealError, match="TENANTKEEP_ENCRYPTION_KEYS"):
        installation.check_keys()


def store(captured, content, fingerprint):
    policy, run, _ = captured
    facts = {
        "read_at": utcnow(),
        "assignments_mark": "",
        "name": "N",
        "modified_at": None,
        "proof": {},
        "references": {},
    }
    kept = snapshots.save(run, [snapshots.SnapshotDraft.of(policy, content, fingerprint, **facts)])[policy.id]
    return Snapshot.get_by_id(kept.snapshot_id), kept.outcome


def test_the_same_content_again_confirms_the_snapshot_and_adds_no_row(captured):
    first, outcome = store(captured[0], {"body": {"a": 1}}, "a" * 64)
    again, second = store(captured[0], {"body": {"a": 1}}, "a" * 64)
    assert (outcome, second, again.id) == ("captured", "unchanged", first.id)


def test_a_content_that_comes_back_is_stored_once_and_makes_a_new_snapshot(captured):
    for mark in "aba":
        store(captured[0], {"body": {"is": mark}}, mark * 64)
    policy = captured[0][0]
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 4  # with the one of the fixture
    assert Content.select().where(Content.fingerprint.in_(["a" * 64, "b" * 64])).count() == 2
    assert snapshots.read_snapshot(snapshots.latest(policy)) == {"body": {"is": "a"}}


def test_a_stored_body_keeps_key_order_nul_and_lone_surrogates(captured):
    body = {"body": {"z": "\u0000", "a": "\ud800", "ü": [1, 1.5, None, True]}}
    snapshot, _ = store(captured[0], body, "c" * 64)
    assert json.dumps(snapshots.read_snapshot(snapshot)) == json.dumps(body)


def test_a_listing_refreshes_adds_and_marks_gone(cast):
    def listed(*ids):
        return [
            {"graph_id": one, "name": f"Name {one}", "odata_type": None, "platform": None, "is_built_in": False,
             "modified_at": None} for one in ids
        ]  # fmt: skip

    assert policies.record_listing(cast.contoso, "intents", listed("a", "b")) == 0
    assert policies.record_listing(cast.contoso, "intents", listed("b", "c")) == 1
    states = {row.graph_id: row.state for row in Policy.select().where(Policy.policy_type == "intents")}
    assert states == {"a": PolicyState.GONE, "b": PolicyState.PRESENT, "c": PolicyState.PRESENT}
    policies.record_listing(cast.contoso, "intents", listed("a", "b", "c"))
    assert Policy.get(Policy.graph_id == "a").gone_at is None


def test_a_tenant_with_bad_ids_or_a_taken_name_is_refused(cast):
    with pytest.raises(ValueError, match="GUID"):
        tenants.add("New", "contoso.com", "x", SYSTEM)
    with pytest.raises(ValueError, match="already"):
        tenants.add("Contoso", "72f988bf-86f1-41af-91ab-2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db47", SYSTEM)


def test_deleting_a_tenant_deletes_its_contents_and_nothing_of_others(captured, cast):
    capture_by_hand(captured[0][0], Actor.person(cast.ada, None))
    others = Content.select().where(Content.tenant == cast.fabrikam).count()
    Snapshot.delete().where(Snapshot.tenant == cast.contoso).execute()
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    assert Content.select().count() == others > 0


def test_two_tenants_never_share_a_content(captured):
    for one in (captured[0], captured[2]):
        store(one, {"body": {}}, "d" * 64)
    assert Content.select().where(Content.fingerprint == "d" * 64).count() == 2
    with pytest.raises(pw.IntegrityError):
        Content.create(tenant=captured[0][0].tenant_id, fingerprint="d" * 64, sealed=b"", plain_bytes=0)


def test_what_no_database_holds_of_a_text_is_marked_and_the_rest_kept(database):
    made = Tenant.create(
        name="a\x00b \ud83d ü 👍", directory_id="1", client_id="1", break_glass=[{"name": "\ud83d\x00"}]
    )
    found = Tenant.get_by_id(made.id)
    assert found.name == "a\ufffdb \ufffd ü 👍"
    assert found.break_glass == [{"name": "\ufffd\x00"}]
