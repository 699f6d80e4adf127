import pytest

from actors.housekeeping import standing_counts
from actors.queue.broker import locks
from db.models import Tenant


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_standings_are_counted_now_and_then_and_junk_is_none(cast, monkeypatch):
    monkeypatch.setattr(standing_counts, "_next_at", 0.0)
    assert standing_counts.recall() == {}
    standing_counts.count_if_due()
    counts = standing_counts.recall()
    assert (sum(counts.values()), len(counts)) == (2, 8)
    Tenant.delete().where(Tenant.id == cast.fabrikam.id).execute()
    standing_counts.count_if_due()
    assert standing_counts.recall() == counts, "not again so soon"
    for junk in ("nonsense", '{"good": "many", "x": 1}'):
        locks.set(standing_counts.KEY, junk)
        assert standing_counts.recall() == {}
