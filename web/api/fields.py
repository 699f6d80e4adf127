"""Fields of requests: ids of rows, and times with a zone or in UTC."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from db.schema.row_ids import MAX_ID

RowId = Annotated[int, Field(ge=1, le=MAX_ID)]


def _parse(value: Any) -> Any:
    """Read the text of a body, in which JSON has no times. Raises ValueError."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("give a time like 2027-01-31T12:00:00Z") from None


GivenTime = Annotated[datetime, BeforeValidator(_parse)]


def naive_utc(at: datetime) -> datetime:
    """Return the time as the database keeps times: in UTC, without a zone. One that came without is UTC already."""
    try:
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except OverflowError:  # an hour before the first year, or after the last
        return at.replace(tzinfo=None)
