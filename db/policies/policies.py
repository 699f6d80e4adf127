"""Policies as the last sync saw them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import peewee as pw

from db.clock import MAX_SKEW, utcnow
from db.database import Condition, database, lock_rows
from db.models import Policy, PolicyReference, Run, Tenant
from db.policies import change_recording, policy_index
from db.sql import upserts
from db.sql.value_lists import batched, equals_if_given, is_in
from db.states import PolicyState

KEY = (Policy.tenant, Policy.policy_type, Policy.graph_id)
LISTED_FIELDS = (
    Policy.name,
    Policy.odata_type,
    Policy.platform,
    Policy.is_built_in,
    Policy.modified_at,
    Policy.last_seen_at,
    Policy.state,
    Policy.gone_at,
)


@dataclass(frozen=True)
class ListedType:
    """One policy type's list: rows of graph_id, name, odata_type, platform, is_built_in, modified_at.

    `began`: a time before the first page was asked for. `is_whole`: all elements are among the rows; else none is
    marked gone. `whole_since`: when the same list was whole before; without it nobody knows what is new, or whether
    what is missing was to be listed.
    """

    policy_type: str
    rows: Sequence[Mapping[str, Any]]
    began: datetime
    is_whole: bool = True
    whole_since: datetime | None = None


def record_listing(
    tenant: Tenant,
    policy_type: str,
    listed: Sequence[Mapping[str, Any]],
    *,
    began: datetime | None = None,
    is_whole: bool = True,
    run: Run | None = None,
    whole_since: datetime | None = None,
) -> int:
    """Take over one type's list as `record_listings` does, begun now for None. Return how many are newly gone."""
    of_type = ListedType(policy_type, listed, began or utcnow(), is_whole, whole_since)
    return record_listings(tenant, [of_type], run)[policy_type]


def record_listings(tenant: Tenant, lists: Sequence[ListedType], run: Run | None = None) -> dict[str, int]:
    """Take over complete lists: new policies in, known ones refreshed, missing ones marked gone.

    Return policy type -> how many are newly gone. A list that another one has overtaken changes nothing of what that
    one saw, or saw to be gone. `run`: which sees the changes; without it none is recorded of what came back.
    """
    are_of_types = (Policy.tenant == tenant) & Policy.policy_type.in_(sorted(of_type.policy_type for of_type in lists))
    with database.atomic():
        lock_rows(Policy, are_of_types)
        known = _known(are_of_types)
        return {
            of_type.policy_type: _take_over(tenant, of_type, known.get(of_type.policy_type, {}), run)
            for of_type in sorted(lists, key=attrgetter("policy_type"))
        }


def _take_over(tenant: Tenant, listed: ListedType, known: Mapping[str, "_Known"], run: Run | None) -> int:
    policy_type, began = listed.policy_type, listed.began
    of_all = {
        "tenant": tenant.id,
        "policy_type": policy_type,
        "last_seen_at": began,
        "first_seen_at": began,
        "state": PolicyState.PRESENT,
        "gone_at": None,
    }
    overtaken = _seen_later(known, began)
    rows = [{**row, **of_all} for row in listed.rows if row["graph_id"] not in overtaken]
    ids = {(tenant.id, policy_type, graph_id): policy.id for graph_id, policy in known.items()}
    upserts.insert_or_update(Policy, KEY, rows, LISTED_FIELDS, ids)
    graph_ids = {row["graph_id"] for row in rows}
    if run and (returned := graph_ids & _gone(known)):
        change_recording.record_come_back(tenant.id, run, {known[name].id: known[name].gone_at for name in returned})
    if listed.whole_since and (new := graph_ids - known.keys()):
        is_of_type = (Policy.tenant == tenant) & (Policy.policy_type == policy_type)
        change_recording.record_added(tenant.id, run, _ids_of(is_of_type, new), listed.whole_since)
    if not listed.is_whole or not _has_unseen(known, graph_ids, began):
        return 0
    return _mark_unseen_gone(tenant, policy_type, began, run, is_told=listed.whole_since is not None)


