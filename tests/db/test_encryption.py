"""What is sealed opens for its owner alone, and only as it was."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import encryption
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


def test_a_sealed_value_opens_only_for_its_owner_and_unchanged():
    ring = encryption.Keyring([os.urandom(32)])
    sealed = ring.seal(b"hush", "tenant:1")
    assert ring.unseal(sealed, "tenant:1") == b"hush"
    with pytest.raises(encryption.SealError):
        ring.unseal(sealed, "tenant:2")
    with pytest.raises(encryption.SealError):
        ring.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "tenant:1")


def test_an_older_key_still_opens_and_the_newest_seals():
    old, new = os.urandom(32), os.urandom(32)
    before = encryption.Keyring([old]).seal(b"hush", "x")
    both = encryption.Keyring([new, old])
    assert both.unseal(before, "x") == b"hush"
    assert not before.startswith(both.prefix)
    assert encryption.Keyring([new]).unseal(both.seal(b"hush", "x"), "x") == b"hush"
