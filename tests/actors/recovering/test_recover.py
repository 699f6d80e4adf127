"""An installation from nothing but a store and a recovery key: whatever is missing, changed, hidden or broken off."""

import gzip
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pyrage
import pytest

from actors.copies import erasing, layout, tending
from actors.copies.stores.opening import open_store
from actors.recovering import recover as recovering
from actors.recovering import state_choice
from actors.recovering.source import CopySource
from db.audit import audit, chain
from db.audit.audit import SYSTEM
from db.backups import manifests, retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.copies import copied_sets, erasures, loose_contents, stores
from db.errors import Invalid
from db.housekeeping import copy_erasure
from db.installation import lost_contents
from db.installation.import_file import NOT_BACK_YET
from db.models import (
    AuditEvent,
    BackupSet,
    Content,
    CopiedContent,
    CopiedSet,
    CopyErasure,
    CopyStore,
    Policy,
    Run,
    Schedule,
    Snapshot,
    Tenant,
    User,
)
from db.policies import snapshots
from db.states import CopyState, Outcome, RunKind, RunState
from db.tenants import schedules
from tests.db.backups.test_retention import prune
from tests.support.captures import capture_by_hand
from tests.support.copied import RECOVERY_KEY, add_store, look_after, make_set, push_all
from tests.support.killed import Killed

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ignored(_what, _done, _total):
    """Nobody looks at the progress."""


def recover(place, tell=ignored, keys=(RECOVERY_KEY,), **how):
    store = open_store(place.address, place.credentials)
    try:
        return recovering.recover(CopySource(store, keys, how.pop("signer", None)), place.address, SYSTEM, tell, **how)
    finally:
        store.close()


def documents():
    """(tenant, set number) -> {policy name: its document}, as the installation has them."""
    return {
        (row.tenant.directory_id, row.id): {
            Snapshot.get_by_id(number).name: snapshots.read_snapshot(Snapshot.get_by_id(number))
            for number in manifests.snapshot_ids(row.manifest)
        }
        for row in BackupSet.select()
    }


@pytest.fixture
def push_state(monkeypatch):
    """Push a state, each a minute after the one before: its name has the second."""
    pushed = count(1)

    def act(store):
        later = utcnow() + timedelta(minutes=next(pushed))
        monkeypatch.setattr(tending, "utcnow", lambda: later)
        CopyStore.update(state_at=None).execute()
        assert look_after(store).error is None

    return act


@pytest.fixture
def copied(cast, redis_url, new_place, push_state):
    """copied(kind): a store with two sets before its newest state, and one after it."""

    def act(kind="file"):
        place = new_place(kind)
        schedules.add(cast.contoso, "0 3 * * *", "UTC", SYSTEM)
        store = add_store(place)
        make_set(cast.contoso)
        make_set(cast.contoso, changed=1)
        push_all(store)
        push_state(store)
        make_set(cast.contoso, changed=2)
        push_all(store)
        return place, store

    return act


@pytest.mark.parametrize(
    ("kind", "database_url"),
    [("file", "postgresql"), *((kind, "sqlite") for kind in ("file", "s3", "azure", "sftp"))],
    indirect=["database_url"],
)
def test_everything_comes_back_from_the_store_and_the_key(kind, copied, arrive, database_url):
    place, _ = copied(kind)
    before, people, events = documents(), User.select().count(), AuditEvent.select().count()
    # A folder's also come back on the other engine, from either.
    arrive(None if kind == "file" else database_url.partition(":")[0])
    result = recover(place)
    assert (result.unproved, result.lost, result.lost_contents, result.audit_problems) == ([], [], 0, [])
    assert (result.sets, result.contents) == (1, 5)
    assert documents() == before
    assert User.select().count() == people
    assert AuditEvent.select().count() >= events - 5
    # What would go on by itself, beside the old installation, waits.
    assert [row.is_paused for row in Schedule.select()] == [True]
    assert [row.is_active for row in CopyStore.select()] == [False]
    # Again: nothing is left to do, and nothing is done twice.
    again = recover(place)
    assert (again.rows, again.sets, again.contents) == (0, 0, 0)
    assert documents() == before
    assert list(chain.verify()) == []