@dataclass(frozen=True)
class _Known:
    """A policy before a list was taken over."""

    id: int
    state: str
    last_seen_at: datetime
    gone_at: datetime | None


def _known(those: Condition) -> dict[str, dict[str, _Known]]:
    """Return policy type -> {Graph id: what is known}."""
    columns = (Policy.policy_type, Policy.graph_id, Policy.id, Policy.state, Policy.last_seen_at, Policy.gone_at)
    known: dict[str, dict[str, _Known]] = {}
    for policy_type, graph_id, *facts in Policy.select(*columns).where(those).tuples():
        known.setdefault(policy_type, {})[graph_id] = _Known(*facts)
    return known


def _has_unseen(known: Mapping[str, _Known], seen: Collection[str], began: datetime) -> bool:
    """Tell whether a policy was there before the list began, and is not in it."""
    return any(
        policy.state == PolicyState.PRESENT and _is_before(policy.last_seen_at, began) and graph_id not in seen
        for graph_id, policy in known.items()
    )


def _gone(known: Mapping[str, _Known]) -> set[str]:
    return {graph_id for graph_id, policy in known.items() if policy.state == PolicyState.GONE}


def _ids_of(those: Condition, graph_ids: Collection[str]) -> list[int]:
    rows = Policy.select(Policy.id).where(those & is_in(Policy.graph_id, sorted(graph_ids)))
    return [row[0] for row in rows.tuples()]


def _seen_later(known: Mapping[str, _Known], began: datetime) -> set[str]:
    """Return the Graph ids of policies that were seen, or seen to be gone, after this list began.

    A time yet to come was set by a clock that was set back since.
    """
    now = utcnow()
    return {
        graph_id
        for graph_id, policy in known.items()
        if any(at is not None and began < at <= now for at in (policy.last_seen_at, policy.gone_at))
    }


def _is_before(seen_at: Any, began: datetime) -> Any:
    """Tell whether a policy was seen last before a list began; for a column, return the condition.

    By a clock that was set back since, nobody knows when: what is in no list then would be there for as long as that
    clock was ahead.
    """
    return (seen_at < began) | (seen_at > utcnow() + MAX_SKEW)


def _mark_unseen_gone(tenant: Tenant, policy_type: str, began: datetime, run: Run | None, *, is_told: bool) -> int:
    is_unseen = (
        (Policy.tenant == tenant)
        & (Policy.policy_type == policy_type)
        & (Policy.state == PolicyState.PRESENT)
        & _is_before(Policy.last_seen_at, began)
    )
    gone = _mark_gone(is_unseen)
    if is_told:
        change_recording.record_removed(tenant.id, run, gone)
    return len(gone)


def _mark_gone(those: Condition) -> dict[int, datetime]:
    """Mark the policies gone. Return policy id -> when it was there last."""
    marked = Policy.update(state=PolicyState.GONE, gone_at=utcnow(), assignments_mark=None).where(those)
    gone = dict(marked.returning(Policy.id, Policy.last_seen_at).tuples().execute())
    policy_index.forget(gone)
    return gone


def of_types(tenant: Tenant, policy_types: Collection[str]) -> list[Policy]:
    """Return the policies of these types that are in the tenant, by id: what a list is compared with."""
    if not policy_types:
        return []
    columns = (Policy.id, Policy.tenant, Policy.policy_type, Policy.graph_id, Policy.name, Policy.modified_at,
               Policy.assignments_mark, Policy.last_captured_at)  # fmt: skip
    are_there = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    of_them = are_there & Policy.policy_type.in_(sorted(policy_types))
    return list(Policy.select(*columns).where(of_them).order_by(Policy.id))


def new_or_modified(tenant: Tenant, policy_type: str, since: datetime) -> list[Policy]:
    """Return the policies that were first seen since then, and those that were modified after they were captured."""
    is_modified = Policy.last_captured_at.is_null(False) & (Policy.modified_at > Policy.last_captured_at)
    is_one = (Policy.first_seen_at >= since) | is_modified
    return list(Policy.select().where(is_present_of_type(tenant, policy_type) & is_one).order_by(Policy.id))


