"""Lists of policy types for a run that may have to wait between two of them: what it has seen it does not ask again."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from actors.reading.answer_memory import RunMemory
from db.clock import utcnow
from db.database import database
from db.models import RestoreItem, Tenant
from db.policies import policies
from db.runs import claims, listing_cache
from db.runs.claims import Claim
from db.states import Offer
from db.tenants import coverage
from graph.errors import GraphError, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy, PolicyList, list_groups, list_policies
from graph.references.reference_kinds import GROUPS
from graph.transport.answer_json import pack_answer, unpack_answer
from graph.transport.batch_driver import RequestSteps, drive
from graph.transport.client import Answer, GraphClient

Lists = dict[str, PolicyList | GraphError]
OfGroups = tuple[Iterable[str], Iterable[str]]


def lists(
    claim: Claim,
    graph: GraphClient,
    later_than: Mapping[str, datetime],
    of_groups: OfGroups = ((), ()),
    *,
    is_last_try: bool = False,
) -> Lists:
    """Per policy type what is there, as a look that began later than the time given for it saw it.

    Or why it cannot be listed: a Rejected is final for the run, and is not asked for again. With the last try every
    error is, but for a wait. `of_groups`: the ids and the names that matter, where groups are among them.
    """
    run, began = claim.run, utcnow()
    found: Lists = {key: _unpacked(rows) for key, rows in listing_cache.load_since(run, later_than).items()}
    memory = RunMemory(claim, "list", later_than)
    wanted = sorted(later_than.keys() - found.keys())
    asked = drive(graph, {key: _listing(key, of_groups) for key in wanted}, memory=memory)
    for key, answer in asked.items():
        final = _final(answer, is_last_try)
        if final is not None:
            found[key] = final
            _keep(claim, key, final, memory.began.get(key, began), memory)
        elif isinstance(answer, GraphError):
            found[key] = answer
    return found


def of_groups(items: Iterable[RestoreItem], mapped: Mapping[tuple[str, str], str]) -> OfGroups:
    """What to look for, of the groups that a restore holds."""
    groups = [one for one in items if one.policy_type == GROUPS]
    ids = {one for item in groups for one in (item.graph_id, item.target_id, mapped.get((GROUPS, item.graph_id)))}
    return list(filter(None, ids)), {one.name for one in groups}


def _listing(key: str, of_groups: OfGroups) -> RequestSteps[PolicyList]:
    return list_groups(POLICY_TYPES[key], *of_groups) if key == GROUPS else list_policies(POLICY_TYPES[key])


def _final(answer: PolicyList | GraphError, is_last_try: bool) -> PolicyList | Rejected | None:
    if isinstance(answer, PolicyList | Rejected):
        return answer
    if is_last_try and not isinstance(answer, Throttled):
        return Rejected(answer.code, answer.sentence, status=answer.status, request_id=answer.request_id)
    return None


def _keep(claim: Claim, key: str, final: PolicyList | Rejected, began: datetime, memory: RunMemory) -> None:
    with database.atomic():
        claims.assert_claim(claim)  # or a worker that was taken for dead would keep an older list as today's
        listing_cache.save(claim.run, key, _packed(final), began)
        if isinstance(final, PolicyList):
            _record(claim, key, final, began)
        memory.forget([key])
    claim.has_got_on = True


def _record(claim: Claim, key: str, final: PolicyList, began: datetime) -> None:
    """Groups were looked for, not listed: that says nothing of all others."""
    if key != GROUPS:
        record(claim.run.tenant, key, final, began)


def record(tenant: Tenant, policy_type: str, listed: PolicyList, began: datetime) -> int:
    """Take over a complete list that was begun then. Returns how many policies are newly gone."""
    coverage.record_offer(tenant, policy_type, Offer.OFFERED)
    # One without an id may be any of those that are missing.
    return policies.record_listing(
        tenant, policy_type, [one.facts() for one in listed.policies], began=began, is_whole=not listed.without_id
    )


_KEPT = ("graph_id", "name", "odata_type", "platform", "is_built_in", "key")


def _packed(final: PolicyList | Rejected) -> Any:
    if isinstance(final, Rejected):
        return pack_answer(Answer(error=final))
    return [{name: asdict(one)[name] for name in _KEPT} for one in (*final.policies, *final.without_id)]


def _unpacked(kept: Any) -> PolicyList | GraphError:
    if isinstance(kept, dict):
        error = unpack_answer(kept).error
        return error if error is not None else PolicyList([])
    found = [ListedPolicy(**{**row, "key": tuple(row["key"])}, modified_at=None) for row in kept]
    return PolicyList([one for one in found if one.graph_id], [one for one in found if not one.graph_id])