@only_sqlite
def test_a_recovery_that_is_broken_off_anywhere_goes_on(copied, arrive, monkeypatch):
    place, _ = copied()
    before = documents()
    arrive("sqlite")
    monkeypatch.setattr(recovering, "TOGETHER", 1)
    calls = [0]

    for moment in range(1, 200):

        def tell(_what, _done, _total, moment=moment):
            calls[0] += 1
            if calls[0] == moment:
                raise Killed

        try:
            calls[0] = 0
            recover(place, tell)
            break
        except Killed:
            continue
    assert moment > 8
    assert documents() == before
    assert list(chain.verify()) == []


@only_sqlite
def test_a_recovery_goes_on_beside_another_and_beside_a_backup(copied, arrive, monkeypatch):
    """Both look for the newer set; and the scheduler, which is on already, has one made before either adds it."""
    place, _ = copied()
    before, has_set, calls = documents(), lost_contents.has_set, count()
    arrive("sqlite")

    def look(number):
        found = has_set(number)
        if not found and next(calls) == 0:
            assert make_set(Tenant.get(Tenant.name == "Fabrikam")).id > max(number for _, number in before)
            assert recover(place).sets == 1
        return found

    monkeypatch.setattr(lost_contents, "has_set", look)
    assert recover(place).sets == 0
    assert {key: documents()[key] for key in before} == before


@only_sqlite
def test_of_two_recoveries_at_once_the_later_one_goes_on_with_what_the_other_imported(copied, arrive, monkeypatch):
    place, _ = copied()
    before = documents()
    arrive("sqlite")
    look = lost_contents.installation_here
    monkeypatch.setattr(lost_contents, "installation_here", lambda: None)
    with pytest.raises(Invalid, match="not empty"):
        User.create(email="somebody@example.com", name="Somebody", password_hash="x")
        recover(place)
    User.delete().execute()

    def not_yet():
        """Both have looked, and found nothing here; the other one is done before this one imports."""
        monkeypatch.setattr(lost_contents, "installation_here", look)
        assert recover(place).sets == 1

    monkeypatch.setattr(lost_contents, "installation_here", not_yet)
    result = recover(place)
    assert (result.rows, result.sets, result.contents, result.lost_contents) == (0, 0, 0, 0)
    assert documents() == before


@only_sqlite
def test_where_another_process_writes_for_longer_than_sqlite_waits_it_says_what_to_do(copied, arrive):
    place, _ = copied()
    there = arrive("sqlite")
    there.execute_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(there.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Invalid, match="another process is writing to the database"):
            recover(place)
    assert recover(place).sets == 1


@only_sqlite
def test_what_another_recovery_brings_back_after_this_one_missed_it_is_not_told_as_lost(copied, arrive):
    """The other one has added the newer set already, which alone tells of a content."""
    place, _ = copied()
    before = documents()
    arrive("sqlite")

    def stop_after_sets(what, *_):
        if what == "sets":
            raise Killed

    with pytest.raises(Killed):
        recover(place, stop_after_sets)
    others = []

    def other_goes_on(*_):
        if not others:
            others.append(None)
            others.append(recover(place))

    result = recover(place, other_goes_on)
    assert (others[1].contents, others[1].lost_contents, result.lost_contents, result.lost) == (1, 0, 0, [])
    assert documents() == before


@only_sqlite
def test_what_is_missing_or_changed_costs_what_it_holds_and_is_named(copied, push_state, arrive, cast):
    place, store = copied()
    # In no set: a capture that somebody asked for by hand is nowhere but in the database.
    alone = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id="alone", name="Alone")
    capture_by_hand(alone, SYSTEM)
    push_state(store)
    folder = Path(place.address.removeprefix("file://"))
    own = recovering.own_signer()
    marks = {row.policy.name: row.content.fingerprint for row in Snapshot.select().order_by(Snapshot.id)}
    paths = {
        name: folder / layout.content_path(own.content_name(cast.contoso.directory_id, mark))
        for name, mark in marks.items()
    }
    paths["Ring 0"].unlink()
    # Anybody can seal to a public key: its digest tells.
    forged = pyrage.encrypt(b"forged", [RECOVERY_KEY.to_public()])
    paths["Ring 1"].write_bytes(forged)
    newest = max((folder / "state").glob("*.age"))
    whole = newest.read_bytes()
    newest.write_bytes(whole[:-1])
    arrive("sqlite")
    for keys, how, sentence in (
        ([pyrage.x25519.Identity.generate()], {}, "another one"),
        ([RECOVERY_KEY], {"signer": "AAAA"}, "another installation"),
    ):
        with pytest.raises(Invalid, match=sentence):
            recover(place, keys=keys, **how)
        assert not Tenant.select().exists()
    result = recover(place)
    assert [newest.name in text for text in result.unproved] == [True]
    why = {policy.name: policy.why for policy in result.lost}
    assert ("is missing" in why["Ring 0"], "is not what was pushed" in why["Ring 1"]) == (True, True)
    assert "Ring 2" not in why
    assert Content.select().where(Content.sealed == b"").count() == result.lost_contents == 2
    # The older state does not know the capture. What the next one brings back, it brings back.
    assert AuditEvent.select().where(AuditEvent.action == audit.Action.RECOVERY_ENDED).count() == 1
    assert list(chain.verify()) == []
    paths["Ring 1"].write_bytes(b"")
    assert {policy.name for policy in recover(place).lost} == {"Ring 0", "Ring 1"}


