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
