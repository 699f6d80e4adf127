import pytest

from graph.auth.certificate import certificate_end, parse_certificate_file
from tests.graph.auth.key_files import ENDS, certificate_pem, key_pem, new_key, pfx, self_signed


@pytest.fixture(scope="module")
def key():
    return new_key()


@pytest.fixture(scope="module")
def certificate(key):
    return self_signed(key)


def test_pem_and_pfx_hold_the_same_certificate(key, certificate):
    plain = parse_certificate_file((key_pem(key) + certificate_pem(certificate)).encode())
    locked = parse_certificate_file((key_pem(key, b"open") + certificate_pem(certificate)).encode(), "open")
    assert plain == locked == parse_certificate_file(pfx(key, certificate, b"open"), "open")
    assert plain.private_key_pem not in repr(plain)


def test_certificate_file_that_lacks_something_says_what(key, certificate):
    for data, passphrase, sentence in (
        (certificate_pem(certificate).encode(), None, "both"),
        ((key_pem(key, b"open") + certificate_pem(certificate)).encode(), "wrong", "wrong passphrase"),
        ((key_pem(new_key()) + certificate_pem(certificate)).encode(), None, "does not belong"),
        (b"\x30\x82rubbish", None, "PFX"),
    ):
        with pytest.raises(ValueError, match=sentence):
            parse_certificate_file(data, passphrase)


def test_certificate_end_is_naive_utc(certificate):
    assert certificate_end(certificate_pem(certificate)) == ENDS
