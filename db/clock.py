from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now in UTC without a zone, as every table keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
