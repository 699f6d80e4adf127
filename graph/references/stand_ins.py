"""Stand-ins: ids for objects of which another tool kept only the name.

Every reference of ours has an id. Where an export says a name instead, an id is made from it that no tenant can have:
it begins with “name” in ASCII and has the version 8 of RFC 9562, which is free for such use; Microsoft's ids have 4.
The same object gets the same stand-in, so a mapping for it is kept.
"""

import hashlib
import re

_STAND_IN = re.compile(r"6e616d65-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def stand_in(kind: str, name: str) -> str:
    """Return the stand-in for the object of this kind and name."""
    digest = hashlib.sha256(f"{kind}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"6e616d65-{digest[:4]}-8{digest[4:7]}-8{digest[7:10]}-{digest[10:22]}"


def is_stand_in(object_id: str) -> bool:
    return bool(_STAND_IN.fullmatch(object_id))


# The directory of an export that does not say which one it is of.
UNKNOWN_DIRECTORY = stand_in("directories", "")
