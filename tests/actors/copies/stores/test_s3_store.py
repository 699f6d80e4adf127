import io
import re
import socket

import pytest
from pytest_httpserver import HTTPServer

from actors.copies import probes
from actors.copies.stores import s3_store
from actors.copies.stores.s3_store import S3Store
from actors.copies.stores.store import StoreError, StoreRefused
from tests.support.copy_stores import S3_KEYS, new_bucket, s3_client

# What a store answers -> (is another try worth it, what the sentence says).
ANSWERS = {
    (503, "SlowDown"): (True, "busy"),
    (500, "InternalError"): (True, "busy"),
    (403, "RequestTimeTooSkewed"): (True, "clocks"),
    (403, "QuotaExceeded"): (True, "is full"),
    (400, "XMinioAdminBucketQuotaExceeded"): (True, "is full"),
    (507, "XMinioStorageFull"): (True, "is full"),
    (507, "Whatever"): (True, "is full"),
    (400, "BadDigest"): (True, "something else than was sent"),
    (403, "AccessDenied"): (False, "refuses"),
    (404, "NoSuchBucket"): (False, "no such bucket"),
    (403, "InvalidObjectState"): (False, "into an archive"),
    (400, "<script>"): (False, "refuses (?)"),
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


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidArgument", "The retain until date must be in the future!"),
        ("InvalidRequest", "the retain until date must be in the future"),
    ],
)
def test_a_clock_that_is_behind_is_said_and_does_not_look_like_a_store_that_locks_nothing(
    code, message, httpserver: HTTPServer, monkeypatch
):
    monkeypatch.setattr(s3_store, "TRIES", 1)
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    locked, ways = {"x-amz-object-lock-mode": "COMPLIANCE"}, {"content_type": "application/xml"}
    httpserver.expect_request("/bucket", method="GET").respond_with_data("<ListVersionsResult/>", **ways)
    httpserver.expect_request(re.compile("/bucket/.*"), method="DELETE").respond_with_data("", 204)
    for way in ("GET", "HEAD"):
        httpserver.expect_request(re.compile("/bucket/.*"), method=way).respond_with_data(probes.TEXT)
    httpserver.expect_request(re.compile("/bucket/.*"), method="PUT", headers=locked).respond_with_data(
        body, 400, **ways
    )
    httpserver.expect_request(re.compile("/bucket/.*"), method="PUT").respond_with_data("")
    with pytest.raises(StoreError) as error:
        probes.prove_lock(S3Store(f"s3://bucket?endpoint={httpserver.url_for('')}", S3_KEYS))
    assert (error.value.is_passing, "Set this machine's clock" in error.value.sentence) == (True, True)


def test_stores_share_what_boto3_knows_of_s3_and_no_credentials(httpserver: HTTPServer):
    """To read it anew took most of the processor time of a short look at a store."""
    httpserver.expect_request(re.compile("/bucket/.*"), method="PUT").respond_with_data("")
    address = f"s3://bucket?endpoint={httpserver.url_for('')}"
    stores = [S3Store(address, {**S3_KEYS, "access_key": key, "session_token": token})
              for key, token in (("OURS", None), ("THEIRS", "theirs"))]  # fmt: skip
    for store in stores:
        store.put("a", b"data")
    heads = [request.headers for request, _ in httpserver.log]
    assert ["Credential=OURS/" in head["Authorization"] for head in heads] == [True, False]
    assert ["Credential=THEIRS/" in head["Authorization"] for head in heads] == [False, True]
    assert [head.get("X-Amz-Security-Token") for head in heads] == [None, "theirs"]
    ours, theirs = (store._client.meta.service_model.metadata for store in stores)
    assert ours is theirs


def test_nothing_waits_for_leave_to_send_which_a_broken_connection_would_give_for_ever(httpserver: HTTPServer):
    httpserver.expect_request("/bucket/a", method="PUT").respond_with_data("")
    S3Store(f"s3://bucket?endpoint={httpserver.url_for('')}", S3_KEYS).put("a", io.BytesIO(b"data"))
    [(request, _)] = httpserver.log
    assert ("Expect" in request.headers, request.data) == (False, b"data")


def test_a_store_that_hangs_up_is_tried_again_later(monkeypatch):
    monkeypatch.setattr(s3_store, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(StoreError) as error:
        S3Store(f"s3://bucket?endpoint=http://127.0.0.1:{port}", S3_KEYS).head("a")
    assert error.value.is_passing
    assert not isinstance(error.value, StoreRefused)


def test_what_was_there_before_a_bucket_kept_versions_is_a_version_too(s3_endpoint):
    """Whoever writes over it then, or hides it, does not take it away."""
    place = new_bucket(s3_endpoint, "late", with_lock=False)
    store = S3Store(place.address, place.credentials)
    store.put("state/a", b"the true one")
    assert len(list(store.versions("state/a"))) == 1
    client = s3_client(s3_endpoint)
    client.put_bucket_versioning(Bucket="late", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="late", Key="tenant/keep/state/a", Body=b"rubbish")
    client.close()
    found = []
    for write in store.versions("state/a"):
        out = io.BytesIO()
        write(out)
        found.append(out.getvalue())
    assert found == [b"the true one", b"rubbish"]
    store.delete("state/a")
    assert list(store.all_names("state/")) == []


def test_what_a_late_list_does_not_have_yet_is_deleted_and_not_hidden_and_a_lock_is_proved(s3_endpoint, monkeypatch):
    """A deletion without a version's number succeeds whatever is locked: the store looked as if it locked nothing."""
    place = new_bucket(s3_endpoint, "lists-late")
    store = S3Store(place.address, place.credentials)
    with monkeypatch.context() as late:
        late.setattr(store, "_version_numbers", lambda *_: [])
        assert probes.prove_lock(store)
        store.put("state/a", b"short-lived")
        store.delete("state/a")
        store.delete("state/a")
    client = s3_client(s3_endpoint)
    listed = client.list_object_versions(Bucket="lists-late")
    client.close()
    assert [version["Key"][-7:] for version in listed["Versions"]] == ["-locked"]
    assert "DeleteMarkers" not in listed
