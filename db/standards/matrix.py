"""The matrix of a standard: the tenants that follow it and its items, from counts that are kept and the cells shown.

Of a thousand tenants with three hundred items each, a page reads the adoptions with their counts, and the cells of the
few tenants and items that it shows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from db.database import Condition
from db.models import Standard, StandardAdoption, StandardCell, StandardItem, StandardVersion, Tenant
from db.sql.value_lists import batched, is_in, is_in_if_given
from db.standards import versions
from db.states import CellState, Ring
from db.tenants import tags

_RINGS = {str(ring): place for place, ring in enumerate(Ring)}


@dataclass(frozen=True)
class MatrixFilter:
    """A choice of tenants and items. "" and none: all of them. `folded_tag`: as TenantTag.folded has it."""

    ring: str = ""
    folded_tag: str = ""
    state: str = ""
    policy_type: str = ""
    # Each is in the tenant's name, or in the item's.
    words: Sequence[str] = ()
    item_words: Sequence[str] = ()


@dataclass(frozen=True)
class GroupCounts:
    """The tenants of a ring or of a tag, and how many of their cells are in each state.

    `unlooked`: tenants whose cells nobody has worked out yet. `name` "": tenants without a tag.
    """

    name: str
    tenants: int = 0
    unlooked: int = 0
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        return sum(self.states.values())


def followers(
    standard: Standard, wanted: MatrixFilter, tenant_ids: Sequence[int] | None = None
) -> list[StandardAdoption]:
    """Return who follows and is meant, by ring and name, each with its tenant; of these tenants, where given.

    With a state, those that have a cell in it.
    """
    query = StandardAdoption.select(StandardAdoption, Tenant.id, Tenant.name).join(Tenant)
    rows = query.where(_is_meant(standard, wanted) & is_in_if_given(StandardAdoption.tenant, tenant_ids))
    found = sorted(rows, key=lambda row: (_RINGS.get(row.ring, 9), row.tenant.name.casefold(), row.id))
    return [row for row in found if not wanted.state or (row.counts or {}).get(wanted.state)]


def _is_meant(standard: Standard, wanted: MatrixFilter) -> Condition:
    condition: Condition = (StandardAdoption.standard == standard) & Tenant.removing_since.is_null()
    if wanted.ring:
        condition &= StandardAdoption.ring == wanted.ring
    if wanted.folded_tag:
        condition &= tags.is_of_tenant_with(StandardAdoption.tenant, wanted.folded_tag)
    for word in wanted.words:
        condition &= Tenant.name.contains(word)
    return condition


def by_ring(adoptions: Iterable[StandardAdoption]) -> list[GroupCounts]:
    """Return the counts of each ring that has tenants, in their order."""
    rows = list(adoptions)
    groups = ((ring, [row for row in rows if row.ring == ring]) for ring in Ring)
    return [_counted(str(ring), of_ring) for ring, of_ring in groups if of_ring]


def by_tag(adoptions: Iterable[StandardAdoption]) -> list[GroupCounts]:
    """Return the counts of each tag; a tenant counts in each of its tags, and those without one come last."""
    rows = list(adoptions)
    names = tags.names_by_tenant([row.tenant_id for row in rows])
    groups: dict[str, list[StandardAdoption]] = {}
    for row in rows:
        for tag in names.get(row.tenant_id) or [""]:
            groups.setdefault(tag, []).append(row)
    return [_counted(tag, groups[tag]) for tag in sorted(groups, key=lambda name: (not name, name.casefold()))]


def _counted(name: str, rows: Sequence[StandardAdoption]) -> GroupCounts:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.counts or {})
    states = {str(state): total[state] for state in CellState if total[state]}
    return GroupCounts(name, len(rows), sum(row.checked_at is None for row in rows), states)


def columns(standard: Standard, wanted: MatrixFilter, adoptions: Sequence[StandardAdoption]) -> list[StandardItem]:
    """Return the items that are meant: of the newest version, then what tenants are held to besides. None is opened.

    With a state, those that one of these tenants has in it.
    """
    items = {item.key: item for version in _versions_of(standard, adoptions) for item in versions.items(version)}
    keys = _keys_in_state(adoptions, wanted.state) if wanted.state else items.keys()
    words = [word.casefold() for word in wanted.item_words]
    return [
        item
        for item in items.values()
        if item.key in keys
        and wanted.policy_type in ("", item.policy_type)
        and all(word in item.name.casefold() for word in words)
    ]


def _versions_of(standard: Standard, adoptions: Iterable[StandardAdoption]) -> list[StandardVersion]:
    newest = versions.newest(standard)
    held = {row.version_id for row in adoptions if row.version_id} - {newest.id if newest else None}
    rows = StandardVersion.select().where(is_in(StandardVersion.id, sorted(held)))
    # An item is as the newest of these has it, and so it stands where that one has it.
    return [*([newest] if newest else []), *rows.order_by(StandardVersion.number.desc())]


def _keys_in_state(adoptions: Iterable[StandardAdoption], state: str) -> set[str]:
    keys: set[str] = set()
    for ids in batched([row.id for row in adoptions]):
        rows = StandardCell.select(StandardCell.item_key).distinct()
        in_state = StandardCell.adoption.in_(ids) & (StandardCell.state == state)
        keys |= {key for (key,) in rows.where(in_state).tuples()}
    return keys


def cells_of(
    adoptions: Iterable[StandardAdoption], item_keys: Collection[str] | None = None
) -> dict[tuple[int, str], StandardCell]:
    """Return (adoption, item key) -> cell; of these items alone, where given."""
    ids = [row.id for row in adoptions]
    those: Condition = is_in(StandardCell.adoption, ids)
    if item_keys is not None:
        those &= is_in(StandardCell.item_key, sorted(item_keys))
    return {(cell.adoption_id, cell.item_key): cell for cell in StandardCell.select().where(those)}


def is_cell_of(adoption_ids: Collection[int], state: str = "", policy_type: str = "") -> Condition:
    """Return the condition that cells are of these adoptions, in this state and of this type, where given."""
    condition: Condition = is_in(StandardCell.adoption, list(adoption_ids))
    if state:
        condition &= StandardCell.state == state
    return condition & (StandardCell.policy_type == policy_type) if policy_type else condition


# The tenants whose cells are read at once, where all are written into a file.
TENANTS_AT_ONCE = 20


def every_cell(adoptions: Sequence[StandardAdoption]) -> Iterator[tuple[StandardAdoption, StandardCell]]:
    """Yield every cell of these adoptions, tenant by tenant, in the order of the items' types and names."""
    for some in batched(adoptions, TENANTS_AT_ONCE):
        of_adoption: dict[int, list[StandardCell]] = {}
        for (adoption_id, _), cell in cells_of(some).items():
            of_adoption.setdefault(adoption_id, []).append(cell)
        for adoption in some:
            rows = of_adoption.get(adoption.id, ())
            order = sorted(rows, key=lambda cell: (cell.policy_type, cell.name.casefold(), cell.item_key))
            yield from ((adoption, cell) for cell in order)
