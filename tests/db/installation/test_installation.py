"""A wrong encryption key is found at start."""

import os

import pytest

from db import encryption
from db.installation import installation


def test_a_wrong_key_is_found_by_the_sealed_word_and_named(database):
    installation.check_keys()
    encryption.use_keys([os.urandom(32)])
    with pytest.raises(encryption.SealError, match="TENANTKEEP_ENCRYPTION_KEYS"):
        installation.check_keys()
