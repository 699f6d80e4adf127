"""Backup sets made without Graph, a store that is looked after, and a copy read back as whoever recovers would."""

import gzip
import hashlib
import json

import pyrage

from actors.copies import layout, push, tending
from actors.copies.stores.opening import open_store
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.copies import copied_sets, looks, signer, stores
from db.models import BackupSet, CopiedSet, CopyStore, Policy, Run
from db.states import CopyState, RunKind, SetState
from tests.support.captures import capture_by_hand

RECOVERY_KEY = pyrage.x25519.Identity.generate()


def make_set(tenant, actor=SYSTEM, policies=3, changed=None):
    """A finished set of the tenant: its policies as they were, but for `changed`, which gets another body."""
    rows = list(
        Policy.select().where(Policy.tenant == tenant, Policy.graph_id.startswith("copied-")).order_by(Policy.id)
    )
    for number in range(len(rows), policies):
        name = f"copied-{number}"
        rows.append(
            Policy.create(tenant=tenant, policy_type="configurationPolicies", graph_id=name, name=f"Ring {number}")
        )
    ids = []
    for number, row in enumerate(rows):
        newest = row.snapshots.order_by(row.snapshots.model.id.desc()).first()
        if newest is None or number == changed:
            _, newest = capture_by_hand(
                row, actor, {"name": row.name, "secret": "swordfish", "number": utcnow().isoformat()}
            )
        ids.append(newest.id)
    backup_set = BackupSet.create(
        tenant=tenant,
        state=SetState.COMPLETE,
        selection={},
        types={},
        problems=[],
        completed_at=utcnow(),
        manifest=manifests.save(tenant, ids),
    )
    copied_sets.await_copies(backup_set)
    return backup_set


def add_store(place, *, copy_days=30, bytes_per_second=None, recipients=None):
    """A store of copies, looked at once."""
    store = stores.add(
        f"Store {place.address[-40:]}",
        place.address,
        place.credentials,
        SYSTEM,
        copy_days=copy_days,
        needs_lock=place.locks,
        recipients=[] if place.kind == "git" else recipients or [str(RECOVERY_KEY.to_public())],
        bytes_per_second=bytes_per_second,
    )
    return look_after(store)


def look_after(store):
    row = CopyStore.get_by_id(store.id)
    assert looks.claim(row)
    tending.tend.fn(store_id=row.id, claim=row.claimed_by)
    return CopyStore.get_or_none(CopyStore.id == store.id)


def push_all(store):
    """Push what waits for the store, each in one message; return the runs."""
    found = []
    for _ in range(20):
        push.start_due(CopyStore.get_by_id(store.id))
        runs = list(Run.select().where(Run.kind == RunKind.PUSH, Run.state == "queued").order_by(Run.id))
        for run in runs:
            push.push.fn(run.id)
        found += [Run.get_by_id(run.id) for run in runs]
        if not CopiedSet.select().where(CopiedSet.store == store, CopiedSet.state == CopyState.WAITING).exists():
            break
    return found


def opened(data):
    """What the recovery key and gunzip make of a file of a store."""
    return gzip.decompress(pyrage.decrypt(data, [RECOVERY_KEY]))


def read_copy(place, copied):
    """The documents of a copy, by policy name, read with nothing but the store and the key; everything is checked."""
    store = open_store(place.address, place.credentials)
    first = json.loads(store.get(layout.FIRST_FILE))
    path = layout.manifest_path(copied)
    sealed = store.get(path)
    checksum = hashlib.sha256(sealed).hexdigest()
    assert signer.is_signed(first["signer"], path, checksum, store.get(layout.signature_path(path)))
    manifest, found = json.loads(opened(sealed)), {}
    for item in manifest["items"]:
        plain = opened(store.get(layout.content_path(item["content"])))
        assert hashlib.sha256(plain).hexdigest() == item["sha256"]
        found[item["name"]] = json.loads(plain)
    store.close()
    return found
