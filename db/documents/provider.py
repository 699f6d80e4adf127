"""The provider whose name and logo stand on documents: a row of the installation, set by an admin.

A logo is a PNG or a JPEG whose header says what it is. It is shown by other programs, so no other sort is taken: an SVG
may hold scripts.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import DocumentProvider

MAX_LOGO_BYTES = 512 * 1024
MAX_LOGO_PIXELS = 4000
MAX_NAME = 120
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Of a JPEG: the markers of frames, which hold its size (ITU-T T.81, table B.1).
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"


@dataclass(frozen=True)
class Provider:
    name: str = ""
    logo: bytes = b""
    logo_type: str = ""


def get() -> Provider:
    row = DocumentProvider.get_or_none()
    return Provider(row.name, bytes(row.logo or b""), row.logo_type or "") if row else Provider()


def save(name: str, logo: bytes | None, actor: Actor) -> None:
    """Save the name and the logo; None keeps the logo, b"" takes it away. Raises Invalid for what is no picture."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise Invalid(f"The name has more than {MAX_NAME} characters.")
    logo_type = type_of_picture(logo) if logo else None
    with database.atomic():
        columns = {"name": name} | ({} if logo is None else {"logo": logo or None, "logo_type": logo_type})
        if not DocumentProvider.update(columns).execute():
            DocumentProvider.create(id=1, **columns)
        has_logo = DocumentProvider.get().logo is not None
        audit.record(Action.DOCUMENT_PROVIDER_SET, actor, "documents", name=name, has_logo=has_logo)


def type_of_picture(data: bytes) -> str:
    """Return the media type of a logo. Raises Invalid for anything that is not a whole PNG or JPEG of a fair size."""
    if len(data) > MAX_LOGO_BYTES:
        raise Invalid(f"The logo has more than {MAX_LOGO_BYTES // 1024} KB. Make it smaller.")
    width, height = picture_size(data)
    if not (0 < width <= MAX_LOGO_PIXELS and 0 < height <= MAX_LOGO_PIXELS):
        raise Invalid(f"The logo is to be at most {MAX_LOGO_PIXELS} pixels wide and high.")
    return "image/png" if data.startswith(_PNG) else "image/jpeg"


def picture_size(data: bytes) -> tuple[int, int]:
    """Return a picture's width and height in pixels, as its header says. Raises Invalid."""
    size = None
    if data.startswith(_PNG) and data.rstrip().endswith(_PNG_END) and data[12:16] == b"IHDR":
        size = struct.unpack(">II", data[16:24])
    elif data.startswith(_JPEG) and _JPEG_END in data[-64:]:
        size = next(_jpeg_sizes(data), None)
    if size is None:
        raise Invalid("The logo is no PNG and no JPEG, or is not whole. Give one of these.")
    return int(size[0]), int(size[1])


def _jpeg_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            yield int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        if length < 2:
            return
        at += 2 + length
