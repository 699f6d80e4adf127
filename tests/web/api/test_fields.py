"""Ids and times that a program gives, also such as no row and no calendar has."""

import pytest


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_no_id_or_time_can_be_is_400_and_what_is_merely_far_away_finds_nothing_or_all(api, cast, captured):
    program = api(cast.root)
    for words, status, count in (
        ("tenant=0", 400, None),
        ("tenant=99999999999999999999", 400, None),
        ("tenant=9223372036854775807", 404, None),
        ("since=yesterday", 400, None),
        ("since=0001-01-01T00:00:00%2B14:00", 200, 4),
        ("until=9999-12-31T23:59:59-14:00", 200, 4),
        ("since=2099-01-01", 200, 0),
    ):
        answer = program.get(f"/runs?{words}")
        assert (answer.status_code, len(answer.json.get("items", [])) if count is not None else None) == (
            status, count,
        ), (words, answer.json)  # fmt: skip
