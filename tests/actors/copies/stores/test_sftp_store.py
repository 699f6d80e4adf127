import pytest

from actors.copies.stores.opening import open_store
from actors.copies.stores.sftp_store import SftpStore
from actors.copies.stores.store import StoreRefused


def test_another_host_key_or_user_is_refused_before_anything_is_said(new_place):
    place = new_place("sftp")
    other_key = place.address.partition("SHA256:")[0] + "SHA256:" + "A" * 43
    with pytest.raises(StoreRefused, match="another host key"):
        open_store(other_key, place.credentials)
    with pytest.raises(StoreRefused, match="does not let this user in"):
        open_store(place.address, {"password": "wrong"})
    with pytest.raises(StoreRefused, match="private key cannot be read"):
        SftpStore(place.address, {"private_key": "no key"})
