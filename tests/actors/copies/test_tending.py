"""Looking after a store: its lock, its state, a sample read back, and what is kept no longer."""

import base64
import json
from contextlib import suppress
from datetime import timedelta

import pyrage
import pytest

from actors.copies import layout, push, tending
from actors.copies.stores.opening import open_store
from actors.copies.stores.store import StillLocked
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import copied_sets, looks, recovery_keys, signer, standing, stores
from db.housekeeping import leaps
from db.models import AuditEvent, BackupSet, Content, CopiedContent, CopiedSet, CopyStore, Lease, Run, Snapshot, Tenant
from db.states import CopyState, LockState, RunState, SetState
from tests.support import small_disks
from tests.support.copied import RECOVERY_KEY, add_store, look_after, make_set, opened, push_all, read_copy
from tests.support.copy_stores import folder

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def ask(store, what):
    stores.ask(CopyStore.get_by_id(store.id), SYSTEM, what)
    return look_after(store)


def names_in(place, prefix=""):
    store = open_store(place.address, place.credentials)
    found = [each.name for each in store.list(prefix)]
    store.close()
    return found


def test_a_store_that_locks_nothing_gets_nothing_where_copies_have_to_be_locked(cast, redis_url, new_place):
    place = new_place("file")
    make_set(cast.contoso)
    store = add_store(place)
    CopyStore.update(needs_lock=True).where(CopyStore.id == store.id).execute()
    store = ask(store, "check")
    assert store.lock_state == LockState.MISSING
    assert push_all(store) == []
    assert [finding.why for finding in standing.findings(utcnow())] == [standing.NOT_LOCKED]


def test_another_installations_store_is_left_alone(cast, redis_url, new_place):
    place = new_place("file")
    there = open_store(place.address, place.credentials)
    there.put(layout.FIRST_FILE, json.dumps({"installation": "another"}).encode())
    store = add_store(place)
    assert "Another installation" in store.error
    assert not [name for name in names_in(place) if name.startswith(layout.STATES)]


def test_what_another_installation_keeps_where_ours_was_is_left_alone(cast, redis_url, new_place):
    """A share that was mounted in the place of ours: nothing is pushed there, and nothing tidied up."""
    place = new_place("file")
    store = add_store(place, copy_days=1)
    there = open_store(place.address, place.credentials)
    first = json.loads(there.get(layout.FIRST_FILE))
    there.delete(layout.FIRST_FILE)
    there.put(layout.FIRST_FILE, json.dumps({**first, "installation": "another"}).encode())
    there.put(f"{layout.STATES}20200101T000000Z.age", b"theirs")
    CopyStore.update(tidied_at=None).execute()
    make_set(cast.contoso)
    before = names_in(place)
    assert "Another installation" in look_after(store).error
    [run] = push_all(store)
    assert "Another installation" in CopiedSet.get().message
    assert (run.state, names_in(place)) == (RunState.FAILED, before)


def test_a_full_store_says_so_gets_room_from_what_is_over_and_the_push_goes_on(cast, redis_url, tmp_path):
    with small_disks.mounted(tmp_path / "disk", "256k") as disk:
        store = add_store(folder(disk), copy_days=8)
        make_set(cast.contoso)
        push_all(store)
        newer = make_set(cast.contoso, changed=0)
        push_all(store)
        small_disks.fill(disk)
        newest = make_set(cast.contoso, changed=1)
        [run] = push_all(store)
        assert run.waiting.startswith("The store is full. Make room there")
        past = utcnow() - 2 * DAY
        CopiedSet.update(kept_until=past).where(CopiedSet.set_number < newer.id).execute()
        CopyStore.update(tidied_at=None, checked_at=past, state_at=past).execute()
        look_after(store)
        assert [row.set_number for row in CopiedSet.select()] == [newer.id, newest.id]
        (disk / "filler").unlink()
        push.push.fn(run.id)
        assert Run.get_by_id(run.id).state == RunState.SUCCEEDED
        assert look_after(store).error is None
        assert all(len(read_copy(folder(disk), row)) == 3 for row in CopiedSet.select())


def test_the_state_has_everything_but_the_bodies_of_contents(cast, redis_url, new_place):
    place = new_place("file")
    make_set(cast.contoso)
    add_store(place)
    there = open_store(place.address, place.credentials)
    path, *beside = names_in(place, layout.STATES)
    assert beside == [f"{path}.json", f"{path}.json.sig", f"{path}.sig"]
    assert json.loads(there.get(beside[0]))["bytes"] == there.head(path).size
    lines = [json.loads(line) for line in opened(there.get(path)).splitlines()]
    heads = {line["table"]: line for line in lines if isinstance(line, dict) and "table" in line}
    assert heads["content"]["rows"] == 3
    assert "sealed" not in heads["content"]["fields"]
    assert heads["tenant"]["rows"] == 2
    assert heads["copy_signer"]["rows"] == 1
    text = opened(there.get(path))
    # Opened to travel, as in every export: sealed to the recovery key alone.
    assert base64.b64encode(json.dumps({"secret": "contoso client secret"}).encode()) in text
    assert b"swordfish" not in text


