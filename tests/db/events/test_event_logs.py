"""What is read next of a tenant's log, and what is said of one that cannot be read."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.events import event_logs
from db.events.event_logs import Window
from db.models import EventLog
from db.states import TenantLog

pytestmark = [pytest.mark.usefixtures("lock_order"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
INTUNE, ENTRA = TenantLog.INTUNE, TenantLog.ENTRA
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def drained(tenant, log, now):
    """Return the windows that are read until there is none, each of one page."""
    windows = []
    while window := event_logs.next_window(event_logs.get(tenant, log), now):
        windows.append(window)
        event_logs.record_page(event_logs.get(tenant, log), window, None)
        assert len(windows) < 50
    return windows


def test_the_first_time_thirty_days_are_read_of_entras_log_seven_and_then_the_rest(cast):
    now = utcnow()
    assert drained(cast.contoso, INTUNE, now) == [Window(now - 30 * DAY, now)]
    assert drained(cast.contoso, ENTRA, now) == [Window(now - 7 * DAY, now), Window(now - 30 * DAY, now - 7 * DAY)]
    assert [state.reaches_from for state in event_logs.states(cast.contoso)] == [now - 30 * DAY] * 2


def test_each_time_the_last_hour_is_read_again_and_days_one_by_one(cast):
    now = utcnow()
    drained(cast.contoso, INTUNE, now)
    later = now + 5 * timedelta(minutes=1)
    [window] = drained(cast.contoso, INTUNE, later)
    assert (now - window.since >= HOUR, window.until) == (True, later)
    windows = drained(cast.contoso, INTUNE, later + 3 * DAY + HOUR)
    assert [window.until - later for window in windows] == [DAY, 2 * DAY, 3 * DAY, 3 * DAY + HOUR]
    assert all(window.until - window.since <= DAY + 2 * HOUR for window in windows)
    # After a year only what explains a difference: of what lies between, nothing was read.
    much_later = later + 400 * DAY
    windows = drained(cast.contoso, INTUNE, much_later)
    assert (len(windows), windows[0].since, windows[-1].until) == (30, much_later - 30 * DAY, much_later)
    assert event_logs.states(cast.contoso)[0].reaches_from == much_later - 30 * DAY


def test_what_a_clock_had_read_that_was_set_back_is_read_again(cast):
    """A log that was read to next year would not be read before, and a change's author not be known."""
    now = utcnow()
    drained(cast.contoso, INTUNE, now + 365 * DAY)
    assert event_logs.states(cast.contoso)[0].read_to is None
    assert not event_logs.is_current(event_logs.get(cast.contoso, INTUNE), now)
    assert drained(cast.contoso, INTUNE, now) == [Window(now - 30 * DAY, now)]
    assert event_logs.states(cast.contoso)[0].read_to == now


def test_a_window_goes_on_at_the_page_where_it_stopped_or_begins_anew(cast):
    now = utcnow()
    window = event_logs.next_window(event_logs.get(cast.contoso, INTUNE), now)
    event_logs.record_page(event_logs.get(cast.contoso, INTUNE), window, "https://next")
    row = event_logs.get(cast.contoso, INTUNE)
    assert (row.read_to, row.reaches_from) == (None, None)
    assert event_logs.next_window(row, now + HOUR) == Window(window.since, window.until, "https://next")
    event_logs.begin_window_anew(row)
    assert event_logs.next_window(event_logs.get(cast.contoso, INTUNE), now).link is None


def test_a_log_that_was_refused_is_asked_after_a_day_and_what_was_read_stays_known(cast):
    now = utcnow()
    assert event_logs.is_due(cast.contoso, ENTRA)
    drained(cast.contoso, ENTRA, now)
    assert not event_logs.is_due(cast.contoso, ENTRA)  # somebody looked a moment ago
    assert event_logs.may_be_asked(cast.contoso, ENTRA)
    event_logs.record_refusal(cast.contoso, ENTRA, "permission_missing", "The permission is missing.")
    assert not event_logs.may_be_asked(cast.contoso, ENTRA)
    state = event_logs.states(cast.contoso)[1]
    assert (state.is_readable, state.needs, state.why) == (False, "AuditLog.Read.All", "The permission is missing.")
    assert state.read_to == now
    event_logs.ask_again(cast.contoso, [INTUNE])
    assert not event_logs.is_due(cast.contoso, ENTRA)
    EventLog.update(asked_at=now - 25 * HOUR).execute()
    assert event_logs.is_due(cast.contoso, ENTRA)
    event_logs.record_refusal(cast.contoso, ENTRA, "permission_missing", "The permission is missing.")
    event_logs.ask_again(cast.contoso, [ENTRA])
    assert event_logs.is_due(cast.contoso, ENTRA)
    assert event_logs.may_be_asked(cast.contoso, ENTRA)


def test_in_china_there_is_no_directory_log(cast):
    cast.contoso.cloud = "china"
    intune, entra = event_logs.states(cast.contoso)
    assert (intune.is_offered, intune.is_readable) == (True, None)
    assert (entra.is_offered, entra.is_readable) == (False, False)
    assert not event_logs.is_due(cast.contoso, ENTRA)
    assert not event_logs.may_be_asked(cast.contoso, ENTRA)