@only_sqlite
def test_a_capture_that_is_in_no_set_comes_back_and_what_no_record_tells_of_is_named(copied, push_state, arrive, cast):
    place, store = copied()
    for name in ("Alone", "Untold"):
        policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id=name, name=name)
        capture_by_hand(policy, SYSTEM)
    captured = {row.name: snapshots.read_snapshot(row) for row in Snapshot.select()}
    push_state(store)
    # Of a content that nobody knows a digest of, whatever is there cannot be believed.
    untold = Snapshot.get(Snapshot.name == "Untold").content.fingerprint
    name = recovering.own_signer().content_name(cast.contoso.directory_id, untold)
    assert CopiedContent.delete().where(CopiedContent.name == name).execute() == 1
    push_state(store)
    arrive("sqlite")
    result = recover(place)
    assert [(policy.name, policy.why) for policy in result.lost] == [("Untold", recovering.NEVER_COPIED)]
    assert lost_contents.count() == 1
    alone = Snapshot.get(Snapshot.name == "Alone")
    assert snapshots.read_snapshot(alone) == captured["Alone"]


@only_sqlite
def test_an_older_time_is_brought_back_as_it_was_then(copied, arrive):
    place, _ = copied()
    numbers = [row.set_number for row in CopiedSet.select().order_by(CopiedSet.set_number)]
    store = open_store(place.address, place.credentials)
    states = CopySource(store, [RECOVERY_KEY]).states()
    at, oldest = states[0][0], states[-1][0]
    store.close()
    arrive("sqlite")
    with pytest.raises(Invalid, match="old enough"):
        recover(place, as_of=at.replace(year=2000))
    assert recover(place, as_of=at).made_at == at.isoformat()
    assert {row.id for row in BackupSet.select()} >= set(numbers[:-1])
    # The oldest state is from before them; sets that ended later do not come, nor when it goes on.
    arrive("sqlite")
    assert [recover(place, **how).sets for how in ({"as_of": oldest}, {}, {"as_of": oldest})] == [0, 0, 0]
    assert not BackupSet.select().exists()
    with pytest.raises(Invalid, match="Without --as-of it goes on"):
        recover(place, as_of=at)


@only_sqlite
@pytest.mark.parametrize("has_begun", [True, False])
def test_copies_that_are_being_deleted_do_not_come_back_and_those_that_wait_for_it_do(
    copied, push_state, arrive, cast, has_begun
):
    place, store = copied()
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    erasure = copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 7)
    assert not has_begun or erasures.begin(erasure)
    push_state(store)
    arrive("sqlite")
    result = recover(place)
    assert (result.lost, result.unproved, result.sets) == ([], [], 0 if has_begun else 3)
    assert Tenant.select().where(Tenant.directory_id == cast.contoso.directory_id).exists() != has_begun
    assert CopyErasure.select().exists() == has_begun


