"""`backup_set.capture`: list a tenant, then read what may have changed, in parts that the whole fleet shares.

One message plans: it lists the policy types, makes the items, settles those that the lists show to be unchanged, and
hands the rest out. One message for each part reads up to eighty policies in $batch calls. Whoever ends the last part
ends the run.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import chain
from threading import Lock
from typing import Any, TypedDict, Unpack

import dramatiq

from actors.backups import indexing, listing
from actors.backups.capture import drafts_or_errors, save_readings
from actors.changes import assessment
from actors.events import reading as tenant_logs
from actors.queue.enqueue import EnqueuedRun, enqueue, enqueue_new
from actors.queue.queue_names import BULK, PRIORITY, UNDER_WAY
from actors.queue.run_actor import DEFAULT_THROTTLE_WAIT, Completion, run_claimed
from actors.reading import group_items
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import (
    is_last_try,
    next_to_read,
    postpone,
    unfinished_items,
)
from actors.tenants import expiries
from actors.tenants.graph_clients import client, signed_in_client
from db.audit.audit import Actor
from db.backups import backup_sets, set_retries
from db.database import database
from db.errors import Invalid
from db.models import Run, RunItem, Tenant
from db.policies import policies
from db.runs import child_runs, claims, completion, name_cache, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.sql.value_lists import batched
from db.states import Offer, RunKind, SetState
from graph.errors import GraphError, Throttled
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read import directory_names as names
from graph.read.readings import ListedPolicy, PolicyList, Reading, read_policy
from graph.references.reference_kinds import GROUPS
from graph.transport import rate_limits
from graph.transport.batch_driver import SIDE_BY_SIDE, drive, drive_one
from graph.transport.client import BATCH_SIZE, GraphClient

logger = logging.getLogger(__name__)

# As many $batch calls as go side by side: what a part costs besides its policies is shared by more of them.
ITEMS_OF_A_PART = SIDE_BY_SIDE * BATCH_SIZE
# Threads that work side by side in one interpreter are all done only when the last one is, and then all wait for Graph
# together. One after another, the first asks for its next policies while the others work.
_WORKING = Lock()
# Services that are paced are waited for together for so long: each alone would cost a message.
TOGETHER_SECONDS = 3.0
# Id, policy type, Graph id.
ItemKey = tuple[int, str, str | None]


class WantedBackup(TypedDict, total=False):
    """The named arguments of `create_run`: policy types and policies; whether all is read."""

    policy_types: Sequence[str]
    policy_ids: Sequence[int]
    is_full: bool


def start(tenant: Tenant, actor: Actor, **wanted: Unpack[WantedBackup]) -> EnqueuedRun:
    """Start a backup of the whole tenant, or of some policy types and policies. Raises Invalid for an unknown type."""
    started = create_run(tenant, actor, **wanted)
    return replace(enqueue_new(started), does_less=does_less(started, is_full=wanted.get("is_full", False)))


def does_less(started: StartedRun, *, is_full: bool) -> bool:
    """Tell whether a full backup was asked for, and the one found under way reads only what changed."""
    backup_set = None if started.is_new else backup_sets.find_of_run(started.run)
    return is_full and backup_set is not None and not backup_set.is_full


def create_run(
    tenant: Tenant,
    actor: Actor,
    *,
    policy_types: Sequence[str] = (),
    policy_ids: Sequence[int] = (),
    is_full: bool = False,
) -> StartedRun:
    """Like `start`, for a caller that commits more with the run, and enqueues it after that."""
    unknown = sorted(set(policy_types) - set(POLICY_TYPES))
    if unknown:
        raise Invalid(f"There is no policy type {unknown[0]}. The known ones are in docs/policy-types.md.")
    selection: dict[str, Any] = {}
    if policy_types:
        selection["policy_types"] = sorted(set(policy_types))
    if policy_ids:
        selection["policies"] = sorted(set(policy_ids))
    with database.atomic():
        started = runs.start(
            tenant=tenant,
            kind=RunKind.BACK_UP,
            dedupe_key=f"{RunKind.BACK_UP}:{tenant.id}:{_selection_key(selection)}",
            items=_chosen_items(tenant, selection),
            actor=actor,
        )
        if started.is_new:
            backup_sets.begin(started.run, selection, is_full, listing.types_to_list(selection))
    return started


def retry_failed(run: Run, actor: Actor) -> EnqueuedRun:
    """Start a run that reads what the backup set of `run` lacks, and adds it there.

    Raises Invalid when nothing is missing, or the set is gone.
    """
    backup_set = backup_sets.find_of_run(run)
    if backup_set is None:
        raise Invalid("Its backup set was deleted by retention. Start a new backup.")
    if backup_set.state == SetState.RUNNING:
        raise Invalid("It is still being made.")
    lacking = set_retries.find_lacking(backup_set)
    if not lacking.policies and not lacking.types:
        raise Invalid(f"Nothing is missing in backup set {backup_set.id}.")
    with database.atomic():
        started = runs.start(
            tenant=run.tenant,
            kind=RunKind.BACK_UP,
            dedupe_key=f"{RunKind.BACK_UP}:{run.tenant_id}:set {backup_set.id}",
            items=_chosen_items(run.tenant, {"policies": lacking.policies}),
            actor=actor,
            retry_of=run,
            backup_set_id=backup_set.id,
        )
        if started.is_new:
            set_retries.begin(backup_set.id, lacking.types)
    return enqueue_new(started)


def _selection_key(selection: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(selection, sort_keys=True).encode()).hexdigest()[:16] if selection else "all"


def _chosen_items(tenant: Tenant, selection: dict[str, Any]) -> list[NewRunItem]:
    """Return the items of chosen policies. Those of policy types are known only after listing."""
    selected = policies.chosen(tenant, selection.get("policies", []))
    return [NewRunItem(policy.policy_type, policy.name, policy.id, policy.graph_id) for policy in selected]


@dramatiq.actor(actor_name=RunKind.BACK_UP, queue_name=BULK, priority=PRIORITY[BULK])
def back_up(run_id: int) -> None:
    run_claimed(run_id, RunKind.BACK_UP, _plan, Completion(finish=_create_children))


@dramatiq.actor(actor_name=RunKind.BACK_UP_PART, queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def back_up_part(run_id: int) -> None:
    run_claimed(run_id, RunKind.BACK_UP_PART, _read_part, Completion(finish=_end_part, fail=_fail_part))


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(claim: Claim) -> None:
    """List what the backup set lacks, and make its items. May be interrupted after any policy type."""
    if claim.run.parts is not None:
        return  # this message came a second time
    graph = signed_in_client(claim.run.tenant)
    with ThreadPoolExecutor(1) as thread:
        names_ahead = None if policies.has_any(claim.run.tenant) else _NamesAhead(graph, thread)
        lists, postponed = listing.list_types(claim, graph, names_ahead.begin if names_ahead else None)
    if GROUPS in listing.unlisted_types(listing.backup_set_of(claim)):
        group_items.add_groups_of_unchanged(claim, listing.backup_set_of(claim))
    items = run_items.unsettled_keys(claim.run)
    names_found = names_ahead.found() if names_ahead else None
    name_cache.save_names(claim.run.tenant, names_found or _look_up_names(claim, graph, items, lists))
    # The other types need not wait for throttled ones: a child run of its own goes on with those.
    _raise_unless_throttled(postponed)
    if not (items or listing.unlisted_types(listing.backup_set_of(claim))):
        # There will be no part beside which they could be read.
        _read_beside(claim, graph)


def _read_beside(claim: Claim, graph: GraphClient) -> None:
    """Read the logs and what expires, if they are due. Raises Throttled for a short wait."""
    tenant_logs.read_if_due(claim, graph, may_wait=True)
    if not listing.backup_set_of(claim).selection:
        expiries.read_if_due(claim, graph)


def _raise_unless_throttled(postponed: Sequence[GraphError]) -> None:
    """Raise the first error that counts as an attempt. A wait does not."""
    for error in postponed:
        if not isinstance(error, Throttled):
            raise error


class _NamesAhead:
    """Looks up names in a thread while the lists are recorded: of a tenant that is new to us all policies are read.

    It touches no database, and remembers nothing: after a crash the names are looked up as for any other tenant.
    """

    def __init__(self, graph: GraphClient, thread: ThreadPoolExecutor) -> None:
        self._graph, self._thread = graph, thread
        self._coming: Future[names.KnownNames | None] | None = None

    def begin(self, lists: Mapping[str, PolicyList]) -> None:
        policies_listed = [policy for policy_list in lists.values() for policy in policy_list.policies]
        groups, filters = _groups_and_filters(policies_listed)
        self._coming = self._thread.submit(copy_context().run, self._look_up, groups, filters)

    def _look_up(self, groups: set[str], filters: set[str]) -> names.KnownNames | None:
        try:
            return drive_one(self._graph, names.look_up_names(groups, filters))
        except GraphError:
            return None

    def found(self) -> names.KnownNames | None:
        """Return the names; None where Graph refused some for now."""
        return self._coming.result() if self._coming else None


def _look_up_names(
    claim: Claim, graph: GraphClient, items: Sequence[ItemKey], lists: Mapping[str, PolicyList]
) -> names.KnownNames:
    """Look up the groups and filters of the policies to read, once for the run and not for each policy."""
    to_read = {(policy_type, graph_id) for _, policy_type, graph_id in items}
    groups, filters = _groups_and_filters(
        policy
        for key, policy_list in lists.items()
        for policy in policy_list.policies
        if (key, policy.graph_id) in to_read
    )
    if not groups and not filters:
        return names.no_known_names()
    return drive_one(graph, names.look_up_names(groups, filters), RunMemory(claim, "names"))


def _groups_and_filters(listed: Iterable[ListedPolicy]) -> tuple[set[str], set[str]]:
    """Return the ids of the groups, and of the filters, that these policies are assigned to by their lists."""
    groups, filters = set[str](), set[str]()
    for policy in listed:
        its_groups, its_filters = names.groups_and_filters_in({"assignments": policy.assignments})
        groups |= its_groups
        filters |= its_filters
    return groups, filters


def _create_children(claim: Claim) -> None:
    if claim.run.parts is not None:
        # This message came a second time: the child runs are out already.
        claims.release(claim)
        child_runs.finish_parent_if_done(claim.run.id)
        return
    batches = _batches_for_children(run_items.unsettled_keys(claim.run))
    unlisted = listing.unlisted_types(listing.backup_set_of(claim))
    if not (batches or unlisted) or claims.is_cancel_requested(claim):
        completion.finish(claim)
        _go_on_with(claim.run.tenant)
        return
    for child in child_runs.create_children(claim, batches, with_rest=True):
        enqueue(child)


def _batches_for_children(items: Sequence[ItemKey]) -> list[list[int]]:
    """Return item ids for each child run. A service that takes no batches gets one child, begun first."""
    by_service: dict[str, list[int]] = {}
    for item_id, policy_type, _ in items:
        by_service.setdefault(POLICY_TYPES[policy_type].service, []).append(item_id)
    slow = [ids for service, ids in by_service.items() if service in rate_limits.NEVER_IN_A_BATCH]
    others = [ids for service, ids in by_service.items() if service not in rate_limits.NEVER_IN_A_BATCH]
    return [*slow, *batched(chain.from_iterable(others), ITEMS_OF_A_PART)]


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_part(claim: Claim) -> None:
    """Finish the items that can be finished. What Graph refuses for now waits, and is read again with the rest."""
    if claim.run.part == child_runs.REST_PART:
        _read_rest(claim)
    known = name_cache.seen_since(claim.run.tenant, claim.run.parent.started_at)
    while items := next_to_read(run_items.items_to_read(claim.run)):
        if claims.is_cancel_requested(claim):
            return
        known = _read(claim, items, known)


def _read_rest(claim: Claim) -> None:
    """Read what is beside the policies while the other parts read those, and list the types that had to wait."""
    graph = client(claim.run.tenant)
    waits: list[Throttled] = []
    try:
        _read_beside(claim, graph)
    except Throttled as e:
        waits.append(e)
    _, postponed = listing.list_types(claim, graph)
    _raise_unless_throttled(postponed)
    waits += [error for error in postponed if isinstance(error, Throttled)]
    if waits:
        raise _next_wait(waits)


def _next_wait(waits: Sequence[Throttled]) -> Throttled:
    """Return what to wait for: of short waits the longest, so that the message comes back once and not for each."""
    by_length = sorted(waits, key=lambda wait: DEFAULT_THROTTLE_WAIT if wait.retry_after is None else wait.retry_after)
    short = [wait for wait in by_length if wait.retry_after is not None and wait.retry_after <= TOGETHER_SECONDS]
    return short[-1] if short else by_length[0]


def _read(claim: Claim, items: Sequence[RunItem], known: names.KnownNames) -> names.KnownNames:
    """Read the items, and return the names that are known by now. Raises what has to be waited for."""
    tenant, memory = claim.run.tenant, RunMemory(claim, "item")
    readings = drive(
        client(tenant),
        {
            item.id: read_policy(
                get_policy_type(item.policy_type, with_members=tenant.keeps_members),
                item.graph_id,
                known,
                is_last_try=is_last_try(item),
            )
            for item in items
        },
        memory=memory,
    )
    unfinished = unfinished_items(items, {item: readings[item.id] for item in items})
    final = [item for item in items if item not in unfinished]
    with _WORKING:
        drafts = drafts_or_errors({item: readings[item.id] for item in final}, memory, is_indexed_later=True)
    new_names = _new_names(known, readings.values())
    groups = _groups_found(claim, readings.values())
    with database.atomic():
        group_items.lock_parent_run(claim, groups)
        claims.assert_claim(claim)
        save_readings(claim, drafts)
        group_items.add_missing(claim, groups)
        name_cache.save_names(tenant, new_names)
        memory.forget([item.id for item in final])
    postpone(claim, unfinished)
    return {kind: {**known[kind], **new_names[kind]} for kind in known}


def _groups_found(claim: Claim, readings: Iterable[Reading | GraphError]) -> dict[str, str]:
    """Return the groups that these policies refer to, if this backup is to hold groups."""
    group_type = listing.backup_set_of(claim).types.get(GROUPS) or {}
    return group_items.groups_in_readings(readings) if group_type.get("offer") == Offer.OFFERED else {}


def _new_names(known: names.KnownNames, readings: Iterable[Reading | GraphError]) -> names.KnownNames:
    new_names = names.no_known_names()
    for reading in readings:
        if isinstance(reading, Reading):
            for kind, of_kind in reading.references.items():
                new_names[kind] |= {key: name for key, name in of_kind.items() if key not in known[kind]}
    return new_names


def _end_part(claim: Claim) -> None:
    _continue(claim, child_runs.end_child(claim))


def _fail_part(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    _continue(claim, child_runs.fail_child(claim, code, message, request_id))


def _continue(claim: Claim, following: Run | None) -> None:
    if following:
        enqueue(following)
    elif child_runs.finish_parent_if_done(claim.run.parent_id):
        logger.info("run ended", extra={"whole": claim.run.parent_id})
        _go_on_with(claim.run.tenant)


def _go_on_with(tenant: Tenant) -> None:
    """Have done what follows from a backup, and need not be waited for."""
    assessment.enqueue(tenant)
    indexing.enqueue(tenant)
