"""Lists over the targets of the newest snapshots: of one group, of everyone, of nobody, of what is gone."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import HAS_INTENT, IS_GONE_TARGET, DirectoryName, Policy, PolicyTarget, Tenant
from db.sql.value_lists import is_in, is_in_if_given
from db.states import PolicyState

# Names are looked for in so many tenants at once, and no more: it is the tenants' names that are read.
MOST_TENANTS = 25
MOST_FOUND, MOST_UNUSED = 50, 200
# Of one page's Conditional Access policies.
MOST_BESIDE = 2000
# Kind of target -> the kind of names that backups look up, and the policy types whose policies are such targets.
NAMED_IN: dict[str, tuple[str, tuple[str, ...]]] = {
    "group": ("groups", ("groups",)),
    "filter": ("filters", ("assignmentFilters",)),
    "role": ("", ("roleDefinitions",)),
    "user": ("users", ()),
    "app": ("servicePrincipals", ("mobileApps",)),
    "service principal": ("principalNames", ()),
    "agent": ("agentIdentities", ()),
    "location": ("", ("namedLocations",)),
    "strength": ("", ("authenticationStrengths",)),
}
FILTER, NOBODY = "filter", "nobody"
# (kind, object id)
TargetKey = tuple[str, str]


@dataclass(frozen=True)
class FoundObject:
    tenant_id: int
    kind: str
    object_id: str
    name: str


def is_one_of(keys: Collection[TargetKey]) -> Condition:
    """Return the condition that a target is one of these, or has one of these filters. None of them: no target is."""
    filters = [object_id for kind, object_id in keys if kind == FILTER]
    condition = is_in(PolicyTarget.filter_id, filters) if filters else None
    for kind in dict.fromkeys(kind for kind, _ in keys if kind != FILTER):
        ids = [object_id for of_kind, object_id in keys if of_kind == kind]
        is_of_kind = (PolicyTarget.kind == kind) & is_in(PolicyTarget.object_id, ids)
        condition = is_of_kind if condition is None else condition | is_of_kind
    return pw.SQL("1 = 0") if condition is None else condition


def is_gone() -> Condition:
    """Return the condition that the group or the filter was deleted, as the policy's newest reading saw it.

    Their ids come first: SQLite would rather read all targets of a reader's tenants, and look at each.
    """
    of_gone = PolicyTarget.alias()
    return PolicyTarget.id << of_gone.select(of_gone.id).where(IS_GONE_TARGET)


def has_intent(intent: str) -> Condition:
    return HAS_INTENT & (PolicyTarget.intent == intent)


def can_be_named(tenant_ids: Sequence[int] | None) -> list[int] | None:
    """Return the tenants in which names can be looked for; None where they are too many at once."""
    rows = Tenant.select(Tenant.id).where(is_in_if_given(Tenant.id, tenant_ids)).limit(MOST_TENANTS + 1)
    ids = [row[0] for row in rows.tuples()]
    return ids if len(ids) <= MOST_TENANTS else None


def objects_named(tenant_ids: Sequence[int], text: str, kinds: Iterable[str]) -> list[FoundObject]:
    """Return the objects with this name; if there is none, those with a part of it; by name.

    `kinds`: of targets, as NAMED_IN has them.
    """
    exactly = _named(tenant_ids, kinds, lambda column: pw.fn.LOWER(column) == text.lower())
    return exactly or _named(tenant_ids, kinds, lambda column: column.contains(text))


def _named(tenant_ids: Sequence[int], kinds: Iterable[str], matches: Any) -> list[FoundObject]:
    found: dict[tuple[int, str, str], FoundObject] = {}
    for kind in kinds:
        of_names, policy_types = NAMED_IN[kind]
        for row in (
            *(_directory_names(tenant_ids, of_names, matches) if of_names else ()),
            *(_policy_names(tenant_ids, policy_types, matches) if policy_types else ()),
        ):
            found.setdefault((row[0], kind, row[1]), FoundObject(row[0], kind, row[1].lower(), row[2]))
    return sorted(found.values(), key=lambda row: (row.name.lower(), row.tenant_id))[:MOST_FOUND]


def _directory_names(tenant_ids: Sequence[int], kind: str, matches: Any) -> Any:
    columns = (DirectoryName.tenant, DirectoryName.object_id, DirectoryName.name)
    is_of_kind = is_in(DirectoryName.tenant, tenant_ids) & (DirectoryName.kind == kind)
    named = DirectoryName.select(*columns).where(is_of_kind & matches(DirectoryName.name))
    return named.limit(MOST_FOUND).tuples()


def _policy_names(tenant_ids: Sequence[int], policy_types: Sequence[str], matches: Any) -> Any:
    is_of_type = is_in(Policy.tenant, tenant_ids) & is_in(Policy.policy_type, policy_types)
    named = Policy.select(Policy.tenant, Policy.graph_id, Policy.name).where(is_of_type & matches(Policy.name))
    return named.limit(MOST_FOUND).tuples()


def proposed_names(tenant_id: int, limit: int) -> list[str]:
    """List names of a tenant's groups and filters, to propose them."""
    is_named = (
        (DirectoryName.tenant == tenant_id)
        & (DirectoryName.kind << ("groups", "filters"))
        & DirectoryName.name.is_null(False)
    )
    rows = DirectoryName.select(DirectoryName.name).where(is_named).limit(limit)
    return sorted({row[0] for row in rows.tuples()}, key=str.lower)


