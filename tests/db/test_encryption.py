"""What is sealed opens for its owner alone, and only as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.encryption import Keyring, SealError
from tests.support.strategies import texts

owners = texts.filter(lambda text: "\ud800" not in text and text.isprintable())
key = st.binary(min_size=32, max_size=32)


@given(st.binary(), owners, key)
def test_anything_sealed_opens_again(plain, owner, secret):
    ring = Keyring([secret])
    assert ring.unseal(ring.seal(plain, owner), owner) == plain


@given(st.binary(max_size=40), owners, key, st.data())
def test_a_changed_a_missing_and_an_added_byte_refuse(plain, owner, secret, data):
    ring = Keyring([secret])
    sealed = ring.seal(plain, owner)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.integers(1, 255))
    changed = sealed[:at] + bytes([sealed[at] ^ other]) + sealed[at + 1 :]
    for broken in (changed, sealed[:at], sealed[:at] + sealed[at + 1 :], sealed + bytes([other])):
        with pytest.raises(SealError):
            ring.unseal(broken, owner)


@given(st.binary(max_size=40), owners, owners, key)
def test_for_another_owner_it_stays_shut(plain, owner, other, secret):
    ring = Keyring([secret])
    if owner != other:
        with pytest.raises(SealError):
            ring.unseal(ring.seal(plain, owner), other)


@given(st.binary(max_size=60))
def test_noise_is_refused_with_a_sentence(noise):
    with pytest.raises(SealError, match=r"\.$"):
        Keyring([bytes(32)]).unseal(noise, "owner")
