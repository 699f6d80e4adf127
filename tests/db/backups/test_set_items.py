import pytest

from db.backups import set_items
from tests.support.copied import make_set


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_policy_of_a_set_is_told_once_with_what_a_manifest_needs(cast):
    items = list(set_items.of_set(make_set(cast.contoso)))
    assert [item.facts["name"] for item in items] == ["Ring 0", "Ring 1", "Ring 2"]
    assert len({item.fingerprint for item in items}) == 3
    assert {"graph_id", "policy_type", "captured_at", "proof", "references"} <= items[0].facts.keys()
