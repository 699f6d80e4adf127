"""The items of a standard beside what they are in one tenant: state, policy, and what somebody has to say of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import StandardAdoption, StandardCell, StandardItem, StandardVersion
from db.policies import policies
from db.restores import mappings
from db.standards import versions
from db.states import CellState, PolicyState

# What somebody has to say comes first.
_RANKS = {state: rank for rank, state in enumerate(dict.fromkeys((CellState.UNSURE, *CellState)))}


@dataclass(frozen=True)
class FollowedItem:
    """An item, and what it is in a tenant.

    `state` "": nobody has looked yet. `policy_id`, `policy_name`: of the policy that it is; None: none is there.
    `is_new`: the version that the tenant is held to does not have it. `is_declined`: a person said that it is none of
    the tenant's.
    """

    key: str
    policy_type: str
    name: str
    cell: StandardCell | None
    policy_id: int | None
    policy_name: str | None
    is_new: bool
    is_declined: bool

    @property
    def state(self) -> str:
        return str(self.cell.state) if self.cell else ""

    @property
    def rank(self) -> int:
        return _RANKS.get(CellState(self.cell.state), 99) if self.cell else 98


def items_of(adoption: StandardAdoption, of_versions: Sequence[StandardVersion]) -> list[FollowedItem]:
    """Return the items of these versions, each once, as the last of them has it."""
    rows: dict[str, StandardItem] = {item.key: item for version in of_versions for item in versions.items(version)}
    cells = {cell.item_key: cell for cell in StandardCell.select().where(StandardCell.adoption == adoption)}
    targets = mappings.targets_by_key(adoption.tenant, adoption.standard.uid)
    declined = mappings.declined(adoption.tenant, adoption.standard.uid)
    known = policies.by_key(adoption.tenant_id, set(targets.values()))
    held = {
        item.key for version in of_versions if version.id == adoption.version_id for item in versions.items(version)
    }
    found = []
    for item in rows.values():
        policy = known.get((item.policy_type, targets.get((item.policy_type, item.key), "")))
        is_there = policy is not None and policy.state == PolicyState.PRESENT
        found.append(
            FollowedItem(
                item.key,
                item.policy_type,
                item.name,
                cells.get(item.key),
                policy.id if policy and is_there else None,
                str(policy.name) if policy and is_there else None,
                is_new=adoption.version_id is not None and item.key not in held,
                is_declined=(item.policy_type, item.key) in declined,
            )
        )
    return found
