"""Values that every representation is made of: times in UTC, and what points to another object."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

Id = Annotated[int, Field(ge=1)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="In UTC, as 2026-11-27T03:00:00Z.")]


class ReferenceJson(TypedDict):
    """Another object, by its id and its name."""

    id: Id
    name: str


def time(at: datetime) -> str:
    return at.isoformat(timespec="seconds") + "Z"


def time_or_none(at: datetime | None) -> str | None:
    return None if at is None else time(at)


def reference(row: Any) -> ReferenceJson:
    return {"id": row.id, "name": row.name}


def reference_or_none(row: Any) -> ReferenceJson | None:
    return None if row is None else reference(row)
