"""Contents of standards are kept once, sealed to their standard."""

import pytest

from db.encryption import SealError
from db.models import Standard, StandardContent
from db.standards import contents


def standard(name):
    return Standard.create(name=name, uid=name)


def test_a_content_is_kept_once_and_opens_only_as_what_it_is(database):
    one, other = standard("one"), standard("other")
    wanted = {"a" * 64: {"body": {"displayName": "Ümläut \ud83d"}, "assignments": None}, "b" * 64: {"body": {}}}
    ids = contents.save(one, wanted)
    assert contents.save(one, wanted) == ids
    assert contents.save(other, wanted).keys() == ids.keys()
    assert StandardContent.select().count() == 4
    rows = StandardContent.select().where(StandardContent.standard == one)
    assert {row.fingerprint: contents.open_content(row) for row in rows} == wanted
    assert b"displayName" not in bytes(rows[0].sealed)
    moved = StandardContent.get(StandardContent.standard == other)
    moved.standard_id = one.id
    with pytest.raises(SealError):
        contents.open_content(moved)
