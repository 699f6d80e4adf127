"""Whose name and logo stand on documents: only pictures that are whole, and of a fair size."""

import struct

import pytest

from db.audit.audit import SYSTEM, Action
from db.documents import provider
from db.documents.provider import Provider, picture_size
from db.errors import Invalid
from db.models import AuditEvent, DocumentProvider
from tests.support.documents import png

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01" + b"\xff\xd9"
)  # fmt: skip


def test_a_name_and_a_logo_are_kept_changed_and_taken_away(database):
    assert provider.get() == Provider()
    provider.save(" Example  IT ", png(2, 1), SYSTEM)
    assert provider.get() == Provider("Example IT", png(2, 1), "image/png")
    provider.save("Example", None, SYSTEM)
    assert provider.get().logo == png(2, 1)
    provider.save("Example", JPEG, SYSTEM)
    assert (provider.get().logo_type, picture_size(JPEG)) == ("image/jpeg", (40, 30))
    provider.save("", b"", SYSTEM)
    assert (provider.get(), DocumentProvider.select().count()) == (Provider(), 1)
    events = AuditEvent.select().where(AuditEvent.action == Action.DOCUMENT_PROVIDER_SET).order_by(AuditEvent.id)
    assert [event.details["has_logo"] for event in events] == [True, True, True, False]


@pytest.mark.parametrize(
    ("logo", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "no PNG and no JPEG"),
        (b"\x89PNG\r\n\x1a\n<script>", "not whole"),
        (png(2, 1)[:-6], "not whole"),
        (b"\xff\xd8\xff\xe0\x00\x00\xff\xd9", "not whole"),
        (b"GIF89a", "no PNG"),
        (png(4001, 1), "at most 4000 pixels"),
        (png(2, 1) + b"x" * 600_000, "more than 512 KB"),
    ],
)
def test_anything_else_is_no_logo(database, logo, why):
    with pytest.raises(Invalid, match=why):
        provider.save("Example", logo, SYSTEM)
    assert not DocumentProvider.select().count()