def present_of_type(tenant: Tenant, policy_type: str) -> list[Policy]:
    """Return the policies of the type that the tenant has, by id."""
    return list(Policy.select().where(is_present_of_type(tenant, policy_type)).order_by(Policy.id))


def has_any_of_type(tenant: Tenant, policy_type: str) -> bool:
    """Return whether the tenant has policies of the type, as far as we know."""
    return bool(Policy.select().where(is_present_of_type(tenant, policy_type)).exists())


def is_present_of_type(tenant: Tenant, policy_type: str) -> Condition:
    """Return the condition that a policy is one of the type that the tenant has."""
    return (Policy.tenant == tenant) & (Policy.policy_type == policy_type) & (Policy.state == PolicyState.PRESENT)


def ever_of_type(tenant: Tenant, policy_type: str) -> list[Policy]:
    """Return all policies of the type, also those that are gone."""
    return list(Policy.select().where((Policy.tenant == tenant) & (Policy.policy_type == policy_type)))


def find_by_graph_id(tenant: Tenant, policy_type: str, graph_id: str) -> Policy | None:
    """Return the policy with this Graph id, if a list or a restore has shown it."""
    return Policy.get_or_none(_is_policy(tenant, policy_type, graph_id))


def _is_policy(tenant: Tenant, policy_type: str, graph_id: str) -> Condition:
    return (Policy.tenant == tenant) & (Policy.policy_type == policy_type) & (Policy.graph_id == graph_id)


def get_or_create(
    tenant: Tenant, policy_type: str, graph_id: str, name: str, odata_type: str | None, run: Run | None = None
) -> Policy:
    """Return the policy with this Graph id, creating it when no list has shown it yet.

    `run`: which made it, or heard that it was made: then it is a change that the policy was added.
    """
    row = {
        "tenant": tenant.id,
        "policy_type": policy_type,
        "graph_id": graph_id,
        "name": name[:1000],
        "odata_type": odata_type,
    }
    known: Policy | None = Policy.get_or_none(_is_policy(tenant, policy_type, graph_id))
    if known:
        return known
    with database.atomic():
        upserts.insert_missing(Policy, KEY, [row])
        policy: Policy = Policy.get(_is_policy(tenant, policy_type, graph_id))
        if run:
            change_recording.record_added(tenant.id, run, [policy.id], None)
    return policy


def mark_gone(policy: Policy, run: Run | None = None) -> None:
    """Mark a policy gone, for which Graph answered 404. Its snapshots stay. `run`: which sees that."""
    with database.atomic():
        gone = _mark_gone((Policy.id == policy.id) & (Policy.state == PolicyState.PRESENT))
        change_recording.record_removed(policy.tenant_id, run, gone)


def find_by_text(tenant: Tenant, text: str) -> Policy | None:
    """Return the policy with this id or Graph id, as commands take either."""
    same = Policy.graph_id == text
    if text.isdigit() and len(text) < 19:
        same |= Policy.id == int(text)
    return Policy.select().where((Policy.tenant == tenant) & same).order_by(Policy.id).first()


def has_any(tenant: Tenant) -> bool:
    """Tell whether any policy of the tenant was ever seen, be it gone since."""
    return Policy.select().where(Policy.tenant == tenant).exists()


