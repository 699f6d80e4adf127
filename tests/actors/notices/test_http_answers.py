"""What a receiver's answer means."""

from datetime import timedelta

import pytest

from actors.notices.guarded_http import HttpAnswer
from actors.notices.http_answers import require_taken
from db.notices.deliveries import Refusal

URL = "https://hooks.example.com/services/T012345/the-secret-path"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_2xx_is_taken(status):
    assert require_taken(HttpAnswer(status, "ok\nthen", None), URL) == f"{status} ok then"


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(301, True), (302, True), (307, True), (308, True), (400, True), (401, True), (403, True), (404, True),
     (410, True), (408, False), (425, False), (429, False), (500, False), (502, False), (503, False)],
)  # fmt: skip
def test_others_are_refused_for_now_or_for_good_and_never_repeat_the_address(status, is_final):
    with pytest.raises(Refusal) as e:
        require_taken(HttpAnswer(status, f"no: {URL} \x07 T012345 {'x' * 1000}", None), URL)
    assert e.value.is_final is is_final
    assert "the-secret-path" not in e.value.sentence
    assert "T012345" not in e.value.sentence
    assert len(e.value.sentence) < 300
    assert str(status) in e.value.sentence


def test_a_redirect_says_what_to_do():
    with pytest.raises(Refusal, match=r"redirect \(302\).*Give the address"):
        require_taken(HttpAnswer(302, "", None), URL)


def test_the_pause_that_it_asks_for_is_kept():
    for text, pause in (("30", timedelta(seconds=30)), ("0", None), ("soon", None), (None, None)):
        with pytest.raises(Refusal) as e:
            require_taken(HttpAnswer(429, "", text), URL)
        assert e.value.retry_after == pause
