"""Lists of policy types, cached for a run that may have to wait between two of them: none is asked for twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from actors.reading.answer_memory import RunMemory
from db.clock import utcnow
from db.database import database
from db.models import Policy, RestoreItem, Run, Tenant
from db.policies import policies
from db.policies.policies import ListedType
from db.runs import claims, listing_cache
from db.runs.claims import Claim
from db.states import Offer
from db.tenants import coverage
from graph.errors import GraphError, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy, PolicyList, list_groups, list_policies, list_rules
from graph.references.reference_kinds import GROUPS
from graph.transport.answer_json import pack_answer, unpack_answer
from graph.transport.batch_driver import RequestSteps, drive
from graph.transport.client import Answer, GraphClient

Listings = dict[str, PolicyList | GraphError]
GroupFilter = tuple[Iterable[str], Iterable[str]]


def list_policy_types(
    claim: Claim,
    graph: GraphClient,
    later_than: Mapping[str, datetime],
    of_groups: GroupFilter = ((), ()),
    *,
    is_last_try: bool = False,
) -> Listings:
    """Return per policy type its list, or why it cannot be listed.

    `later_than`: policy type -> time after which its list must have begun. A Rejected is final for the run, and is not
    asked for again; on the last try every error is final, except a wait. `of_groups`: which groups to look for.
    """
    run, began = claim.run, utcnow()
    results: Listings = {key: _from_json(rows) for key, rows in listing_cache.load_since(run, later_than).items()}
    memory = RunMemory(claim, "list", later_than)
    missing = sorted(later_than.keys() - results.keys())
    answers = drive(graph, {key: _listing(key, of_groups) for key in missing}, memory=memory)
    for key, answer in answers.items():
        final = _final_result(answer, is_last_try)
        if final is not None:
            results[key] = final
            _save(claim, key, final, memory.began.get(key, began), memory)
        elif isinstance(answer, GraphError):
            results[key] = answer
    return results


def group_filter(items: Iterable[RestoreItem], mapped: Mapping[tuple[str, str], str]) -> GroupFilter:
    """Return the ids and the names to look for, for the groups among a restore's items."""
    groups = [item for item in items if item.policy_type == GROUPS]
    ids = {item.graph_id for item in groups} | {item.target_id for item in groups}
    ids |= {mapped.get((GROUPS, item.graph_id)) for item in groups}
    return list(filter(None, ids)), {item.name for item in groups}


def _listing(key: str, of_groups: GroupFilter) -> RequestSteps[PolicyList]:
    return list_groups(POLICY_TYPES[key], *of_groups) if key == GROUPS else list_policies(POLICY_TYPES[key])


def _final_result(answer: PolicyList | GraphError, is_last_try: bool) -> PolicyList | Rejected | None:
    if isinstance(answer, PolicyList | Rejected):
        return answer
    if is_last_try and not isinstance(answer, Throttled):
        return Rejected(answer.code, answer.sentence, status=answer.status, request_id=answer.request_id)
    return None


def _save(claim: Claim, key: str, final: PolicyList | Rejected, began: datetime, memory: RunMemory) -> None:
    with database.atomic():
        claims.assert_claim(claim)  # or a worker that was taken for dead would keep an older list as today's
        listing_cache.save(claim.run, key, _to_json(final), began)
        if isinstance(final, PolicyList):
            _record(claim, key, final, began)
        memory.forget([key])
    claim.has_progressed = True


def _record(claim: Claim, key: str, final: PolicyList, began: datetime) -> None:
    """Record the list, unless it is of groups: some were looked for, which says nothing of all others."""
    if key != GROUPS:
        record_listing(claim.run, key, final, began)


def record_listing(run: Run, policy_type: str, listed: PolicyList, began: datetime) -> int:
    """Record a complete list that was begun at `began`. Return how many policies are newly gone."""
    return record_listings(run, {policy_type: (listed, began)})[policy_type]


def record_listings(run: Run, lists: Mapping[str, tuple[PolicyList, datetime]]) -> dict[str, int]:
    """Record complete lists, in a transaction: policy type -> the list, and when it was begun.

    Return policy type -> how many policies are newly gone.
    """
    tenant = run.tenant
    # A policy without an id may be any of those that are missing.
    whole = {key: began for key, (listed, began) in lists.items() if not listed.without_id}
    whole_since = coverage.record_lists(
        tenant, {key: (began, list_rules(POLICY_TYPES[key])) for key, began in whole.items()}
    )
    for key in sorted(lists.keys() - whole.keys()):
        coverage.record_offer(tenant, key, Offer.OFFERED)
    of_types = [
        ListedType(key, [policy.facts() for policy in listed.policies], began, key in whole, whole_since.get(key))
        for key, (listed, began) in lists.items()
    ]
    return policies.record_listings(tenant, of_types, run.parent or run)


def listed_policies(tenant: Tenant, lists: Mapping[str, Sequence[ListedPolicy]]) -> dict[str, list[Policy]]:
    """Return policy type -> our rows of these policies, each with what its list says of its assignments as
    `listed_mark`.

    `listed_mark` None: the list does not show whether the policy changed.
    """
    marks = {key: {policy.graph_id: policy.assignments_mark for policy in listed} for key, listed in lists.items()}
    present: dict[str, list[Policy]] = {key: [] for key in lists}
    for policy in policies.of_types(tenant, [key for key, of_type in marks.items() if of_type]):
        key = policy.policy_type
        if policy.graph_id in marks[key]:
            policy.listed_mark = marks[key][policy.graph_id] if POLICY_TYPES[key].trusts_list else None
            present[key].append(policy)
    return present


_STORED_FIELDS = ("graph_id", "name", "odata_type", "platform", "is_built_in", "key")


def _to_json(final: PolicyList | Rejected) -> Any:
    if isinstance(final, Rejected):
        return pack_answer(Answer(error=final))
    return [{name: getattr(policy, name) for name in _STORED_FIELDS} for policy in (*final.policies, *final.without_id)]


def _from_json(stored: Any) -> PolicyList | GraphError:
    if isinstance(stored, dict):
        error = unpack_answer(stored).error
        return error if error is not None else PolicyList([])
    policies = [ListedPolicy(**{**row, "key": tuple(row["key"])}, modified_at=None) for row in stored]
    return PolicyList(
        [policy for policy in policies if policy.graph_id], [policy for policy in policies if not policy.graph_id]
    )
