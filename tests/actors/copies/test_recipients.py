import pyrage
import pytest

from actors.copies.recipients import checked_recipients
from db.errors import Invalid

KEY = pyrage.x25519.Identity.generate()


def test_a_public_key_is_taken_once_and_a_secret_one_never():
    public = str(KEY.to_public())
    assert checked_recipients([public, public]) == [public]
    for wrong in ([str(KEY)], [str(KEY).lower()], ["age1x"], [public[:-1]], [f"age1{n}" for n in range(11)]):
        with pytest.raises(Invalid) as refusal:
            checked_recipients(wrong)
        assert str(KEY) not in str(refusal.value)