def test_a_state_that_another_pushes_in_the_same_second_is_never_signed(cast, redis_url, new_place, monkeypatch):
    place = new_place("file")
    store = add_store(place)
    there = open_store(place.address, place.credentials)
    put, others = there.put, []

    def put_second(name, data, locked_until=None):
        if not others:
            others.append(name)
            put(name, b"another's, whose signature is still to come")
        return put(name, data, locked_until)

    there.put = put_second
    monkeypatch.setattr(tending, "utcnow", lambda: utcnow() + timedelta(seconds=5))
    assert looks.claim(store)
    tending.push_state(store, there)
    looks.end(store, DAY)
    monkeypatch.undo()
    newest = layout.state_path(CopyStore.get().state_at)
    assert newest > others[0]
    assert there.head(f"{others[0]}.sig") is None
    CopyStore.update(is_verify_asked=True).execute()
    assert look_after(store).error is None


def test_what_is_kept_no_longer_goes_and_the_newest_copy_of_a_tenant_stays_with_all_it_needs(
    cast, redis_url, new_place
):
    place = new_place("file")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    make_set(cast.fabrikam)
    push_all(store)
    old = {content.name for content in CopiedContent.select()}
    # Both are long over; Contoso has a newer one, which needs two of the three contents.
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past).execute()
    CopiedContent.update(kept_until=past).execute()
    make_set(cast.contoso, changed=0)
    # One of a few policies, and one that could not read the rest: neither stands for the copy of all of Fabrikam.
    for columns in ({"selection": {"policies": [1]}}, {"state": SetState.INCOMPLETE}):
        BackupSet.update(columns).where(BackupSet.id == make_set(cast.fabrikam).id).execute()
    push_all(store)
    # All snapshots were looked at: none brings back a content that goes now.
    newest = Snapshot.select(Snapshot.id).order_by(Snapshot.id.desc()).limit(1)
    # Where nobody noted the time for a year, the clock may have leapt ahead: it waits a day.
    long_ago = utcnow() - DAY
    CopyStore.update(tidied_at=long_ago, tend_at=utcnow(), snapshots_to=newest).execute()
    Lease.create(name=leaps.NAME, holder=leaps.NAME, expires_at=utcnow() - 365 * DAY)
    assert look_after(store).tidied_at == long_ago
    leaps.note_time()
    assert look_after(store).tidied_at == long_ago
    assert old <= {content.name for content in CopiedContent.select()}
    assert CopiedSet.select().count() == 5
    Lease.update(expires_at=utcnow()).execute()
    CopyStore.update(tend_at=utcnow()).execute()
    store = look_after(store)
    assert store.error is None
    left = {content.name for content in CopiedContent.select()}
    assert (len(old - left), store.contents) == (1, 6), "and counted anew"
    assert len(names_in(place, "contents/")) == len(left) == 6
    rows = {(row.tenant_name, row.state) for row in CopiedSet.select()}
    assert rows == {("Contoso", CopyState.COMPLETE), ("Fabrikam", CopyState.COMPLETE)}
    assert CopiedSet.select().where(CopiedSet.tenant == cast.fabrikam).count() == 3
    assert all(len(read_copy(place, row)) == 3 for row in CopiedSet.select())
    assert AuditEvent.select().where(AuditEvent.action == "backup-set:copy-removed").count() == 1


def test_an_admin_with_every_right_deletes_no_locked_copy(cast, redis_url, new_place):
    """Whoever has all rights here has our credentials, and makes our own tidying believe that all is over."""
    place = new_place("s3")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    push_all(store)
    make_set(cast.contoso, changed=1)
    push_all(store)
    there = open_store(place.address, place.credentials)
    content = layout.content_path(CopiedContent.select().order_by(CopiedContent.id).first().name)
    first = there.lock_of(content)
    assert first >= utcnow() + 8 * DAY
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past, locked_until=past).execute()
    CopiedContent.update(kept_until=past, locked_until=past).execute()
    CopyStore.update(tidied_at=None).execute()
    before = set(names_in(place))
    store = look_after(store)
    assert before <= set(names_in(place))
    for name in before:
        # What is no copy is not locked.
        if not name.startswith((layout.PROBES, layout.TURNS)):
            with pytest.raises(StillLocked):
                there.delete(name)
    stores.remove(CopyStore.get_by_id(store.id), SYSTEM)
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    assert before <= set(names_in(place))
    assert there.lock_of(content) == first