@only_sqlite
def test_what_was_deleted_on_purpose_since_an_older_state_is_named_and_is_no_loss(copied, push_state, arrive, cast):
    place, store = copied()
    make_set(cast.fabrikam)
    push_all(store)
    Policy.update(assignments_mark="x").execute()
    push_state(store)
    at = CopyStore.get().state_at
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    erasure = copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 7)
    CopyErasure.update(due_at=at + timedelta(minutes=10)).execute()
    there = open_store(place.address, place.credentials)
    # By hand: the clock of the states is ahead of the day on which a look would do it.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(erasing, "utcnow", lambda: at + timedelta(days=1))
        assert not erasing.erase_due(CopyStore.get(), there)
    assert erasures.find(store, erasure.directory_id) is None
    arrive("sqlite")
    result = recover(place, as_of=at)
    assert (result.erased, result.lost, result.lost_contents) == ({cast.contoso.directory_id: 5}, [], 0)
    assert (result.unproved, result.contents) == ([], 3), "all of Fabrikam"
    marks = {row.tenant.name: row.assignments_mark for row in Policy.select() if row.graph_id.startswith("copied-")}
    assert marks == {"Contoso": None, "Fabrikam": "x"}, "where it stays, its next backup reads all of it"
    # Once the store is on again, it is no damage there, and is no longer on record.
    stores.ask(CopyStore.get(), SYSTEM, "verify")
    CopyStore.update(is_active=True).execute()
    row = look_after(CopyStore.get())
    assert (row.error, row.damage, row.turn) == (None, None, 2)
    assert {copied.directory_id for copied in CopiedSet.select()} == {cast.fabrikam.directory_id}
    # Whoever may write there makes up no note: what is missing of Fabrikam is lost.
    fabrikam = Tenant.get(Tenant.directory_id == cast.fabrikam.directory_id)
    note = layout.erased_note(fabrikam.directory_id, at + timedelta(minutes=10))
    there.put(layout.erased_path(fabrikam.directory_id, at + timedelta(minutes=10)), note)
    own = recovering.own_signer()
    for content in Content.select().where(Content.tenant == fabrikam):
        there.delete(layout.content_path(own.content_name(fabrikam.directory_id, content.fingerprint)))
    there.close()
    arrive("sqlite")
    assert {policy.tenant for policy in recover(place, as_of=at).lost} == {"Fabrikam"}


@only_sqlite
def test_a_state_of_a_clock_that_was_ahead_hides_none_that_came_after_it(copied, push_state, arrive, monkeypatch, cast):
    place, store = copied()
    ahead = (utcnow() + timedelta(days=40)).replace(microsecond=0)
    with monkeypatch.context() as patched:
        patched.setattr(tending, "utcnow", lambda: ahead)
        CopyStore.update(state_at=None).execute()
        assert look_after(store).error is None
    Tenant.update(name="Contoso today").where(Tenant.id == cast.contoso.id).execute()
    push_state(store)
    arrive("sqlite")
    result = recover(place)
    assert Tenant.get_by_id(cast.contoso.id).name == "Contoso today"
    assert result.unproved == [f"{layout.state_path(ahead)}: {state_choice.AHEAD}"]
    arrive("sqlite")
    assert (recover(place, as_of=ahead).state, result.lost) == (layout.state_path(ahead), [])
    # Once its time has come, its name is the newest and it is not.
    arrive("sqlite")
    monkeypatch.setattr(state_choice, "utcnow", lambda: ahead + timedelta(days=1))
    result = recover(place)
    assert Tenant.get_by_id(cast.contoso.id).name == "Contoso today"
    assert result.unproved == [f"{layout.state_path(ahead)}: {state_choice.OVERTAKEN}"]


@only_sqlite
def test_a_state_of_which_nothing_signed_tells_the_size_is_fetched_only_where_there_is_no_other(copied, arrive):
    place, _ = copied()
    states = Path(place.address.removeprefix("file://")) / "state"
    theirs = layout.state_path(utcnow().replace(microsecond=0) + timedelta(hours=2))
    path = states / theirs.removeprefix("state/")
    path.write_bytes(b"garbage" * 1000)
    arrive("sqlite")
    told = []
    store = open_store(place.address, place.credentials)
    fetch = store.fetch
    store.fetch = lambda name, out: (told.append(name), fetch(name, out))[1]
    result = recovering.recover(CopySource(store, [RECOVERY_KEY]), place.address, SYSTEM, ignored)
    assert (theirs in told, result.unproved) == (False, [f"{theirs}: {state_choice.UNTOLD}"])
    # As an older version left them, they are taken.
    arrive("sqlite")
    for about in states.glob("*.json*"):
        about.unlink()
    result = recover(place)
    assert (result.sets, result.unproved) == (1, [f"{theirs} has no signature."])


