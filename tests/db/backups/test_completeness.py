"""How much a set lacks, as its row says of each policy type."""

import pytest

from db.backups import completeness
from db.models import BackupSet


def row(state, offer="offered", **counts):
    return {"state": state, "offer": offer, "listed": 3, "message": None, **counts}


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([row("done", captured=3)], (0, 0)),
        ([row("done", captured=1, error=1, unknown=1)], (2, 0)),
        ([row("failed", "failed today", known=11), row("done", error=2)], (13, 1)),
        ([row("skipped", "not permitted", known=2)], (2, 1)),
        ([row("skipped", "not offered here", known=2)], (0, 0)),
        ([row("pending")], (0, 1)),
    ],
)
def test_what_is_missing_is_counted_by_policies_and_types_that_were_not_read(rows, missing):
    found = completeness.count_missing(BackupSet(types=dict(enumerate(rows))))
    assert (found.policies, found.types) == missing
