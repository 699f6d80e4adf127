import base64

import pytest

from db.copies import signer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SUM = "ab" * 32


def test_a_signature_is_of_one_name_one_content_and_one_installation(database):
    own = signer.own_signer()
    signature = own.sign("sets/a", SUM)
    assert signer.is_signed(own.public_key, "sets/a", SUM, signature)
    other = base64.b64encode(bytes(32)).decode()
    for key, name, checksum, given in (
        (own.public_key, "sets/b", SUM, signature),
        (own.public_key, "sets/a", "cd" * 32, signature),
        (other, "sets/a", SUM, signature),
        (own.public_key, "sets/a", SUM, b"x" * 88),
        ("no key", "sets/a", SUM, signature),
        (own.public_key, "sets/a", SUM, b"\xff\x00"),
    ):
        assert not signer.is_signed(key, name, checksum, given)


def test_the_name_of_a_content_is_the_same_each_time_and_another_for_each_tenant(database):
    first, again = signer.own_signer(), signer.own_signer()
    assert first.installation == again.installation
    assert first.content_name("a", "f" * 64) == again.content_name("a", "f" * 64)
    assert len({first.content_name("a", "f" * 64), first.content_name("b", "f" * 64), "f" * 64}) == 3
