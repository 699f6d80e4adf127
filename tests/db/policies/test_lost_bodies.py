import pytest

from db.encryption import SealError
from db.models import Content
from db.policies import lost_bodies, snapshots


def test_only_what_is_lost_gets_the_body_that_was_read_anew(cast):
    lost, kept = (snapshots.save_content(cast.contoso.id, {"body": {}}, mark) for mark in ("lost", "kept"))
    other = snapshots.save_content(cast.fabrikam.id, {"body": {}}, "lost")
    Content.update(sealed=lost_bodies.LOST).where(Content.id.in_([lost, other])).execute()
    assert [lost_bodies.is_lost(Content.get_by_id(content_id)) for content_id in (lost, kept, other)] == [
        True,
        False,
        True,
    ]
    document = {"body": {"read": "anew"}, "assignments": None}
    for mark in ("lost", "kept"):
        snapshots.save_content(cast.contoso.id, document, mark)
    assert [lost_bodies.is_lost(Content.get_by_id(content_id)) for content_id in (lost, kept, other)] == [
        False,
        False,
        True,
    ]
    assert [snapshots.read_content(content_id) for content_id in (lost, kept)] == [document, {"body": {}}]


def test_reading_it_anew_mends_a_body_that_does_not_open(cast):
    """A capture called it unchanged, and it stayed as it was, though the page says to capture it again."""
    document = {"body": {"read": "anew"}, "assignments": None}
    content_id = snapshots.save_content(cast.contoso.id, document, "mark")
    sealed = bytes(Content.get_by_id(content_id).sealed)
    another_key = sealed[:1] + b"\xff" * 4 + sealed[5:]
    for damaged in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:20], another_key):
        Content.update(sealed=damaged).where(Content.id == content_id).execute()
        with pytest.raises(SealError):
            snapshots.read_content(content_id)
        assert snapshots.save_content(cast.contoso.id, document, "mark") == content_id
        assert snapshots.read_content(content_id) == document
