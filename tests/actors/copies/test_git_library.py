import sys

import pytest

from actors.copies.git_library import git_library
from actors.copies.stores.store import StoreRefused


def test_a_missing_library_is_told_in_a_sentence(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("actors.copies.git.", "dulwich"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("actors.copies.git.pushing", raising=False)
    monkeypatch.setitem(sys.modules, "dulwich", None)
    with pytest.raises(StoreRefused, match="install tenantkeep"):
        git_library()