def test_nothing_new_is_sealed_to_a_key_that_was_retired(cast, redis_url, new_place, monkeypatch):
    place, lost = new_place("file"), pyrage.x25519.Identity.generate()
    store = add_store(place, recipients=[str(lost.to_public()), str(RECOVERY_KEY.to_public())])
    make_set(cast.contoso)
    push_all(store)
    old = set(names_in(place))
    recovery_keys.note_held([str(RECOVERY_KEY.to_public())], SYSTEM, "key")
    recovery_keys.retire(recovery_keys.find_by_text(str(lost.to_public())), SYSTEM)
    make_set(cast.contoso, changed=1)
    push_all(store)
    CopyStore.update(state_at=utcnow() - 2 * DAY).execute()
    # A state's name has the second: this one comes in another.
    monkeypatch.setattr(tending, "utcnow", lambda: utcnow() + timedelta(minutes=1))
    store = ask(store, "check")
    assert store.error is None
    there, opened_by_both = open_store(place.address, place.credentials), set()
    for name in names_in(place):
        if name.endswith(".age"):
            assert opened(there.get(name))
            with suppress(pyrage.DecryptError):
                pyrage.decrypt(there.get(name), [lost])
                opened_by_both.add(name)
    assert opened_by_both == {name for name in old if name.endswith(".age")}
    assert (
        len(set(names_in(place)) - old) == 7
    )  # a content, a manifest, a state, what is said about it, three signatures


def test_what_the_store_locks_for_longer_than_we_know_stays_and_nobody_waits_for_its_end(cast, redis_url, new_place):
    """As where a push died between locking a content for longer and recording it, or while it was tidied away."""
    store = add_store(new_place("s3"), copy_days=8)
    make_set(cast.contoso)
    push_all(store)
    past = utcnow() - 2 * DAY
    CopiedContent.update(kept_until=past, locked_until=past).execute()
    CopyStore.update(tidied_at=None).execute()
    assert look_after(store).error is None
    assert {row.kept_until > utcnow() + 7 * DAY for row in CopiedContent.select()} == {True}, "as the store says"
    make_set(cast.contoso)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]


def test_what_goes_from_over_anothers_locked_file_is_pushed_again_when_it_is_needed(cast, redis_url, new_place):
    """Somebody put a file under the name of a content before it came, and locked it for a year."""
    place = new_place("s3")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    own, there = signer.own_signer(), open_store(place.address, place.credentials)
    for content in Content.select():
        name = own.content_name(cast.contoso.directory_id, content.fingerprint)
        there.put(layout.content_path(name), b"somebody else's", utcnow() + 365 * DAY)
    push_all(store)
    # The lock of ours has ended by now.
    for content in CopiedContent.select():
        path = layout.content_path(content.name)
        there._client.put_object_retention(
            **there._of(path), Retention={"Mode": "COMPLIANCE", "RetainUntilDate": utcnow() - DAY}
        )
    CopiedContent.update(kept_until=utcnow() - 2 * DAY).execute()
    CopyStore.update(tidied_at=None, snapshots_to=10**6).execute()
    assert look_after(store).error is None
    assert not CopiedContent.select().exists()
    make_set(cast.contoso)
    push_all(store)
    there.close()
    assert len(read_copy(place, CopiedSet.select().order_by(CopiedSet.id.desc()).get())) == 3


def test_more_than_a_look_removes_goes_with_the_next_look_and_not_with_the_next_day(
    cast, redis_url, new_place, monkeypatch
):
    store = add_store(new_place("file"), copy_days=8)
    for number in range(3):
        make_set(cast.contoso, changed=number)
    push_all(store)
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past).execute()
    CopiedContent.update(kept_until=past).execute()
    make_set(cast.contoso)
    push_all(store)
    CopyStore.update(tidied_at=None, snapshots_to=10**6).execute()
    monkeypatch.setattr(tending, "TIDIED_AT_ONCE", 2)
    counts = []
    for _ in range(3):
        tidied = look_after(store).tidied_at
        counts.append((CopiedSet.select().count(), CopiedContent.select().count(), tidied is not None))
    # While a set that is over is left, its contents stay. The second look does not know that its two are all.
    assert counts == [(2, 5, False), (1, 3, False), (1, 3, True)]


def test_a_clock_that_was_a_year_ahead_and_was_set_back_holds_up_neither_looks_nor_pushes(cast, redis_url, new_place):
    place = new_place("file")
    store = add_store(place)
    make_set(cast.contoso)
    now = utcnow()
    ahead = now + 365 * DAY
    done = ("checked_at", "tidied_at", "verified_at", "state_at")
    CopyStore.update(dict.fromkeys(("tend_at", "claimed_until", *done), ahead)).execute()
    CopiedSet.update(try_at=ahead).execute()
    assert [row.id for row in looks.due(utcnow())] == [store.id]
    store = look_after(store)
    assert [name for name in done if getattr(store, name) == ahead] == []
    assert looks.due(now) == []
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]


