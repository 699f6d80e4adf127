"""When a secret ends: what answers mean that say too little."""

from datetime import datetime

import pytest

from graph.auth import secret_expiry


class Answers:
    def __init__(self, answer):
        self.answer = answer

    def get(self, path):
        return self.answer


@pytest.mark.parametrize(
    ("held", "end"),
    [
        ([{"hint": "abc", "endDateTime": "2099-06-30T12:00:00+02:00"}], datetime(2099, 6, 30, 10)),
        ([{"hint": "xyz", "endDateTime": "2099-06-30T10:00:00Z"}], None),
        ([{"hint": "abc", "endDateTime": "soon"}], None),
        ([{"hint": "abc", "endDateTime": "2099-06-30T10:00:00Z"}] * 2, None),
        ("nonsense", None),
    ],
)
def test_end_is_that_of_the_only_secret_that_begins_as_ours(held, end):
    answer = Answers({"value": [{"passwordCredentials": held}, "nonsense"]})
    assert secret_expiry.find_secret_end(answer, "app", "abcdef") == end


def test_only_whoever_may_read_apps_asks():
    assert secret_expiry.may_ask(frozenset({"Directory.Read.All"}))
    assert not secret_expiry.may_ask(frozenset({"Policy.Read.All"}))