@only_sqlite
@pytest.mark.parametrize("is_of_another_store", [False, True])
def test_any_digest_that_was_recorded_or_signed_proves_a_content(copied, push_state, arrive, is_of_another_store):
    """Deleted here and captured again, a content has the same name and another JSON: in another store, or on record."""
    place, store = copied()
    before = documents()
    if is_of_another_store:
        how = {"copy_days": 9, "needs_lock": False, "recipients": [str(RECOVERY_KEY.to_public())]}
        other = stores.add("Other", "file:///mnt/other", {}, SYSTEM, **how)
        for row in list(CopiedContent.select().dicts()):
            del row["id"]
            CopiedContent.create(**{**row, "store": other.id, "sha256": "f" * 64})
    else:
        CopiedContent.update(sha256="f" * 64).execute()
    push_state(store)
    arrive("sqlite")
    result = recover(place)
    assert (result.unproved, result.lost) == ([], [])
    assert documents() == before


@only_sqlite
def test_what_no_store_had_is_read_again_by_the_next_backup_and_copied_then(copied, arrive):
    place, _ = copied()
    for path in (Path(place.address.removeprefix("file://")) / "contents").glob("*/*"):
        path.unlink()
    newest = {row.policy_id: row for row in Snapshot.select().order_by(Snapshot.id)}.values()
    read = [(row, row.policy, row.content.fingerprint, snapshots.read_snapshot(row)) for row in newest]
    Policy.update(assignments_mark="x").execute()
    arrive("sqlite")
    assert recover(place).lost_contents == 5
    marks = {row.assignments_mark for row in Policy.select() if row.graph_id.startswith("copied-")}
    assert marks == {None}, "no list says that they are known"
    CopiedContent.delete().execute()
    CopyStore.update(is_active=True).execute()
    [store] = CopyStore.select()
    copied_sets.try_now(store)
    push_all(look_after(store))
    lost = CopiedSet.select().order_by(CopiedSet.set_number.desc()).first()
    assert (lost.state, lost.try_at, "was lost" in lost.message) == (CopyState.FAILED, None, True)
    contoso = Tenant.get(Tenant.name == "Contoso")
    drafts = [
        snapshots.SnapshotDraft.of(
            policy, document, fingerprint, read_at=utcnow(), assignments_mark="x", name=row.name, modified_at=None,
            proof=row.proof, references=row.references,
        )
        for row, policy, fingerprint, document in read
    ]  # fmt: skip
    run = Run.create(tenant=contoso, kind=RunKind.BACK_UP, dedupe_key="again")
    assert {saved.outcome for saved in snapshots.save(run, drafts).values()} == {Outcome.UNCHANGED}
    for row, _, _, document in read:
        assert snapshots.read_snapshot(Snapshot.get_by_id(row.id)) == document
    make_set(contoso)
    assert push_all(store)[-1].state == RunState.SUCCEEDED


@only_sqlite
def test_what_was_signed_after_the_time_that_is_brought_back_proves_nothing_and_its_number_stays_taken(
    copied, push_state, arrive, cast
):
    """Somebody who had the machine signs a set that tells another digest of a content."""
    place, store = copied()
    policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id="x", name="Untold")
    capture_by_hand(policy, SYSTEM)
    own = recovering.own_signer()
    name = own.content_name(cast.contoso.directory_id, Snapshot.get(Snapshot.name == "Untold").content.fingerprint)
    # Nobody has a record of it.
    loose_contents.record(store, 10**6)
    push_state(store)
    at = CopyStore.get().state_at
    there = open_store(place.address, place.credentials)
    plain, path = (
        b'{"body": {"theirs": 1}, "assignments": []}',
        f"sets/{cast.contoso.directory_id}/999/manifest.json.age",
    )
    told = {
        "format": layout.FORMAT,
        "set": {"completed_at": (at + timedelta(days=1)).isoformat()},
        "items": [{"content": name, "sha256": hashlib.sha256(plain).hexdigest()}],
    }
    sealed = [
        pyrage.encrypt(gzip.compress(text), [RECOVERY_KEY.to_public()]) for text in (json.dumps(told).encode(), plain)
    ]
    there.put(path, sealed[0])
    there.put(layout.signature_path(path), own.sign(path, hashlib.sha256(sealed[0]).hexdigest()))
    there.put(layout.content_path(name), sealed[1])
    there.close()
    arrive("sqlite")
    result = recover(place, as_of=at)
    assert [(policy.name, policy.why) for policy in result.lost] == [("Untold", recovering.NEVER_COPIED)]
    assert make_set(Tenant.get(Tenant.name == "Fabrikam")).id == 1000