def beside(policy_ids: Sequence[int]) -> dict[int, list[PolicyTarget]]:
    """Return policy id -> all targets of the policy: of Conditional Access, what each of them is narrowed by."""
    rows = PolicyTarget.select().where(is_in(PolicyTarget.policy, policy_ids)).order_by(PolicyTarget.id)
    found: dict[int, list[PolicyTarget]] = {policy_id: [] for policy_id in policy_ids}
    for row in rows.limit(MOST_BESIDE) if policy_ids else ():
        found[row.policy_id].append(row)
    return found


def unused_filters(tenant_ids: Sequence[int] | None) -> list[Policy]:
    """List the filters that no assignment uses, each with its tenant, by name."""
    is_use = (PolicyTarget.filter_id == Policy.graph_id) & (PolicyTarget.tenant == Policy.tenant)
    uses = PolicyTarget.select(pw.SQL("1")).where(is_use)
    is_filter = (Policy.policy_type == "assignmentFilters") & (Policy.state == PolicyState.PRESENT)
    rows = Policy.select(Policy, Tenant).join(Tenant).where(is_filter & is_in_if_given(Policy.tenant, tenant_ids))
    return list(rows.where(~pw.fn.EXISTS(uses)).order_by(Policy.name, Policy.id).limit(MOST_UNUSED))


def listed(tenant: Tenant, condition: Condition, limit: int) -> list[PolicyTarget]:
    """List the tenant's targets, each with its policy, by the policies' types and names."""
    rows = PolicyTarget.select(PolicyTarget, Policy).join(Policy).where((PolicyTarget.tenant == tenant) & condition)
    return list(rows.order_by(Policy.policy_type, Policy.name, PolicyTarget.id).limit(limit))


def assigning(tenant: Tenant | int) -> list[PolicyTarget]:
    """Return all targets of the tenant by which a policy is assigned or withheld."""
    rows = PolicyTarget.select().where(PolicyTarget.tenant == tenant).order_by(PolicyTarget.policy, PolicyTarget.id)
    return [row for row in rows if row.place in ("assignment", "condition", "member")]


def filters(tenant_id: int, filter_ids: Collection[str]) -> list[Policy]:
    """Return the tenant's filters with these Graph ids."""
    is_filter = (Policy.tenant == tenant_id) & (Policy.policy_type == "assignmentFilters")
    return list(Policy.select().where(is_filter & is_in(Policy.graph_id, list(filter_ids))))


def policies_by_id(tenant_id: int, policy_ids: Collection[int]) -> dict[int, Policy]:
    """Return those of these policies that are the tenant's, by their ids."""
    rows = Policy.select().where((Policy.tenant == tenant_id) & is_in(Policy.id, list(policy_ids)))
    return {policy.id: policy for policy in rows}
