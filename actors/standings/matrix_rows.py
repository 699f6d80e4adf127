"""The cells of a matrix as other programs get them: rows of a file, of the API and of a command."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from actors.facade import policy_type_names
from db.models import Standard, StandardAdoption, StandardCell
from db.standards import matrix
from db.standards.matrix import MatrixFilter
from db.states import CellState


@dataclass(frozen=True)
class MatrixRow:
    """One item in one tenant. `state` "not looked at": nobody has worked it out yet, and `item_key` is "".

    `places`, `policy`, `snapshot` and `change` are there for whoever may see the tenant. Times are in UTC.
    """

    tenant: int
    tenant_name: str
    ring: str
    version: int | None
    item_key: str
    policy_type: str
    policy_type_title: str
    item: str
    state: str
    why: str
    since: str
    differences: int
    exception: int | None
    looked_at: str
    places: list[str] = field(default_factory=list)
    policy: int | None = None
    snapshot: int | None = None
    change: int | None = None


COLUMNS = tuple(MatrixRow.__dataclass_fields__)
NOT_LOOKED_AT = "not_looked_at"
# Tells whether the reader sees what this tenant's policies hold.
SeesInside = Callable[[int], bool]


def rows_of(
    standard: Standard, wanted: MatrixFilter, tenant_ids: Sequence[int] | None, sees_inside: SeesInside
) -> Iterator[MatrixRow]:
    """Yield every cell that is meant, tenant by tenant. A tenant that nobody has looked at yet is one row."""
    adoptions = matrix.followers(standard, wanted, tenant_ids)
    numbers = {version.id: version.number for version in standard.versions}
    for adoption in () if wanted.state else [row for row in adoptions if row.checked_at is None]:
        yield row_of(adoption, None, numbers, inside=False)
    keys = {item.key for item in matrix.columns(standard, wanted, adoptions)}
    for adoption, cell in matrix.every_cell([row for row in adoptions if row.checked_at is not None]):
        if cell.item_key in keys and wanted.state in ("", cell.state):
            yield row_of(adoption, cell, numbers, inside=sees_inside(adoption.tenant_id))


def row_of(
    adoption: StandardAdoption, cell: StandardCell | None, numbers: Mapping[int, int], *, inside: bool
) -> MatrixRow:
    """Return a cell as a row. `numbers`: version -> its number; `inside`: the reader may see the tenant."""
    shown = cell if inside else None
    return MatrixRow(
        tenant=adoption.tenant_id,
        tenant_name=adoption.tenant.name,
        ring=adoption.ring,
        version=numbers.get(adoption.version_id),
        item_key=cell.item_key if cell else "",
        policy_type=cell.policy_type if cell else "",
        policy_type_title=policy_type_names.title(cell.policy_type) if cell else "",
        item=cell.name if cell else "",
        state=str(CellState(cell.state)) if cell else NOT_LOOKED_AT,
        why=shown.why if shown else "",
        since=_time(cell.since_at if cell else None),
        differences=cell.difference_count if cell else 0,
        exception=cell.exception_id if cell else None,
        looked_at=_time(adoption.checked_at),
        places=[place["label"] for place in shown.places or ()] if shown else [],
        policy=shown.policy_id if shown else None,
        snapshot=shown.snapshot_id if shown else None,
        change=shown.change_id if shown else None,
    )


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def flat(row: MatrixRow) -> list[object]:
    """Return the values of a row for a line of a table."""
    return ["; ".join(value) if isinstance(value, list) else value for value in vars(row).values()]
