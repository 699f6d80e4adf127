"""Asking to delete a removed tenant's copies: refused where it must be, told, taken back."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import erasures, stores
from db.errors import Invalid
from db.housekeeping import copy_erasure
from db.models import AuditEvent, CopyErasure, CopyStore, Occurrence, Tenant
from db.states import NoticeEvent
from tests.support.copied import make_set

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COLUMNS = {"sealed": b"", "recipients": [], "copy_days": 30}


def test_it_is_refused_while_the_tenant_is_here_where_nothing_is_and_in_git(cast):
    store = CopyStore.create(name="Vault", address="file:///x", **COLUMNS)
    git = CopyStore.create(name="Review", address="git+file:///x", **COLUMNS)
    make_set(cast.contoso)
    # Its rows go by and by; it is here until the last is gone.
    Tenant.update(removing_since=utcnow(), is_active=False).where(Tenant.id == cast.contoso.id).execute()
    for where, directory_id, why in (
        (store, cast.contoso.directory_id, "Contoso is in this installation. Remove the tenant first"),
        (store, "nobody", "Nothing of a tenant “nobody” is on record in Vault"),
        (git, cast.contoso.directory_id, "keeps its history"),
    ):
        with pytest.raises(Invalid, match=why):
            copy_erasure.request(where, directory_id, SYSTEM, 7)
    with pytest.raises(Invalid, match="waits for its deletion in Vault"):
        copy_erasure.take_back(store, cast.contoso.directory_id, SYSTEM)
    assert not CopyErasure.select().exists()


def test_it_is_told_waits_once_and_is_taken_back_and_its_store_stays_meanwhile(cast):
    store = CopyStore.create(name="Vault", address="file:///x", **COLUMNS)
    make_set(cast.contoso)
    directory_id = cast.contoso.directory_id
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    due_at = copy_erasure.request(store, directory_id, SYSTEM, 7).due_at
    assert copy_erasure.request(store, directory_id, SYSTEM, 0).due_at == due_at, "asked twice it goes no earlier"
    assert due_at > utcnow() + timedelta(days=6)
    [told] = Occurrence.select()
    assert (told.event, told.facts["copies_of"]) == (NoticeEvent.DELETION_DUE, "Contoso")
    with pytest.raises(Invalid, match="The copies of Contoso in it are to be deleted"):
        stores.remove(store, SYSTEM)
    copy_erasure.take_back(store, directory_id, SYSTEM)
    assert erasures.of_store(store) == []
    actions = [event.action for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert actions[-2:] == ["copies:erasure-announced", "copies:erasure-taken-back"]
    stores.remove(store, SYSTEM)
