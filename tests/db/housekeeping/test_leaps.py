"""Nothing goes by its age for a day after a leap of the clock, and on as ever after small ones, and once it is over."""

from datetime import timedelta

import pytest

from db.clock import MAX_SKEW, utcnow
from db.housekeeping import leaps
from db.models import Lease

pytestmark = pytest.mark.usefixtures("database")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def noted(ago):
    Lease.delete().execute()
    Lease.create(name=leaps.NAME, holder=leaps.NAME, expires_at=utcnow() - ago)


def test_a_new_installation_lets_go_and_notes_the_time():
    assert leaps.may_go_by_age()
    assert not leaps.note_time()
    assert abs(Lease.get().expires_at - utcnow()) < MAX_SKEW


@pytest.mark.parametrize(
    ("ago", "may_before", "has_leapt", "may_after"),
    [
        (timedelta(seconds=2), True, False, True),
        (2 * DAY - MINUTE, True, False, True),
        (2 * DAY + MINUTE, False, True, False),
        (365 * DAY, False, True, False),
        # A pause, begun a moment ago or nearly over.
        (MINUTE - DAY, False, False, False),
        (-2 * MINUTE, False, False, False),
        # What a clock noted that was set back since.
        (-DAY - MINUTE, False, False, True),
        (-365 * DAY, False, False, True),
    ],
)
def test_after_days_without_a_note_nothing_goes_for_a_day(ago, may_before, has_leapt, may_after):
    noted(ago)
    assert leaps.may_go_by_age() is may_before, "whoever asks before the scheduler noted it"
    assert leaps.note_time() is has_leapt
    assert leaps.may_go_by_age() is may_after
    assert not leaps.note_time()
    assert leaps.may_go_by_age() is may_after
