"""Two installations of one name at one store: whoever took it last has it, and the other removes nothing there."""

import json
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

import config
from actors.copies import layout, tending, turns
from actors.copies.stores.opening import open_store
from actors.copies.stores.store import StoreDamaged, StoreRefused
from db import encryption
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import looks, standing, stores
from db.copies.turns import Turn
from db.database import database as handle
from db.installation import export_file, import_file
from db.models import CopiedContent, CopiedSet, CopyStore, Tenant
from db.states import RunState
from tests.actors.recovering.test_recover import recover
from tests.support.copied import add_store, look_after, make_set, opened, push_all, read_copy
from tests.support.killed import Killed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def here():
    return handle.obj, config.settings().encryption_keys


def go_to(installation):
    bound, keys = installation
    handle.initialize(bound)
    encryption.use_keys(keys)


def switch_on():
    store = CopyStore.get()
    stores.change(store, SYSTEM, name=store.name, copy_days=store.copy_days, needs_lock=False, bytes_per_second=None,
                  is_active=True)  # fmt: skip
    return look_after(store)


def tidy_all():
    """Look after the store as once everything there is past its date, and nobody has told us of a twin."""
    past = utcnow() - 2 * DAY
    CopiedContent.update(kept_until=past).execute()
    CopiedSet.update(kept_until=past).execute()
    CopyStore.update(tidied_at=utcnow() - DAY, overtaken_at=None).execute()
    return look_after(CopyStore.get())


@pytest.mark.parametrize("kind", ["file", "s3-without-lock"])
def test_of_twins_the_one_that_took_the_store_last_has_it_and_the_other_stops(kind, cast, redis_url, new_place, arrive):
    place = new_place(kind)
    there = open_store(place.address, place.credentials)

    def all_there():
        return [name for name in there.all_names("") if not name.startswith(layout.PROBES)]

    store = add_store(place)
    make_set(cast.contoso)
    push_all(store)
    make_set(cast.contoso, changed=0)
    push_all(store)
    CopyStore.update(state_at=None).execute()
    look_after(store)
    old = here()
    arrive("sqlite")
    recover(place)
    new = here()
    assert look_after(CopyStore.get()).turn is None
    assert len(list(there.list(layout.TURNS))) == 2, "a drill takes nothing"
    assert (switch_on().turn, CopyStore.get().error) == (2, None)
    for changed in (1, 1):
        make_set(Tenant.get(Tenant.directory_id == cast.contoso.directory_id), changed=changed)
        push_all(CopyStore.get())

    go_to(old)
    before = all_there()
    make_set(cast.fabrikam)
    [run] = push_all(store)
    assert run.state == RunState.FAILED
    assert "took this store over" in CopiedSet.get(CopiedSet.run == run).message
    assert push_all(store) == []
    assert "took this store over" in tidy_all().error
    assert all_there() == before
    assert [finding.why for finding in standing.findings(utcnow())] == [standing.TAKEN_OVER]

    go_to(new)
    assert all(len(read_copy(place, copied)) == 3 for copied in CopiedSet.select())

    # What it removes by its own records, where the older sets are past their days, is no damage to the old one.
    newest = CopiedSet.select().order_by(CopiedSet.set_number.desc()).first()
    manifest = json.loads(opened(there.get(layout.manifest_path(newest))))
    needed = [item["content"] for item in manifest["items"]]
    past = utcnow() - 2 * DAY
    CopiedSet.update(kept_until=past).where(CopiedSet.id != newest.id).execute()
    CopiedContent.update(kept_until=past).where(CopiedContent.name.not_in(needed)).execute()
    row = CopyStore.get()
    assert looks.claim(row)
    tending.tidy(row, there)
    looks.end(row, DAY)
    assert (CopiedSet.select().count(), CopiedContent.select().count()) == (1, 3)

    go_to(old)
    stores.ask(CopyStore.get(), SYSTEM, "take_back")
    stores.ask(CopyStore.get(), SYSTEM, "verify")
    assert (look_after(store).turn, CopyStore.get().damage, CopyStore.get().error) == (3, None, None)
    assert make_set(cast.contoso).id > newest.set_number, "whose name there is taken"
    assert standing.findings(utcnow()) == []
    CopiedSet.update(try_at=utcnow()).execute()
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED] * 2
    assert all(len(read_copy(place, copied)) == 3 for copied in CopiedSet.select())

    go_to(new)
    assert "took this store over" in tidy_all().error
    there.close()