@only_sqlite
def test_a_tenant_that_is_newer_than_the_state_comes_with_its_sets(copied, arrive, cast):
    place, store = copied()
    new = Tenant.create(name="Newer", directory_id="aaaaaaaa-1111-4111-8111-111111111111", client_id="x")
    make_set(new, policies=2)
    push_all(store)
    before = documents()
    arrive("sqlite")
    assert recover(place).sets == 2
    assert documents() == before
    row = Tenant.get(Tenant.name == "Newer")
    assert (row.is_active, row.client_id) == (False, lost_contents.UNKNOWN_APP)


@only_sqlite
def test_a_recovered_installation_goes_on_pushing_into_the_store_that_it_came_from(copied, arrive):
    """Its sets and contents that are newer than the state are there, and it has no record of them."""
    place, _ = copied("s3")
    arrive("sqlite")
    recover(place)
    CopyStore.update(is_active=True, is_check_asked=True, is_verify_asked=True).execute()
    [store] = CopyStore.select()
    stores.ask(store, SYSTEM, "push")
    store = look_after(store)
    assert store.error is None
    assert {run.state for run in push_all(store)} <= {RunState.SUCCEEDED}
    contoso = Tenant.get(Tenant.name == "Contoso")
    make_set(contoso, changed=0)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    before, kept = documents(), CopiedSet.select().count()
    assert look_after(store).error is None
    stores.ask(store, SYSTEM, "verify")
    assert look_after(store).error is None
    arrive("sqlite")
    result = recover(place)
    assert (result.unproved, result.lost) == ([], [])
    assert documents() == before
    assert kept == 4


@only_sqlite
def test_what_the_recovered_installation_has_deleted_since_stays_away(copied, arrive):
    place, _ = copied()
    arrive("sqlite")
    recover(place)
    contoso = Tenant.get(Tenant.name == "Contoso")
    retention.set_rules(contoso, RetentionRules(last=1), SYSTEM)
    assert prune(contoso)["backup sets"] == 2
    [left] = BackupSet.select()
    lost = Content.update(sealed=NOT_BACK_YET).where(Content.id == Snapshot.get().content_id).execute()
    again = recover(place)
    assert (again.sets, again.left_away, again.contents) == (0, 2, lost)
    assert [row.id for row in BackupSet.select()] == [left.id]


@only_sqlite
def test_a_lock_that_hides_nothing_keeps_what_an_attacker_deletes_or_writes_over(copied, arrive):
    """Somebody with the store's own credentials hides every object, and puts others in their place."""
    place, _ = copied("s3")
    before = documents()
    store = open_store(place.address, place.credentials)
    for name in [found.name for found in store.list("")]:
        store._client.delete_object(**store._of(name))
        store._client.put_object(**store._of(name), Body=json.dumps({"format": 1, "installation": "x"}).encode())
        store._client.delete_object(**store._of(name))
    assert list(store.list("")) == []
    store.close()
    arrive("sqlite")
    result = recover(place)
    assert (result.unproved, result.lost) == ([], [])
    assert documents() == before


@only_sqlite
def test_what_a_copy_left_out_since_it_did_not_open_comes_back_without_its_content_and_is_named(copied, arrive, cast):
    place, store = copied()
    newer = make_set(cast.contoso, changed=1)
    damaged = Snapshot.select().order_by(Snapshot.id.desc()).first().content
    Content.update(sealed=b"damaged").where(Content.id == damaged.id).execute()
    push_all(store)
    assert copied_sets.newest(store).left_out == 1
    arrive("sqlite")
    result = recover(place)
    assert [(policy.name, policy.why) for policy in result.lost] == [("Ring 1", recovering.NEVER_COPIED)]
    names = {
        Snapshot.get_by_id(number).name for number in manifests.snapshot_ids(BackupSet.get_by_id(newer.id).manifest)
    }
    assert names == {"Ring 0", "Ring 1", "Ring 2"}
