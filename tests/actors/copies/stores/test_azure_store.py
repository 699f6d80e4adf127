import base64
import hashlib
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from actors.copies.stores import azure_store
from actors.copies.stores.azure_store import AzureStore
from actors.copies.stores.store import StillLocked, StoreError
from db.clock import utcnow
from tests.support.copy_stores import AZURE_KEY


class LockingContainer:
    """As the service's reference describes immutability, which its emulator has not: headers of one blob."""

    def __init__(self):
        self.blob, self.headers = None, {}

    def __call__(self, request: Request) -> Response:
        if request.method == "PUT" and request.args.get("comp") == "immutabilityPolicies":
            self.headers |= {
                name: request.headers[name] for name in dict(request.headers) if "immutability" in name.lower()
            }
            return Response(status=200)
        if request.method == "PUT":
            assert base64.b64decode(request.headers["Content-MD5"]) == hashlib.md5(request.data).digest()  # noqa: S324
            self.blob = request.data
            self.headers = {name: value for name, value in request.headers.items() if name.lower().startswith("x-ms-")}
            return Response(status=201)
        if request.method == "DELETE":
            return Response(status=409, headers={"x-ms-error-code": "BlobImmutableDueToPolicy"})
        if request.method == "GET":
            return Response("<EnumerationResults><Blobs/></EnumerationResults>", content_type="application/xml")
        told = {name: value for name, value in self.headers.items() if "immutability" in name.lower() or "meta" in name}
        return Response(status=200, headers={**told, "Content-Length": "4", "x-ms-blob-type": "BlockBlob"})


def test_a_lock_is_asked_for_with_the_blob_read_back_and_extended(httpserver: HTTPServer):
    container = LockingContainer()
    for path in ("/box", "/box/a"):
        httpserver.expect_request(path).respond_with_handler(container)
    store = AzureStore(f"azure://account/box?endpoint={httpserver.url_for('').rstrip('/')}", {"account_key": AZURE_KEY})
    until = utcnow().replace(microsecond=0) + timedelta(days=3)
    assert store.put("a", b"data", until)
    assert store.lock_of("a") == until
    store.extend_lock("a", until + timedelta(days=1))
    assert store.lock_of("a") == until + timedelta(days=1)
    with pytest.raises(StillLocked):
        store.delete("a")


@pytest.mark.parametrize(
    ("status", "code", "is_passing"),
    [
        (503, "ServerBusy", True),
        (400, "Md5Mismatch", True),
        (403, "AuthenticationFailed", False),
        (404, "ContainerNotFound", False),
    ],
)
def test_each_refusal_says_what_to_do_and_whether_to_try_again(status, code, is_passing, httpserver, monkeypatch):
    monkeypatch.setattr(azure_store, "TRIES", 0)
    httpserver.expect_request("/box/a").respond_with_data("secret", status, headers={"x-ms-error-code": code})
    store = AzureStore(f"azure://account/box?endpoint={httpserver.url_for('').rstrip('/')}", {"account_key": AZURE_KEY})
    with pytest.raises(StoreError) as error:
        store.put("a", b"data")
    assert error.value.is_passing is is_passing
    assert "secret" not in error.value.sentence
