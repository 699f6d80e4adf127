"""Telling: from what happened and goes on to deliveries, in two steps of the scheduler's sweep.

The sweep comes every two seconds, and sends what is due right after (actors/notices/deliver.py): at once means seconds.
"""

import time

from db.clock import utcnow
from db.models import Channel
from db.notices import channels, conditions, notices, reports

# Conditions are looked for in every tenant.
LOOK_SECONDS = 30.0
# More than one transaction makes: a night in which everything failed is told in a few sweeps, each of which begins by
# recovering runs.
MAKE_SECONDS = 1.0

_looked_at: float | None = None


def look_for_conditions() -> None:
    """Begin and end what goes on, at most twice a minute."""
    global _looked_at
    now = time.monotonic()
    if _looked_at is None or now - _looked_at >= LOOK_SECONDS:
        conditions.look()
        for event in reports.EVENTS:
            reports.begin_due(event, utcnow())
        _looked_at = now


def channels_to_tell() -> list[Channel]:
    """Make the notices of what is new, and return the channels that have something to tell now."""
    notices.forget_of_silenced()
    until = time.monotonic() + MAKE_SECONDS
    while notices.make(notices.OCCURRENCES_AT_ONCE) >= notices.OCCURRENCES_AT_ONCE and time.monotonic() < until:
        pass
    return channels.of_ids(notices.channels_with_due(utcnow()))


def tell(channel: Channel) -> None:
    """Make deliveries of what is due."""
    notices.bundle(channel.id)
