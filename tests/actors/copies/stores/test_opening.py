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
