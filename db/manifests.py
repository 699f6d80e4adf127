"""The snapshots that a backup set lists, kept once per tenant: a night on which nothing changed costs one row.

Packed as the differences between rising ids, each in seven-bit groups, then compressed: about a byte for each snapshot.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator

from db import upserts
from db.models import Manifest, Tenant


def keep(tenant: Tenant | int, snapshot_ids: Iterable[int]) -> Manifest:
    """The manifest of these snapshots; an equal one is found, not made again."""
    ids = sorted(set(snapshot_ids))
    packed = pack(ids)
    mark = hashlib.sha256(packed).hexdigest()
    owner = tenant.id if isinstance(tenant, Tenant) else tenant
    row = {"tenant": owner, "fingerprint": mark, "packed": packed, "count": len(ids)}
    upserts.add(Manifest, (Manifest.tenant, Manifest.fingerprint), [row])
    return Manifest.get((Manifest.tenant == owner) & (Manifest.fingerprint == mark))


def snapshot_ids(manifest: Manifest | None) -> list[int]:
    return unpack(bytes(manifest.packed)) if manifest else []


def pack(ids: list[int]) -> bytes:
    return zlib.compress(bytes(_groups(ids)), 9)


def unpack(packed: bytes) -> list[int]:
    found, last, value, shift = [], 0, 0, 0
    for byte in zlib.decompress(packed):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            last += value
            found.append(last)
            value = shift = 0
    return found


def _groups(ids: list[int]) -> Iterator[int]:
    last = 0
    for one in ids:
        step, last = one - last, one
        while step > 0x7F:
            yield step & 0x7F | 0x80
            step >>= 7
        yield step