def test_the_last_copy_of_a_tenant_keeps_its_contents_while_it_is_looked_through_again(cast, redis_url, new_place):
    """A content of it was lost, and what sends it anew waits: the store is full, or the content is here no longer."""
    place = new_place("file")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    push_all(store)
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past).execute()
    CopiedContent.update(kept_until=past).execute()
    copied_sets.push_again(store.id, cast.contoso.directory_id)
    assert CopiedSet.get().state == CopyState.WAITING
    CopyStore.update(tidied_at=None, snapshots_to=10**6).execute()
    assert look_after(store).error is None
    assert len(read_copy(place, CopiedSet.get())) == 3
    # A newer copy stands for it: it goes with what it alone needs, whether or not it is looked through by then.
    make_set(cast.contoso, changed=0)
    CopiedSet.update(state=CopyState.FAILED, try_at=None).where(CopiedSet.kept_until.is_null(False)).execute()
    push_all(store)
    CopyStore.update(tidied_at=None, snapshots_to=10**6).execute()
    assert look_after(store).error is None
    [newest] = CopiedSet.select()
    assert (newest.state, len(read_copy(place, newest)), len(names_in(place, "contents/"))) == (
        CopyState.COMPLETE,
        3,
        3,
    )


def test_all_copies_of_a_tenant_that_was_removed_stay(cast, redis_url, new_place):
    """Nobody here knows any longer which of them is of the whole tenant."""
    place = new_place("file")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    make_set(cast.contoso, changed=0)
    push_all(store)
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past).execute()
    CopiedContent.update(kept_until=past).execute()
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    CopyStore.update(tidied_at=None).execute()
    assert look_after(store).error is None
    assert [len(read_copy(place, row)) for row in CopiedSet.select()] == [3, 3]


def test_a_state_that_takes_hours_at_its_bandwidth_is_begun_by_nobody_else_meanwhile(
    cast, redis_url, new_place, monkeypatch
):
    store = add_store(new_place("file"), bytes_per_second=stores.MIN_RATE)
    now, left = [utcnow()], []

    class Slow:
        def __init__(self, rate):
            self._rate = rate

        def spend(self, count):
            now[0] += timedelta(seconds=count / self._rate)
            left.append(CopyStore.get_by_id(store.id).claimed_until - now[0])

    monkeypatch.setattr(tending, "utcnow", lambda: now[0])
    monkeypatch.setattr(looks, "utcnow", lambda: now[0])
    monkeypatch.setattr(tending, "Pace", Slow)
    monkeypatch.setattr(tending, "size_of", lambda _file: 10**9)
    assert looks.claim(store)
    tending.push_state(store, open_store(store.address, {}))
    assert sum(1 for _ in left) * tending.PACED_SECONDS > 8 * 3600
    assert min(left) > timedelta(hours=1)
    assert tending.tend.options["time_limit"] > 10**9 / stores.MIN_RATE * 1000


def test_what_is_asked_for_during_a_look_begins_no_second_one_and_is_done_by_the_next(
    cast, redis_url, new_place, monkeypatch
):
    store = add_store(new_place("file"))
    sent, push_state = [], tending.push_state
    monkeypatch.setattr(tending, "send", lambda _actor, **message: bool(sent.append(message)) or True)

    def start_due():
        for row in looks.due(utcnow()):
            tending.start_due(row)

    def push_state_and_ask(row, there):
        for what in stores.ASKED:
            stores.ask(row, SYSTEM, what)
        start_due()
        push_state(row, there)

    stores.ask(store, SYSTEM, "push")
    start_due()
    monkeypatch.setattr(tending, "push_state", push_state_and_ask)
    tending.tend.fn(**sent[0])
    assert len(sent) == 1, "nobody looks after it twice at once"
    asked = CopyStore.get_by_id(store.id)
    assert (asked.is_check_asked, asked.is_verify_asked, asked.state_at) == (True, True, None)
    assert (asked.error, asked.tend_at <= utcnow()) == (None, True)
    start_due()
    monkeypatch.setattr(tending, "push_state", push_state)
    # One that comes again after its look finds nothing to do.
    for message in (sent[0], sent[1], sent[1]):
        tending.tend.fn(**message)
    store = CopyStore.get_by_id(store.id)
    assert (store.is_check_asked, store.is_verify_asked, store.state_at is None) == (False, False, False)
    assert (store.claimed_by, store.tend_at > utcnow(), len(sent)) == (None, True, 2)
