import pytest

from actors.copies.git.remote import Remote
from actors.copies.stores.store import StoreRefused


def test_another_server_or_key_is_refused_before_anything_is_said(new_place):
    place = new_place("git-ssh")
    other_key = place.address.partition("SHA256:")[0] + "SHA256:" + "A" * 43
    with pytest.raises(StoreRefused, match="another host key"):
        Remote(other_key, place.credentials).check_push()
    with pytest.raises(StoreRefused, match="does not let this user in"):
        Remote(place.address.replace("git@", "root@"), place.credentials).check_push()
    Remote(place.address, place.credentials).check_push()
