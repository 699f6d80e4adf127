"""The snapshots that a backup set lists, kept once per tenant: docs/decisions/0010-manifests-once.md.

Packed as the differences between rising ids, each in seven-bit groups, then compressed: about a byte for each snapshot.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator

from db.models import Manifest, Tenant


def save(tenant: Tenant | int, snapshot_ids: Iterable[int]) -> Manifest:
    """Return the manifest of these snapshots, creating it unless the tenant has an equal one.

    Call it in the transaction that makes a set refer to it: until its end the row is ours, or a pruning could take it
    away.
    """
    ids = sorted(set(snapshot_ids))
    packed = pack(ids)
    fingerprint = hashlib.sha256(packed).hexdigest()
    same = (Manifest.tenant == tenant) & (Manifest.fingerprint == fingerprint)
    if not Manifest.update(count=len(ids)).where(same).execute():
        # Another may have made it since: then it is that row, and ours as well.
        Manifest.insert(tenant=tenant, fingerprint=fingerprint, packed=packed, count=len(ids)).on_conflict(
            conflict_target=[Manifest.tenant, Manifest.fingerprint], update={Manifest.count: len(ids)}
        ).execute()
    return Manifest.get(same)


def snapshot_ids(manifest: Manifest | None) -> list[int]:
    return unpack(bytes(manifest.packed)) if manifest else []


def pack(ids: list[int]) -> bytes:
    return zlib.compress(bytes(_seven_bit_groups(ids)), 9)


def unpack(packed: bytes) -> list[int]:
    ids, last, value, shift = [], 0, 0, 0
    for byte in zlib.decompress(packed):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            last += value
            ids.append(last)
            value = shift = 0
    return ids


def _seven_bit_groups(ids: list[int]) -> Iterator[int]:
    last = 0
    for snapshot_id in ids:
        step, last = snapshot_id - last, snapshot_id
        while step > 0x7F:
            yield step & 0x7F | 0x80
            step >>= 7
        yield step
