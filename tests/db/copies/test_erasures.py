"""What is on record in a store of tenants that are no longer here, and how far its deletion is."""

from datetime import timedelta

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import erasures
from db.housekeeping import copy_erasure
from db.models import AuditEvent, CopiedContent, CopiedSet, CopyErasure, CopyStore, Tenant
from tests.support.copied import make_set

DAY = timedelta(days=1)
COLUMNS = {"address": "file:///x", "sealed": b"", "recipients": [], "copy_days": 30}


def put_content(store, directory_id, name, locked_until=None):
    sums = {"sha256": "a", "checksum": "b", "plain_bytes": 1, "stored_bytes": 2, "kept_until": utcnow()}
    facts = {"directory_id": directory_id, "name": name, "locked_until": locked_until}
    return CopiedContent.create(store=store, **facts, **sums)


def test_every_tenant_that_is_gone_is_found_with_what_is_left_of_it_and_until_when_it_is_locked(cast, statements):
    store, other = (CopyStore.create(name=name, **COLUMNS) for name in ("Vault", "Other"))
    make_set(cast.contoso)
    make_set(cast.fabrikam)
    until = utcnow().replace(microsecond=0) + 9 * DAY
    put_content(store, cast.contoso.directory_id, "a", until)
    put_content(store, cast.contoso.directory_id, "b", utcnow() - DAY)
    # Of one that had single captures alone, no set tells a name; and a lock that is over is none.
    put_content(store, "lone", "c", utcnow() - DAY)
    put_content(other, "elsewhere", "d")
    assert erasures.removed_directories(store) == ["lone"]
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    found = {each.directory_id: each for each in erasures.removed_tenants(store, erasures.removed_directories(store))}
    assert list(found) == sorted([cast.contoso.directory_id, "lone"])
    contoso = found[cast.contoso.directory_id]
    assert (contoso.name, contoso.sets, contoso.contents, contoso.locked_until) == ("Contoso", 1, 2, until)
    assert (found["lone"].name, found["lone"].locked_until) == ("lone", None)
    of_one = statements(lambda: erasures.removed_tenants(store, ["lone"]))
    assert statements(lambda: erasures.removed_tenants(store, list(found))) == of_one
    # All is gone but what has no row here, as the store answered.
    erasure = copy_erasure.request(store, "lone", SYSTEM, 0)
    assert erasures.removed_directories(store) == ["lone", cast.contoso.directory_id], "those that wait, first"
    CopiedContent.delete().where(CopiedContent.directory_id == "lone").execute()
    erasures.note_rest(erasure, until)
    assert erasures.removed_tenant(store, "lone").locked_until == until
    assert [due.directory_id for due in erasures.due(store, utcnow())] == ["lone"]


def test_what_goes_is_counted_and_told_once_all_is_gone(cast):
    store = CopyStore.create(name="Vault", **COLUMNS)
    make_set(cast.contoso)
    content = put_content(store, cast.contoso.directory_id, "a")
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    erasure = copy_erasure.request(store, cast.contoso.directory_id, SYSTEM, 0)
    assert erasures.begin(erasure)
    begun_at = CopyErasure.get().begun_at
    [number] = erasures.set_numbers(erasure)
    for folder in (number, "nobody's", "9" * 40):
        erasures.forget_set(erasure, folder, was_there=True)
    CopiedContent.update(is_going=True).execute()
    erasures.forget_contents(erasure, [content.id])
    assert erasures.begin(erasure)
    now = CopyErasure.get()
    assert (now.sets, now.contents, now.begun_at) == (3, 1, begun_at)
    assert not erasures.has_contents(erasure)
    assert not CopiedSet.select().exists()
    for _ in range(2):
        erasures.finish(erasure)
    [event] = AuditEvent.select().where(AuditEvent.action == "copies:erased")
    told = {"store": "Vault", "directory_id": cast.contoso.directory_id, "sets": 3, "contents": 1}
    assert event.details == told
    assert not erasures.begin(erasure), "nobody wants it any more"
