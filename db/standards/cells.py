"""Cells: how each tenant has each item of a standard that it follows, and when that is to be worked out again.

`StandardAdoption.due_since` is the time from which on a tenant's cells are due. One that lies ahead is the next look,
for a snapshot grows old by itself.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.models import Standard, StandardAdoption, StandardCell, Tenant
from db.sql import upserts
from db.sql.value_lists import batched
from db.states import CellState

# A message that a worker lost is sent again after so long.
HANDED_OVER = timedelta(minutes=10)
LOOK_AGAIN_AFTER = timedelta(hours=12)
# So many tenants are handed over by one sweep: each takes a worker a second or more.
AT_ONCE = 50


@dataclass(frozen=True)
class CellFinding:
    """The state of an item in a tenant, as it was worked out. `basis` "": it is compared anew the next time."""

    item_key: str
    policy_type: str
    name: str
    state: CellState
    why: str = ""
    policy_id: int | None = None
    snapshot_id: int | None = None
    difference_count: int = 0
    places: Sequence[Mapping[str, str]] = ()
    change_id: int | None = None
    exception_id: int | None = None
    aligned_mark: str | None = None
    basis: str = ""


# --- what is due -----------------------------------------------------------------------------------------------------


def mark_due(tenant_id: int | None = None, standard_id: int | None = None) -> None:
    """Have the cells of a tenant, of a standard's tenants, or of one of these worked out again. Raises ValueError.

    Whoever works them out just now may not have seen what made them due: they are due all the same.
    """
    if tenant_id is None and standard_id is None:
        raise ValueError("name a tenant or a standard")
    those: Condition = StandardAdoption.tenant == tenant_id if tenant_id is not None else StandardAdoption.id > 0
    if standard_id is not None:
        those &= StandardAdoption.standard == standard_id
    with database.atomic():
        lock_rows(StandardAdoption, those)
        StandardAdoption.update(due_since=utcnow()).where(those).execute()


def mark_due_by_mapping(tenant: Tenant, source_directory_id: str) -> None:
    """Have them worked out again where mappings of the tenant were changed, and the source is a standard."""
    standard = Standard.get_or_none(Standard.uid == source_directory_id)
    if standard is not None:
        mark_due(tenant.id, standard.id)


def due(apart: Collection[int] = ()) -> list[StandardAdoption]:
    """Return some adoptions whose cells are due, those that have waited longest first."""
    is_due = StandardAdoption.due_since.is_null(False) & (StandardAdoption.due_since <= utcnow())
    query = StandardAdoption.select(StandardAdoption, Tenant).join(Tenant)
    query = query.where(is_due & StandardAdoption.id.not_in(list(apart)) & Tenant.removing_since.is_null())
    return list(query.order_by(StandardAdoption.due_since).limit(AT_ONCE))


def hand_over(adoption: StandardAdoption) -> bool:
    """Hold the adoption back while its message is on its way. Return False where another sweep has done so."""
    is_as_seen = (StandardAdoption.id == adoption.id) & (StandardAdoption.due_since == adoption.due_since)
    held = StandardAdoption.update(due_since=utcnow() + HANDED_OVER).where(is_as_seen).execute()
    return bool(held)


# --- what was found --------------------------------------------------------------------------------------------------


def find_adoption(adoption_id: int) -> StandardAdoption | None:
    """Return the adoption with its standard and tenant; None where the tenant follows no longer."""
    query = StandardAdoption.select(StandardAdoption, Standard, Tenant).join(Standard).switch(StandardAdoption)
    found: StandardAdoption | None = query.join(Tenant).where(StandardAdoption.id == adoption_id).first()
    return found


def of_adoption(adoption: StandardAdoption) -> dict[str, StandardCell]:
    """Return item key -> cell."""
    return {cell.item_key: cell for cell in StandardCell.select().where(StandardCell.adoption == adoption)}


def keys_to_do(adoption: StandardAdoption) -> list[str]:
    """Return the keys of the items that a restore would change or make."""
    to_do = StandardCell.state.in_((CellState.DIFFERS, CellState.MISSING))
    rows = StandardCell.select(StandardCell.item_key).where((StandardCell.adoption == adoption) & to_do)
    return sorted(key for (key,) in rows.tuples())


def save(adoption: StandardAdoption, found: Iterable[CellFinding], seen: datetime | None) -> None:
    """Save the cells of an adoption, and count them. `seen`: when they were due, as it was before the first look.

    Where something made them due since, they stay so.
    """
    by_key = {finding.item_key: finding for finding in found}
    now = utcnow()
    with database.atomic():
        lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
        known = of_adoption(adoption)
        rows = [
            _row(adoption, finding, known.get(key), now)
            for key, finding in by_key.items()
            if not _says(known.get(key), finding)
        ]
        upserts.insert_or_update(StandardCell, (StandardCell.adoption, StandardCell.item_key), rows, _RENEWED)
        for some in batched([cell.id for key, cell in known.items() if key not in by_key and not cell.candidates]):
            StandardCell.delete().where(StandardCell.id.in_(some)).execute()
        counts = dict(Counter(str(finding.state) for finding in by_key.values()))
        its = StandardAdoption.id == adoption.id
        StandardAdoption.update(counts=counts, checked_at=now).where(its).execute()
        is_as_seen = its & (StandardAdoption.due_since == seen)
        StandardAdoption.update(due_since=now + LOOK_AGAIN_AFTER).where(is_as_seen).execute()


# Finding -> its column. What a person said of a cell (`keep`, `candidates`) is no finding.
_COLUMNS = {
    "policy_type": "policy_type",
    "name": "name",
    "state": "state",
    "why": "why",
    "policy_id": "policy",
    "snapshot_id": "snapshot_id",
    "difference_count": "difference_count",
    "places": "places",
    "change_id": "change",
    "exception_id": "exception",
    "aligned_mark": "aligned_mark",
    "basis": "basis",
}
_RENEWED = [getattr(StandardCell, column) for column in (*_COLUMNS.values(), "since_at")]


def _value(finding: CellFinding, name: str) -> Any:
    value = getattr(finding, name)
    if name == "places":
        return [dict(place) for place in value] or None
    return value[:500] if name == "why" else value or None if name == "basis" else value


def _row(adoption: StandardAdoption, finding: CellFinding, known: StandardCell | None, now: datetime) -> dict[str, Any]:
    """Return the row; `since_at` is the time since when it is in this state."""
    since = known.since_at if known and known.state == finding.state else now
    row = {column: _value(finding, name) for name, column in _COLUMNS.items()}
    return {"adoption": adoption.id, "item_key": finding.item_key, "since_at": since, **row}


def _says(known: StandardCell | None, finding: CellFinding) -> bool:
    """Tell whether the row says all this already."""
    return known is not None and all(
        known.__data__[column] == _value(finding, name) for name, column in _COLUMNS.items()
    )
