import pytest

from actors.copies.stores.opening import open_store
from actors.copies.stores.store import StoreError


@pytest.mark.parametrize(
    "address", ["", "ftp://host/x", "file:///no/such/folder", "https://host", "s3", "git+https://host/x"]
)
def test_an_address_that_leads_to_no_store_is_refused(address):
    with pytest.raises(StoreError) as refusal:
        open_store(address, {})
    assert refusal.value.sentence.endswith(".")


S3_KEYS = {"access_key": "a", "secret_key": "b"}
NOWHERE = "endpoint=http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("address", "credentials"),
    [
        (f"s3://bucket?region=eu_1&{NOWHERE}", S3_KEYS),
        (f"s3://No_Bucket!?{NOWHERE}", S3_KEYS),
        (f"s3://bucket?endpoint=http://{'a' * 70}.example:9", S3_KEYS),
        ("azure://a..b/container", {"account_key": "YWJj"}),
        (f"azure://account/container?{NOWHERE}/", {"sas_token": "…"}),
        (f"azure://account/container?{NOWHERE}", {"account_key": "not whole!"}),
        (f"file:///{'a' * 300}", {}),
    ],
)
def test_what_no_client_takes_is_refused_with_a_sentence_and_is_no_fault_of_ours(address, credentials):
    with pytest.raises(StoreError) as refusal:
        open_store(address, credentials).head("x")
    assert refusal.value.sentence.endswith((".", "?"))
    assert "not whole!" not in refusal.value.sentence
