"""Contents of which a recovery brought back the name alone: no store had their bodies.

db/installation/lost_contents.py is that recovery. Whoever reads such a content anew gives it its body. Otherwise it
would be lost for good: each capture would find it to be there, and a backup would call its policy unchanged.
"""

from collections.abc import Callable, Mapping

from db.models import Content
from db.sql.value_lists import is_in

# What such a content has instead of its sealed body.
LOST = b""


def is_lost(content: Content) -> bool:
    return bool(content.sealed == LOST)


def fill(tenant_id: int, sealers: Mapping[str, Callable[[], tuple[bytes, int]]]) -> None:
    """Give those that are lost their bodies: fingerprint -> what seals it, and says its plain size."""
    if not sealers:
        return
    is_empty = (Content.tenant == tenant_id) & (Content.sealed == LOST)
    rows = Content.select(Content.id, Content.fingerprint).where(is_empty & is_in(Content.fingerprint, list(sealers)))
    for content_id, fingerprint in rows.order_by(Content.id).tuples():
        sealed, plain_bytes = sealers[fingerprint]()
        filled = Content.update(sealed=sealed, plain_bytes=plain_bytes)
        filled.where((Content.id == content_id) & is_empty).execute()
