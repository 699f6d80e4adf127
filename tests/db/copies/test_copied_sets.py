import pytest

from db.copies import copied_sets
from db.models import BackupSet, CopiedSet, CopyStore, Manifest, Tenant
from db.states import CopyState
from tests.db.copies.test_standing import COLUMNS
from tests.support.copied import make_set


def test_a_set_waits_once_for_each_store_and_its_row_outlives_set_and_tenant(cast):
    stores = [CopyStore.create(**{**COLUMNS, "name": name}) for name in ("One", "Two")]
    off = CopyStore.create(**{**COLUMNS, "name": "Off"}, is_active=False)
    backup_set = make_set(cast.contoso)
    copied_sets.await_copies(backup_set)
    assert {row.store_id for row in CopiedSet.select()} == {store.id for store in stores}
    copied_sets.await_newest(off)
    assert CopiedSet.select().count() == 3
    assert [row.set_number for row in copied_sets.due(stores[0], 4)] == [backup_set.id]
    assert copied_sets.behind_since(stores[0]) == CopiedSet.get().set_at
    BackupSet.delete().where(BackupSet.id == backup_set.id).execute()
    Manifest.delete().execute()
    [row] = copied_sets.of_store(stores[0], 9)
    assert (row.backup_set_id, row.set_number, row.tenant_name) == (None, backup_set.id, "Contoso")
    CopiedSet.update(state=CopyState.COMPLETE).where(CopiedSet.store == stores[1].id).execute()
    assert [copied_sets.forget_lost(store) for store in stores] == [1, 0]
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    assert copied_sets.of_store(stores[1], 9)[0].directory_id == cast.contoso.directory_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_push_whose_run_is_no_more_is_begun_again(cast):
    store = CopyStore.create(**COLUMNS)
    make_set(cast.contoso)
    CopiedSet.update(state=CopyState.PUSHING).execute()
    assert copied_sets.due(store, 4) == []
    copied_sets.release_stranded(store)
    assert len(copied_sets.due(store, 4)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_a_tenant_one_set_is_pushed_at_a_time(cast):
    """Its sets have nearly the same contents, which each would send or wait for."""
    store = CopyStore.create(**COLUMNS)
    first, second = (make_set(cast.contoso).id for _ in range(2))
    other = make_set(cast.fabrikam).id

    def due(limit=4):
        return [row.set_number for row in copied_sets.due(store, limit)]

    def be(state, number):
        CopiedSet.update(state=state).where(CopiedSet.set_number == number).execute()

    assert due() == [first, other]
    assert due(limit=1) == [first]
    be(CopyState.PUSHING, first)
    assert due() == [other]
    assert due(limit=1) == []
    be(CopyState.COMPLETE, first)
    assert due() == [second, other]
