"""Cron to words and back."""

from datetime import datetime
from itertools import product

import pytest

from db.errors import Invalid
from db.tenants import schedule_words
from db.tenants.schedule_words import recurrence, when


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 2 * * *", "Every night at 02:00"),
        ("30 22 * * *", "Every night at 22:30"),
        ("0 12 * * *", "Every day at 12:00"),
        ("30 1 * * 1-5", "Weekdays at 01:30"),
        ("0 22 * * mon-fri", "Weekdays at 22:00"),
        ("0 3 * * 7", "Every Sunday at 03:00"),
        ("5 14 * * 3", "Every Wednesday at 14:05"),
        ("0 */6 * * *", "Every 6 hours"),
        ("0 0,6,12,18 * * *", "Every 6 hours"),
        ("30 */6 * * *", "Every 6 hours from 00:30"),
        ("0 2,8,14,20 * * *", "Every 6 hours from 02:00"),
        ("0 * * * *", "Every hour"),
        ("45 * * * *", "Every hour, 45 minutes past"),
        # These have no words: they are shown as they are.
        ("*/15 * * * *", "*/15 * * * *"),
        ("0 2 1 * *", "0 2 1 * *"),
        ("0 2,3 * * *", "0 2,3 * * *"),
        ("0 */5 * * *", "0 */5 * * *"),
        ("0 2 * 6 *", "0 2 * 6 *"),
        ("0 2 * * 1#1", "0 2 * * 1#1"),
        ("0 2 * * 1,3", "0 2 * * 1,3"),
        ("0 */6 * * 1-5", "0 */6 * * 1-5"),
        ("0 25 * * *", "0 25 * * *"),
        ("every night", "every night"),
    ],
)
def test_words_of_a_cron(cron, words):
    assert when(cron) == words


def test_whatever_the_form_offers_is_read_back_from_its_cron_at_every_hour():
    said = {}
    for choice, hour, minute in product(schedule_words.choices(), range(24), (0, 7, 59)):
        chosen = schedule_words.from_choice(choice, f"{hour:02}:{minute:02}")
        assert recurrence(chosen.cron) == chosen, chosen.cron
        assert said.setdefault(chosen.words, chosen.cron) == chosen.cron, "two crons are called the same"


@pytest.mark.parametrize(("choice", "time"), [("daily", "late"), ("daily", ""), ("daily", "25:00"), ("never", "02:00")])
def test_what_the_form_does_not_offer_is_refused(choice, time):
    with pytest.raises(Invalid):
        schedule_words.from_choice(choice, time)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-26 23:12", "tonight 00:12"),
        ("2026-11-27 01:12", "tonight 02:12"),
        ("2026-11-26 21:30", "tonight 22:30"),
        ("2026-11-26 18:00", "today 19:00"),
        ("2026-11-27 13:00", "tomorrow 14:00"),
        ("2026-11-29 01:12", "Sun 2026-11-29 02:12"),
    ],
)
def test_a_moment_is_told_on_the_clock_of_its_zone(at, words):
    now = datetime.fromisoformat("2026-11-26 17:00")
    assert schedule_words.moment(datetime.fromisoformat(at), "Europe/Berlin", now) == words
