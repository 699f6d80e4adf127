import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.backups.manifests import pack, unpack


@given(st.sets(st.integers(1, 2**63 - 1) | st.integers(1, 1000)).map(sorted))
def test_any_ids_come_back_as_they_were(ids):
    assert unpack(pack(ids)) == ids


@given(st.binary())
def test_what_was_never_packed_is_no_list_of_ids(noise):
    with pytest.raises(zlib.error):
        unpack(noise)
