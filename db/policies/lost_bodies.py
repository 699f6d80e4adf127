"""Contents without a body that opens: a recovery brought back the name alone, a key is gone, a row was damaged.

db/installation/lost_contents.py is that recovery. Whoever reads such a content anew gives it its body. Otherwise it
would be lost for good: each capture would find it to be there, and a backup would call its policy unchanged.
"""

from collections.abc import Callable, Mapping

from db.encryption import SealError
from db.models import Content
from db.sql.value_lists import is_in

# What a content that no store had has instead of its sealed body.
LOST = b""


def is_lost(content: Content) -> bool:
    return bool(content.sealed == LOST)


def _opens(content: Content, unseal: Callable[[Content], bytes]) -> bool:
    try:
        unseal(content)
    except SealError:
        return False
    return True


def fill(
    tenant_id: int, sealers: Mapping[str, Callable[[], tuple[bytes, int]]], unseal: Callable[[Content], bytes]
) -> None:
    """Give those that do not open their bodies: fingerprint -> what seals it, and says its plain size."""
    if not sealers:
        return
    columns = (Content.id, Content.tenant, Content.fingerprint, Content.sealed)
    is_meant = (Content.tenant == tenant_id) & is_in(Content.fingerprint, list(sealers))
    for content in Content.select(*columns).where(is_meant).order_by(Content.id):
        if _opens(content, unseal):
            continue
        sealed, plain_bytes = sealers[content.fingerprint]()
        filled = Content.update(sealed=sealed, plain_bytes=plain_bytes)
        filled.where((Content.id == content.id) & (Content.sealed == content.sealed)).execute()
