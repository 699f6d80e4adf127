"""The words of a message: good to read on a phone at three in the morning."""

from dataclasses import dataclass

import config
from db.models import Delivery
from db.notices import deliveries
from db.states import Severity

TEST_SUBJECT = "Test of Tenantkeep’s notices"


@dataclass(frozen=True)
class Message:
    """One message, in plain text: each sender gives it the form of its channel.

    `lines`: one thought each. `facts`: labels and values. `link`: "" where nobody said under which address pages are.
    """

    subject: str
    lines: tuple[str, ...] = ()
    link: str = ""
    severity: Severity | None = None
    facts: tuple[tuple[str, str], ...] = ()


def message_of(delivery: Delivery) -> Message:
    """Write the message of a delivery from what its notices are about, as it is now."""
    address = config.settings().public_url
    if delivery.is_test:
        return Message(TEST_SUBJECT, ("This channel works. What is told by it comes the same way.",), address)
    occurrences = [notice.occurrence for notice in deliveries.notices_of(delivery)]
    lines = tuple(
        f"{occurrence.event.replace('_', ' ')}: {occurrence.tenant.name if occurrence.tenant_id else 'installation'}"
        for occurrence in occurrences
    )
    grave = [Severity(occurrence.severity) for occurrence in occurrences if occurrence.severity]
    order = list(Severity)
    return Message(
        f"Tenantkeep: {len(lines)} notices" if len(lines) != 1 else f"Tenantkeep: {lines[0]}",
        lines,
        address,
        max(grave, key=order.index, default=None),
    )
