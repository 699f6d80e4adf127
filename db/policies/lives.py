"""The lives of a policy: what it was before a restore created it again, and what it became.

Deleted and created again, a policy has another Graph id. Each restore records which one stands for which, as a mapping
of the tenant within itself; nothing is guessed by name.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import peewee as pw

from db.database import Condition
from db.models import Mapping, Policy, Tenant
from db.sql.value_lists import is_in
from db.states import PolicyState

# Who set a mapping, in place of a person's id.
A_RESTORE, NOBODY = 0, -1


@dataclass(frozen=True)
class Lives:
    """`earlier`: what it was before, the oldest first. `later`: what it became, the newest last."""

    earlier: list[Policy]
    later: list[Policy]


def of_policy(policy: Policy) -> Lives:
    became = _created_again(policy)
    if not became:
        return Lives([], [])
    was = defaultdict(set)
    for source, target in became.items():
        was[target].add(source)
    earlier = _reached(policy.graph_id, lambda graph_id: was.get(graph_id, set()))
    later = _reached(policy.graph_id, lambda graph_id: {became[graph_id]} if graph_id in became else set())
    rows = _rows(policy, earlier | later)
    return Lives([row for row in rows if row.graph_id in earlier], [row for row in rows if row.graph_id in later])


def _created_again(policy: Policy) -> dict[str, str]:
    """Return Graph id -> the Graph id of what was created in its place, for the policies of this type and tenant."""
    directory_id = Tenant.select(Tenant.directory_id).where(Tenant.id == policy.tenant_id).scalar()
    recorded = (
        (Mapping.tenant == policy.tenant_id)
        & (Mapping.source_directory_id == directory_id)
        & (Mapping.kind == policy.policy_type)
        & Mapping.set_by.is_null()
    )
    return dict(Mapping.select(Mapping.source_id, Mapping.target_id).where(recorded).tuples())


def _reached(start: str, step: Callable[[str], set[str]]) -> set[str]:
    """Return what is reached from there, however often one steps on, without where one began."""
    seen, todo = {start}, [start]
    while todo:
        new = step(todo.pop()) - seen
        seen |= new
        todo.extend(new)
    return seen - {start}


def _rows(policy: Policy, graph_ids: set[str]) -> list[Policy]:
    is_one = (Policy.tenant == policy.tenant_id) & (Policy.policy_type == policy.policy_type)
    return list(Policy.select().where(is_one & is_in(Policy.graph_id, sorted(graph_ids))).order_by(Policy.id))


def is_the_living_one() -> Condition:
    """Return the condition of policies but for those that are gone and were created again: those live on elsewhere."""
    directory_id = Tenant.select(Tenant.directory_id).where(Tenant.id == Policy.tenant)
    # A value, not EXISTS: looked up by its key for each policy that is gone, and never for all at once.
    mapped_by = Mapping.select(pw.fn.COALESCE(Mapping.set_by, A_RESTORE)).where(
        (Mapping.tenant == Policy.tenant)
        & (Mapping.source_directory_id == directory_id)
        & (Mapping.kind == Policy.policy_type)
        & (Mapping.source_id == Policy.graph_id)
    )
    return (Policy.state != PolicyState.GONE) | (pw.fn.COALESCE(mapped_by, NOBODY) != A_RESTORE)
