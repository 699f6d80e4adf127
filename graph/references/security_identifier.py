"""The security identifiers of Entra's objects: an object id in another spelling.

Its sixteen bytes, read as four little-endian numbers, stand behind S-1-12-1 (learn.microsoft.com: group resource type,
securityIdentifier; the arithmetic is what Micke-K/IntuneManagement and others convert by).
"""

import re
import struct
import uuid

PATTERN = re.compile(r"S-1-12-1(?:-\d{1,10}){4}(?![\d-])")


def to_object_id(sid: str) -> str:
    """Return the object id in a security identifier; "" where its numbers are too large for one."""
    numbers = [int(number) for number in sid.split("-")[4:]]
    if any(number > 0xFFFFFFFF for number in numbers):
        return ""
    return str(uuid.UUID(bytes_le=struct.pack("<4I", *numbers)))


def from_object_id(guid: str) -> str:
    numbers = struct.unpack("<4I", uuid.UUID(guid).bytes_le)
    return "S-1-12-1-" + "-".join(map(str, numbers))
