"""Plain text for messages: names that others gave, on one line and without tricks; times on a rule's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from db.tenants.schedule_words import zone_words
from graph.display.decoding import show_invisible

LONGEST_NAME = 120


def plain(name: object, longest: int = LONGEST_NAME) -> str:
    """Return a name on one line, shortened. What is invisible, or turns the writing round, stands as its number."""
    line = " ".join(show_invisible(" ".join(str(name).split())).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def short_time(at: datetime, zone: str) -> str:
    """Return “26 Nov 03:12 Vienna”; of another year with the year."""
    local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    year = "" if local.year == datetime.now(UTC).year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M} {zone_words(zone)}"
