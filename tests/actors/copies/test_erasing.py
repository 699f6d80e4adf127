"""Deleting what a store has of a tenant that was removed: all of it, nothing else, and nothing that is locked."""

from datetime import timedelta

import pytest

from actors.copies import layout
from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.opening import open_store
from actors.copies.stores.store import StoreError
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import erasures, standing
from db.housekeeping import copy_erasure
from db.models import AuditEvent, CopiedContent, CopiedSet, CopyErasure, CopyStore, Tenant
from db.states import RunState
from db.tenants import tenants
from tests.support.copied import add_store, look_after, make_set, push_all, read_copy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def names_in(place, prefix=""):
    store = open_store(place.address, place.credentials)
    found = list(store.all_names(prefix))
    store.close()
    return found


def look_another_day(store):
    CopyStore.update(tidied_at=None, tend_at=utcnow()).where(CopyStore.id == store.id).execute()
    return look_after(store)


def end_locks(there, directory_id):
    """As time would."""
    contents = CopiedContent.select().where(CopiedContent.directory_id == directory_id)
    for name in (*there.all_names(layout.sets_of(directory_id)), *(layout.content_path(row.name) for row in contents)):
        ended = {"Mode": "COMPLIANCE", "RetainUntilDate": utcnow() - DAY}
        there._client.put_object_retention(**there._of(name), Retention=ended)
    CopiedContent.update(locked_until=utcnow() - 2 * DAY).where(CopiedContent.directory_id == directory_id).execute()


def removed(cast, place, **how):
    """A store with two sets of Contoso, which was removed, and one of Fabrikam of the same policies."""
    store = add_store(place, **how)
    make_set(cast.contoso)
    make_set(cast.contoso, changed=0)
    make_set(cast.fabrikam)
    push_all(store)
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    return CopyStore.get_by_id(store.id)


@pytest.mark.parametrize("kind", ["file", "sftp", "azure"])
def test_all_of_the_tenant_goes_on_its_day_and_nothing_else(cast, redis_url, new_place, kind):
    place = new_place(kind)
    store, directory_id = removed(cast, place), cast.contoso.directory_id
    others = {layout.content_path(row.name) for row in CopiedContent.select() if row.directory_id != directory_id}
    copy_erasure.request(store, directory_id, SYSTEM, 7)
    look_another_day(store)
    assert CopiedSet.select().where(CopiedSet.directory_id == directory_id).count() == 2, "its day has not come"
    # What nobody here has on record, as after a recovery from an older state; and what somebody else put there.
    there = open_store(place.address, place.credentials)
    for number in ("7000000", "nobody's", "9" * 30):
        there.put(f"{layout.sets_of(directory_id)}{number}/manifest.json.age", b"sealed")
    there.close()
    CopyErasure.update(due_at=utcnow() - DAY).execute()
    assert look_another_day(store).error is None
    assert names_in(place, layout.sets_of(directory_id)) == []
    assert set(names_in(place, "contents/")) == others
    assert {row.directory_id for row in (*CopiedSet.select(), *CopiedContent.select())} == {cast.fabrikam.directory_id}
    assert len(read_copy(place, CopiedSet.get())) == 3
    assert erasures.of_store(store) == []
    [event] = AuditEvent.select().where(AuditEvent.action == "copies:erased")
    assert (event.subject, event.details["sets"], event.details["contents"]) == ("copies of Contoso", 5, 4)
    # What tells whoever recovers an older state goes when that state goes.
    assert len(names_in(place, layout.ERASED)) == 2
    CopyStore.update(copy_days=0).execute()
    look_another_day(store)
    assert names_in(place, layout.ERASED) == []


@pytest.fixture
def breaks_off():
    """A function after which the so-manieth deletion in a folder is done, and its answer lost; 0: none."""
    with pytest.MonkeyPatch.context() as patch:

        def at(number):
            patch.undo()
            left, really = iter(range(number - 1, -1, -1)), FolderStore.delete

            def delete(self, name):
                really(self, name)
                if next(left, -1) == 0:
                    raise StoreError("The connection broke.")

            patch.setattr(FolderStore, "delete", delete)

        yield at