def test_an_imported_installation_asks_before_it_takes_a_store(cast, redis_url, new_place, arrive, tmp_path):
    store, passphrase = add_store(new_place("file")), "correct horse battery"
    export_file.export_all(tmp_path / "all", passphrase, SYSTEM, lambda *_: None)
    old = here()
    arrive("sqlite")
    import_file.import_all(tmp_path / "all", passphrase, SYSTEM, lambda *_: None)
    assert "took this store over" in look_after(store).error
    assert [finding.why for finding in standing.findings(utcnow())] == [standing.TAKEN_OVER]
    new = here()
    go_to(old)
    assert look_after(store).error is None
    go_to(new)
    stores.ask(CopyStore.get(), SYSTEM, "take_back")
    assert look_after(store).error is None
    go_to(old)
    assert "took this store over" in look_after(store).error


@pytest.fixture
def twins(database, new_place):
    """Two rows at one folder, as two databases with one signer have them; and the folder."""
    place = new_place("file")
    columns = {"address": place.address, "sealed": b"", "recipients": [], "copy_days": 9}
    rows = [CopyStore.create(name=name, **columns) for name in ("Old", "New")]
    there = open_store(place.address, {})
    yield *rows, there
    there.close()


def has_store(row, there):
    try:
        turns.require_turn(row, there)
    except StoreRefused:
        return False
    return True


def test_of_two_that_take_a_store_at_one_moment_one_has_it(twins):
    *rows, there = twins
    step, list_names, took = threading.Barrier(2, timeout=30), there.all_names, []

    def list_in_step(prefix):
        step.wait()
        names = list(list_names(prefix))
        step.wait()
        return names

    def take(row):
        with handle.connection_context(), suppress(StoreRefused):
            turns.hold_turn(row, there)
            took.append(row)

    there.all_names = list_in_step

    threads = [threading.Thread(target=take, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there.all_names = list_names
    assert [row.turn for row in rows] == [1, 1]
    assert [row for row in rows if has_store(row, there)] == took
    assert len(took) == 1


@pytest.mark.parametrize("puts", [0, 1, 2])
def test_who_is_killed_as_it_takes_a_store_has_it_afterwards(twins, puts):
    old, new, there = twins
    turns.hold_turn(old, there)
    put, done = there.put, []

    def put_or_die(name, data):
        if len(done) < puts:
            done.append(put(name, data))
        if len(done) == puts:
            raise Killed

    there.put = put_or_die
    with pytest.raises(Killed):
        turns.hold_turn(new, there)
    there.put = put
    turns.hold_turn(CopyStore.get_by_id(new.id), there)
    assert (has_store(old, there), has_store(new, there)) == (False, True)


def test_what_nobody_signed_is_no_turn_and_is_told(twins):
    old, _, there = twins
    turns.hold_turn(old, there)
    own = Turn(old.turn, old.turn_claim)
    signed = there.get(layout.turn_path(own)), there.get(layout.signature_path(layout.turn_path(own)))
    # One without a signature, one that has ours of another turn, and one over our own.
    for number, files in ((7, (signed[0],)), (8, signed)):
        path = layout.turn_path(Turn(number, "0" * 32))
        for name, data in zip((path, layout.signature_path(path)), files, strict=False):
            there.put(name, data)
    there.delete(layout.turn_path(own))
    there.put(layout.turn_path(own), signed[0] + b" ")
    assert has_store(old, there)
    turns.hold_turn(old, there)
    assert old.turn == 2
    assert [line.split()[0] for line in stores.damage_lines(CopyStore.get_by_id(old.id))] == [
        layout.turn_path(Turn(8, "0" * 32)), layout.turn_path(Turn(7, "0" * 32)), layout.turn_path(own),
    ]  # fmt: skip
    for number in range(turns.MOST_FORGED):
        there.put(layout.turn_path(Turn(100 + number, "0" * 32)), b"{}")
    with pytest.raises(StoreDamaged, match="Delete them there"):
        turns.require_turn(old, there)


def test_a_store_of_the_last_release_is_taken_from_no_twin(twins):
    old, new, there = twins
    stores.record(old, turn=0)
    stores.record(new, turn=0)
    turns.hold_turn(old, there)
    with pytest.raises(StoreRefused):
        turns.hold_turn(new, there)
    assert (old.turn, CopyStore.get_by_id(new.id).overtaken_at is None) == (1, False)


def test_whose_first_file_was_written_over_has_no_store(database, new_place):
    """As where two add one new store at one moment, and the store knows no conditions."""
    place = new_place("file")
    there = open_store(place.address, place.credentials)
    put = there.put

    def put_and_lose(name, data, locked_until=None):
        is_new = put(name, data, locked_until)
        if name == layout.FIRST_FILE:
            first = json.loads(there.get(name))
            there.delete(name)
            put(name, json.dumps({**first, "installation": "another"}).encode())
        return is_new

    there.put = put_and_lose
    row = CopyStore.create(name="Vault", address=place.address, sealed=b"", recipients=["age1a"], copy_days=9)
    with pytest.raises(StoreRefused, match="Another installation keeps its copies there"):
        tending.check(row, there)
    there.close()
