import socket

import pytest
from pytest_httpserver import HTTPServer

from actors.copies.stores import s3_store
from actors.copies.stores.s3_store import S3Store
from actors.copies.stores.store import StoreError, StoreRefused
from tests.support.copy_stores import S3_KEYS

# What a store answers -> (is another try worth it, what the sentence says).
ANSWERS = {
    (503, "SlowDown"): (True, "busy"),
    (500, "InternalError"): (True, "busy"),
    (403, "RequestTimeTooSkewed"): (True, "clocks"),
    (400, "BadDigest"): (True, "something else than was sent"),
    (403, "AccessDenied"): (False, "refuses"),
    (404, "NoSuchBucket"): (False, "no such bucket"),
    (400, "<script>"): (False, "an error"),
}


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_each_refusal_says_what_to_do_and_whether_to_try_again(answer, httpserver: HTTPServer, monkeypatch):
    monkeypatch.setattr(s3_store, "TRIES", 1)
    status, code = answer
    text = code.replace("<", "&lt;")
    body = f"<Error><Code>{text}</Code><Message>secret-of-ours</Message></Error>"
    httpserver.expect_request("/bucket/a", method="PUT").respond_with_data(body, status, content_type="application/xml")
    store = S3Store(f"s3://bucket?endpoint={httpserver.url_for('')}", S3_KEYS)
    with pytest.raises(StoreError) as error:
        store.put("a", b"data")
    is_passing, words = ANSWERS[answer]
    assert error.value.is_passing is is_passing
    assert words in error.value.sentence
    assert "secret-of-ours" not in error.value.sentence
    assert "<" not in error.value.sentence


def test_a_store_that_hangs_up_is_tried_again_later(monkeypatch):
    monkeypatch.setattr(s3_store, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(StoreError) as error:
        S3Store(f"s3://bucket?endpoint=http://127.0.0.1:{port}", S3_KEYS).head("a")
    assert error.value.is_passing
    assert not isinstance(error.value, StoreRefused)