def test_broken_off_anywhere_it_goes_on_and_is_no_damage(cast, redis_url, new_place, breaks_off):
    place = new_place("file")
    store = removed(cast, place)
    copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 0)
    for number in range(1, 9):
        breaks_off(number % 3 + 1)
        CopyStore.update(is_verify_asked=True).execute()
        store = look_another_day(store)
        assert store.damage is None, number
    breaks_off(0)
    store = look_another_day(store)
    assert (store.error, store.damage, erasures.of_store(store)) == (None, None, [])
    assert names_in(place, layout.sets_of(cast.contoso.directory_id)) == []
    assert len(names_in(place, "contents/")) == len(read_copy(place, CopiedSet.get())) == 3
    [event] = AuditEvent.select().where(AuditEvent.action == "copies:erased")
    assert (event.details["sets"], event.details["contents"]) == (2, 4)


def test_a_tenant_that_is_here_again_keeps_what_is_left_and_is_copied_again(cast, redis_url, new_place, breaks_off):
    place = new_place("file")
    store = removed(cast, place)
    copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 0)
    CopyErasure.update(due_at=utcnow() - DAY).execute()
    # A set, half of another, and two contents of which nobody knows that they are gone.
    breaks_off(6)
    assert look_another_day(store).error == "The connection broke."
    breaks_off(0)
    tenant = tenants.add("Contoso again", cast.contoso.directory_id, cast.contoso.client_id, SYSTEM)
    assert look_another_day(store).error is None
    assert AuditEvent.select().where(AuditEvent.action == "copies:erasure-taken-back").count() == 1
    assert not CopiedContent.select().where(CopiedContent.is_going).exists(), "for which its pushes would wait"
    make_set(tenant)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    assert len(read_copy(place, CopiedSet.get(CopiedSet.tenant == tenant))) == 3
    assert look_another_day(store).damage is None


def test_what_is_locked_goes_when_its_lock_ends_and_not_a_day_before(cast, redis_url, new_place):
    place = new_place("s3")
    store = removed(cast, place, copy_days=8)
    directory_id = cast.contoso.directory_id
    copy_erasure.request(store, directory_id, SYSTEM, 0)
    # Whoever has all rights here has the locks forgotten.
    CopiedSet.update(locked_until=None).execute()
    CopiedContent.update(locked_until=None).execute()
    before = set(names_in(place))
    store = look_another_day(store)
    assert store.error is None
    assert before <= set(names_in(place))
    left = erasures.removed_tenant(store, directory_id)
    assert (left.sets, left.contents, left.erasure.error) == (2, 4, None)
    assert left.locked_until >= utcnow() + 8 * DAY, "as the store says"
    there = open_store(place.address, place.credentials)
    end_locks(there, directory_id)
    there.close()
    look_another_day(store)
    assert names_in(place, layout.sets_of(directory_id)) == []
    assert erasures.of_store(store) == []


def test_a_store_that_refuses_to_delete_says_so_and_is_looked_after_all_the_same(cast, redis_url, new_place):
    """Somebody put a legal hold on what is there, be its lock over or was there none; or the key may not delete."""
    place = new_place("s3")
    store = removed(cast, place, copy_days=8)
    stray = f"{layout.sets_of(cast.contoso.directory_id)}7000000/manifest.json.age"
    there = open_store(place.address, place.credentials)
    end_locks(there, cast.contoso.directory_id)
    there.put(stray, b"sealed")
    first = CopiedContent.get(CopiedContent.directory_id == cast.contoso.directory_id)
    holds = (stray, layout.content_path(first.name))
    copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 0)
    for held in holds:
        there._client.put_object_legal_hold(**there._of(held), LegalHold={"Status": "ON"})
        CopyStore.update(verified_at=None).execute()
        store = look_another_day(store)
        assert (store.error, store.verified_at is None) == (None, False)
        [finding] = standing.of_store(store, utcnow())
        assert finding.why == standing.NOT_ERASED
        assert "Contoso" in finding.sentence
        there._client.put_object_legal_hold(**there._of(held), LegalHold={"Status": "OFF"})
        if held == stray:
            there.delete(stray)
    look_another_day(store)
    there.close()
    assert (erasures.of_store(store), standing.of_store(store, utcnow())) == ([], [])
