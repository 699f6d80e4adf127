import pytest

from db.audit.audit import SYSTEM
from db.copies import stores
from db.errors import Invalid
from db.models import AuditEvent, CopyStore

HOST_KEY = "host_key=SHA256:" + "A" * 43
RIGHT = {
    "s3://bucket": {"access_key": "a", "secret_key": "b"},
    "s3://bucket/deep/prefix?endpoint=https://s3.example&region=eu-1": {"access_key": "a", "secret_key": "b"},
    "azure://account/container": {"sas_token": "t"},
    f"sftp://me@host:2222/x?{HOST_KEY}": {"private_key": "k", "passphrase": "p"},
    "file:///mnt/copies": {},
    "git+file:///srv/policies.git?branch=audit/main": {},
    f"git+ssh://git@host/x.git?{HOST_KEY}": {"private_key": "k"},
}
WRONG = (
    "", "ftp://host", "s3://", "s3://user:word@bucket", "s3://bucket#x", "s3://bucket?profile=mine", "s3://b b",
    "s3://bucket?endpoint=ftp://x", "s3://bucket?endpoint=https://me@x", "azure://account", "sftp://host/x",
    "sftp://me@host/x", "sftp://me@host/x?host_key=MD5:1", "file://host/x", "file:///", "file:///a/../b", "s3://b:x/",
    "s3://bucket/" + "x" * 1000, "git://host/x", "git+ftp://host/x", "git+https://host", "git+http://host/x.git",
    "git+https://me:word@host/x", "git+https://host/x?branch=a..b", "git+https://host/x?branch=-a",
    "git+https://host/x?branch=a.lock", "git+https://host/x?branch=.git", f"git+https://host/x?{HOST_KEY}",
    "git+ssh://git@host/x", "git+file://x", "s3://bucket?endpoint=https://x:99999", "s3://bucket?region=eu_1",
)  # fmt: skip


@pytest.mark.parametrize("address", WRONG)
def test_an_address_that_is_none_is_refused_with_what_to_do(address):
    with pytest.raises(Invalid):
        stores.checked_address(address)


@pytest.mark.parametrize("address", RIGHT)
def test_what_signs_in_fits_the_address_and_is_in_no_refusal(address):
    credentials = RIGHT[address]
    assert stores.checked_address(address) == address
    assert stores.checked_credentials(address, credentials) == credentials
    with pytest.raises(Invalid) as refusal:
        stores.checked_credentials(address, {**credentials, "other": "hunter2"})
    assert "hunter2" not in str(refusal.value)
    if credentials:
        with pytest.raises(Invalid):
            stores.checked_credentials(address, {})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_store_is_sealed_changed_asked_and_removed_and_every_act_is_audited(cast):
    def add(name="Vault", address="s3://bucket", **more):
        given = {"copy_days": 30, "needs_lock": True, "recipients": ["age1x"], **more}
        return stores.add(name, address, {"access_key": "a", "secret_key": "hunter2"}, SYSTEM, **given)

    store = add()
    assert b"hunter2" not in bytes(store.sealed)
    assert stores.open_credentials(store)["secret_key"] == "hunter2"
    for wrong in ({"recipients": []}, {"copy_days": 0}, {"bytes_per_second": 1}, {"name": " "}, {"name": "vault"}):
        with pytest.raises(Invalid):
            add(**{"name": "Other", "address": "s3://other", **wrong})
    change = {"name": "Vault", "copy_days": 31, "needs_lock": True, "bytes_per_second": None, "is_active": True}
    stores.change(store, SYSTEM, **change, credentials={"access_key": "c", "secret_key": "d"})
    store = CopyStore.get()
    assert stores.open_credentials(store) == {"access_key": "c", "secret_key": "d"}
    stores.ask(store, SYSTEM, "verify")
    stores.remove(store, SYSTEM)
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("copy-store:"))]
    assert acts == ["copy-store:added", "copy-store:changed", "copy-store:asked", "copy-store:removed"]
    assert not any("hunter2" in str(event.details) for event in AuditEvent.select())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_two_stores_are_at_one_place_however_it_is_written(cast):
    """Each tidies up by what it knows: it would delete what the other still needs."""

    def add(name, address):
        given = {"copy_days": 30, "needs_lock": False, "recipients": ["age1x"]}
        return stores.add(name, address, {"access_key": "a", "secret_key": "b"}, SYSTEM, **given)

    add("Vault", "s3://bucket/a%20b?region=eu&endpoint=https://s3.example.com")
    for same in (
        "s3://bucket/a%20b/?endpoint=https://S3.example.com/",
        "s3://bucket//%61%20b?endpoint=https://s3.example.com",
    ):
        with pytest.raises(Invalid, match="“Vault” is at this address"):
            add("Other", same)
    for other in ("s3://bucket/a%20b/c?endpoint=https://s3.example.com", "s3://bucket/a%20b"):
        add(other[-9:], other)