def oldest_reading(tenant: Tenant) -> datetime | None:
    """Return since when every policy in the tenant has been read at least once, or None when one never was."""
    present = Policy.select(Policy.last_captured_at).where(
        (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    )
    row = present.order_by(Policy.last_captured_at.asc(nulls="first")).tuples().first()
    return row[0] if row else None


def counts_by_type(tenant: Tenant) -> list[tuple[str, PolicyState, int, int]]:
    """Return (policy type, state, policies, policies ever captured) for each type and state that the tenant has."""
    counts = (pw.fn.COUNT(Policy.id), pw.fn.COUNT(Policy.last_captured_at))
    query = Policy.select(Policy.policy_type, Policy.state, *counts).where(Policy.tenant == tenant)
    return list(query.group_by(Policy.policy_type, Policy.state).tuples())


def present(tenant: Tenant | None, limit: int) -> list[Policy]:
    """Return the first policies by name that are in a tenant, or in all tenants."""
    query = Policy.select().where((Policy.state == PolicyState.PRESENT) & equals_if_given(Policy.tenant, tenant))
    return list(query.order_by(Policy.name, Policy.id).limit(limit))


def without_snapshot(tenant: Tenant) -> list[Policy]:
    """Return the policies that the tenant has and no backup holds, by type and name; not what every tenant has."""
    is_bare = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT) & (Policy.snapshot_count == 0)
    query = Policy.select().where(is_bare & ~Policy.is_built_in)
    return list(query.order_by(Policy.policy_type, Policy.name, Policy.id))


def ever_known(tenant: Tenant) -> list[tuple[str, str, str, str | None, str | None]]:
    """Return (policy type, Graph id, name, OData type, platform) of every policy that the tenant has or had."""
    fields = (Policy.policy_type, Policy.graph_id, Policy.name, Policy.odata_type, Policy.platform)
    return list(Policy.select(*fields).where(Policy.tenant == tenant).tuples())


def names_of_present(tenant: Tenant) -> list[tuple[str, str, str]]:
    """Return (policy type, Graph id, name) of every policy that the tenant has."""
    present = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    return list(Policy.select(Policy.policy_type, Policy.graph_id, Policy.name).where(present).tuples())


def names_by_key(tenant_id: int, graph_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """Return (policy type, Graph id) -> name of the tenant's policies with these ids, whatever their type."""
    names: dict[tuple[str, str], str] = {}
    for some in batched(sorted(graph_ids)):
        rows = Policy.select(Policy.policy_type, Policy.graph_id, Policy.name)
        is_one = (Policy.tenant == tenant_id) & Policy.graph_id.in_(some)
        names |= {(kind, graph_id): name for kind, graph_id, name in rows.where(is_one).tuples()}
    return names


def chosen(tenant: Tenant, policy_ids: Sequence[int]) -> list[Policy]:
    """Return those of these policies that are the tenant's, oldest first."""
    return list(Policy.select().where((Policy.tenant == tenant) & is_in(Policy.id, policy_ids)).order_by(Policy.id))


def by_key(tenant_id: int, graph_ids: Collection[str]) -> dict[tuple[str, str], Policy]:
    """Return (policy type, Graph id) -> the tenant's policy with this id, whatever its type, also one that is gone."""
    found: dict[tuple[str, str], Policy] = {}
    for some in batched(sorted(graph_ids)):
        rows = Policy.select(Policy.id, Policy.policy_type, Policy.graph_id, Policy.name, Policy.state)
        is_one = (Policy.tenant == tenant_id) & Policy.graph_id.in_(some)
        found |= {(row.policy_type, row.graph_id): row for row in rows.where(is_one)}
    return found


def that_refer_to(policy: Policy, kinds: Sequence[str], limit: int) -> list[Policy]:
    """Return the policies of the tenant whose newest snapshots refer to this one, by name, as far as the limit.

    `kinds`: of reference, by which a policy of its type is named.
    """
    names_it = (
        (PolicyReference.tenant == policy.tenant_id)
        & PolicyReference.object_id.in_(sorted({policy.graph_id, policy.graph_id.lower()}))
        & PolicyReference.kind.in_(list(kinds))
        & (PolicyReference.policy != policy.id)
    )
    ids = [row[0] for row in PolicyReference.select(PolicyReference.policy).where(names_it).limit(limit).tuples()]
    rows = Policy.select().where(is_in(Policy.id, sorted(set(ids))))
    return list(rows.order_by(Policy.name, Policy.id))
