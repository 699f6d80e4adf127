from graph.transport.batch_parts import index_parts, part_status


def test_parts_that_share_an_id_or_have_none_are_nobodys():
    parts = [{"id": "1", "n": 1}, {"id": "2"}, {"id": "2"}, {"id": 3}, "junk"]
    assert index_parts(parts) == {"1": {"id": "1", "n": 1}}


def test_a_status_that_is_none_is_a_word():
    for part in (None, {}, {"status": "200"}, {"status": 10**9}, {"status": True}):
        assert part_status(part) == "unanswered"
    assert part_status({"status": 429}) == "429"
