"""`backup_set.capture`: list a tenant, then read what may have changed, in parts that the whole fleet shares.

One message plans: it lists the policy types, makes the items, settles those that the lists show to be unchanged, and
hands the rest out. One message for each part reads up to twenty policies in $batch calls. Whoever ends the last part
ends the run.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import dramatiq

from actors.backups.capture import prepared, settle_readings
from actors.queue.broker import BULK, PRIORITY, UNDER_WAY
from actors.queue.enqueue import EnqueuedRun, enqueue, enqueue_new
from actors.queue.run_actor import Completion, run_claimed
from actors.reading import group_items
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import record_listing
from actors.reading.graph_errors import (
    classify_listing_error,
    is_last_attempt,
    is_last_try,
    next_to_read,
    postpone,
    settle_refused,
    unfinished_items,
)
from actors.tenants import expiries
from actors.tenants.graph_clients import client, signed_in
from db.audit.audit import Actor
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import BackupSet, Policy, Run, RunItem, Tenant
from db.policies import policies
from db.runs import child_runs, claims, completion, name_cache, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.sql.value_lists import is_in
from db.states import QUIET_OFFERS, ItemState, Offer, Outcome, RunKind
from db.tenants import coverage
from graph.errors import GraphError, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read import directory_names as names
from graph.read.readings import ListedPolicy, PolicyList, Reading, list_policies, read_policy
from graph.references.reference_kinds import GROUPS
from graph.transport import rate_limits
from graph.transport.batch_driver import drive, drive_one
from graph.transport.client import BATCH_SIZE, GraphClient

logger = logging.getLogger(__name__)


def start(
    tenant: Tenant,
    actor: Actor,
    *,
    policy_types: Sequence[str] = (),
    policy_ids: Sequence[int] = (),
    is_full: bool = False,
    retry_of: Run | None = None,
) -> EnqueuedRun:
    """Of the whole tenant, or of some policy types and policies. Raises Invalid for a policy type nobody knows."""
    made = make(tenant, actor, policy_types=policy_types, policy_ids=policy_ids, is_full=is_full, retry_of=retry_of)
    return replace(enqueue_new(made), does_less=does_less(made, is_full=is_full))


def does_less(made: StartedRun, *, is_full: bool) -> bool:
    """Everything was to be read, and the backup that was found under way reads what changed."""
    backup_set = None if made.is_new else backup_sets.find_of_run(made.run)
    return is_full and backup_set is not None and not backup_set.is_full


def make(
    tenant: Tenant,
    actor: Actor,
    *,
    policy_types: Sequence[str] = (),
    policy_ids: Sequence[int] = (),
    is_full: bool = False,
    retry_of: Run | None = None,
) -> StartedRun:
    """As `start`, for who commits more with it, and sends the run after that."""
    unknown = sorted(set(policy_types) - set(POLICY_TYPES))
    if unknown:
        raise Invalid(f"There is no policy type {unknown[0]}. The known ones are in docs/policy-types.md.")
    selection: dict[str, Any] = {}
    if policy_types:
        selection["policy_types"] = sorted(set(policy_types))
    if policy_ids:
        selection["policies"] = sorted(set(policy_ids))
    with database.atomic():
        made = runs.start(
            tenant=tenant,
            kind=RunKind.BACK_UP,
            dedupe_key=f"{RunKind.BACK_UP}:{tenant.id}:{_key(selection)}",
            items=_chosen(tenant, selection),
            actor=actor,
            retry_of=retry_of,
        )
        if made.is_new:
            backup_sets.begin(made.run, selection, is_full, _to_list(selection))
    return made


def retry_failed(run: Run, actor: Actor) -> EnqueuedRun:
    """A run of what failed in that one, and of nothing else. Raises Invalid when nothing did."""
    policy_ids, policy_types = backup_sets.failed_in_run(run)
    if not policy_ids and not policy_types:
        raise Invalid(f"Nothing failed in run {run.id} that could be tried again.")
    return start(run.tenant, actor, policy_ids=policy_ids, policy_types=policy_types, is_full=True, retry_of=run)


def _key(selection: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(selection, sort_keys=True).encode()).hexdigest()[:16] if selection else "all"


def _to_list(selection: dict[str, Any]) -> Sequence[str]:
    return selection.get("policy_types", []) if selection else list(POLICY_TYPES)


def _chosen(tenant: Tenant, selection: dict[str, Any]) -> list[NewRunItem]:
    """The items of chosen policies are known at once; those of policy types only after listing."""
    chosen = Policy.select().where((Policy.tenant == tenant) & is_in(Policy.id, selection.get("policies", [])))
    return [NewRunItem(one.policy_type, one.name, one.id, one.graph_id) for one in chosen.order_by(Policy.id)]


@dramatiq.actor(actor_name=RunKind.BACK_UP, queue_name=BULK, priority=PRIORITY[BULK])
def back_up(run_id: int) -> None:
    run_claimed(run_id, RunKind.BACK_UP, _plan, Completion(finish=_hand_out))


@dramatiq.actor(actor_name=RunKind.BACK_UP_PART, queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def back_up_part(run_id: int) -> None:
    run_claimed(run_id, RunKind.BACK_UP_PART, _read_part, Completion(finish=_end_part, fail=_fail_part))


# --- planning --------------------------------------------------------------------------------------------------------


def _plan(claim: Claim) -> None:
    """May be interrupted after any policy type, and goes on with those that are left."""
    if claim.run.parts is not None:
        return  # this message came a second time
    graph = signed_in(claim.run.tenant)
    lists, postponed = _list(claim, graph)
    if GROUPS in _unlisted(_set_of(claim)):
        group_items.add_groups_of_unchanged(claim, _set_of(claim))
    _look_up_names(claim, graph, lists)
    if not _set_of(claim).selection:
        expiries.look(claim, graph)
    # What is throttled the others need not wait for: a part of its own goes on with it.
    _raise_trouble(postponed)


def _raise_trouble(postponed: Sequence[GraphError]) -> None:
    """It is counted; a wait is not."""
    for error in postponed:
        if not isinstance(error, Throttled):
            raise error


def _list(claim: Claim, graph: GraphClient) -> tuple[dict[str, PolicyList], list[GraphError]]:
    """Every policy type that the set still lacks; also what has to be asked for again."""
    backup_set = _set_of(claim)
    _leave_out_what_is_not_offered(claim, backup_set)
    wanted, memory, began = [key for key in _unlisted(backup_set) if key != GROUPS], RunMemory(claim, "list"), utcnow()
    answers = drive(graph, {key: list_policies(POLICY_TYPES[key]) for key in wanted}, memory=memory)
    lists = {key: answer for key, answer in answers.items() if isinstance(answer, PolicyList)}
    for key, listed in lists.items():
        _take_over(claim, backup_set, key, listed, memory, memory.began.get(key, began))
    refused = {key: answer for key, answer in answers.items() if isinstance(answer, GraphError)}
    final = {key: error for key, error in refused.items() if _is_given_up(claim, error)}
    for key, error in final.items():
        _record_refusal(claim, backup_set, key, error)
    if final:
        claims.reset_attempts(claim)  # their tries are not those of the others
    return lists, [error for key, error in refused.items() if key not in final]


def _unlisted(backup_set: BackupSet) -> list[str]:
    """The policy types that nobody has listed, or given up, yet; a set of an earlier version names none of them."""
    never_named = [key for key in _to_list(backup_set.selection) if key not in backup_set.types]
    return [*never_named, *backup_sets.unlisted_types(backup_set)]


def _set_of(claim: Claim) -> BackupSet:
    backup_set = backup_sets.find_of_run(claim.run.parent or claim.run)
    if backup_set is None:
        raise LookupError(f"run {claim.run.id} has no backup set")
    return backup_set


def _is_given_up(claim: Claim, error: GraphError) -> bool:
    return isinstance(error, Rejected) or (is_last_attempt(claim) and not isinstance(error, Throttled))


def _leave_out_what_is_not_offered(claim: Claim, backup_set: BackupSet) -> None:
    """Unless somebody asked for just that."""
    known = {} if backup_set.selection else coverage.not_offered(claim.run.tenant)
    for key in _unlisted(backup_set):
        if key in known:
            with database.atomic():
                claims.assert_claim(claim)
                backup_sets.record_type(backup_set, key, Offer.NOT_OFFERED, message=known[key])


def _take_over(
    claim: Claim, backup_set: BackupSet, key: str, listed: PolicyList, memory: RunMemory, began: datetime
) -> None:
    with database.atomic():
        claims.assert_claim(claim)  # or a worker that was taken for dead would add the items a second time
        backup_sets.record_type(backup_set, key, Offer.OFFERED, len(listed.policies) + len(listed.without_id))
        record_listing(claim.run.tenant, key, listed, began)
        _add_items(claim.run, backup_set, key, listed.policies)
        _fail_without_id(claim, key, listed.without_id)
        memory.forget([key])
    claim.has_progressed = True


def _fail_without_id(claim: Claim, key: str, listed: Sequence[ListedPolicy]) -> None:
    """They are there and cannot be read: each is an item that says so."""
    for one in listed:
        item = run_items.add_item(claim.run, NewRunItem(key, one.name))
        message = "Microsoft Graph lists it without a usable id: it cannot be read. Look at it in the tenant's portal."
        run_items.finish_item(claim, item, ItemState.FAILED, Outcome.ERROR, reason="malformed", message=message)


def _record_refusal(claim: Claim, backup_set: BackupSet, key: str, error: GraphError) -> None:
    """A type that cannot be listed is an item of its own: its sentence is shown where the others are.

    What the tenant need not have is nothing to look at, night for night, unless somebody asked for just that.
    """
    tenant = claim.run.tenant
    offer, why = classify_listing_error(error, POLICY_TYPES[key], tenant)
    with database.atomic():
        claims.assert_claim(claim)
        backup_sets.record_type(backup_set, key, offer, message=why)
        coverage.record_offer(tenant, key, offer, why)
        if backup_set.selection or offer not in QUIET_OFFERS:
            item = run_items.add_item(claim.run, NewRunItem(key, POLICY_TYPES[key].title))
            settle_refused(claim, item, error, offer, why)


def _add_items(run: Run, backup_set: BackupSet, key: str, listed: Sequence[ListedPolicy]) -> None:
    marks = {one.graph_id: one.assignments_mark for one in listed}
    present = [one for one in policies.of_type(run.tenant, key) if one.graph_id in marks]
    for one in present:
        one.listed_mark = marks[one.graph_id] if POLICY_TYPES[key].trusts_list else None
    unchanged = {} if backup_set.is_full else backup_sets.unchanged_snapshots(present, run.tenant.full_every_days)
    run_items.add_items(
        run, [NewRunItem(key, one.name, one.id, one.graph_id, unchanged.get(one.id)) for one in present]
    )


def _look_up_names(claim: Claim, graph: GraphClient, lists: Mapping[str, PolicyList]) -> None:
    """The groups and filters of what will be read: once for the run, not once for each policy."""
    to_read = {(item.policy_type, item.graph_id) for item in run_items.unsettled_items(claim.run)}
    groups: set[str] = set()
    filters: set[str] = set()
    for key, listed in lists.items():
        for one in listed.policies:
            if (key, one.graph_id) in to_read:
                its_groups, its_filters = names.groups_and_filters_in({"assignments": one.assignments})
                groups |= its_groups
                filters |= its_filters
    if groups or filters:
        found = drive_one(graph, names.look_up_names(groups, filters), RunMemory(claim, "names"))
        name_cache.save_names(claim.run.tenant, found)


def _hand_out(claim: Claim) -> None:
    if claim.run.parts is not None:
        # This message came a second time: the parts are out already.
        claims.release(claim)
        child_runs.finish_parent_if_done(claim.run.id)
        return
    divided, rest = _divided(run_items.unsettled_items(claim.run)), _unlisted(_set_of(claim))
    if not (divided or rest) or claims.is_cancel_requested(claim):
        completion.finish(claim)
        return
    for part in child_runs.create_children(claim, divided, with_rest=bool(rest)):
        enqueue(part)


def _divided(items: Sequence[RunItem]) -> list[list[int]]:
    """Twenty to a part. A service that is asked one by one gets one part, begun first: it takes longest."""
    by_service: dict[str, list[int]] = {}
    for item in items:
        by_service.setdefault(POLICY_TYPES[item.policy_type].service, []).append(item.id)
    slow = [ids for service, ids in by_service.items() if service in rate_limits.NEVER_IN_A_BATCH]
    rest = [one for service, ids in by_service.items() if service not in rate_limits.NEVER_IN_A_BATCH for one in ids]
    return [*slow, *(rest[at : at + BATCH_SIZE] for at in range(0, len(rest), BATCH_SIZE))]


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_part(claim: Claim) -> None:
    """Settle what can be settled; what Graph refuses for now waits, and is asked for again with the rest."""
    if claim.run.part == child_runs.UNLISTED_PART:
        _, postponed = _list(claim, client(claim.run.tenant))
        _raise_trouble(postponed)
        if postponed:
            raise postponed[0]
    known = name_cache.seen_since(claim.run.tenant, claim.run.parent.started_at)
    while items := next_to_read(run_items.unsettled_items(claim.run)):
        if claims.is_cancel_requested(claim):
            return
        known = _read(claim, items, known)


def _read(claim: Claim, items: Sequence[RunItem], known: names.KnownNames) -> names.KnownNames:
    """Returns the names that are known by now. Raises what has to be waited for."""
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
    settled = [(item, prepared(item, readings[item.id], memory)) for item in final]
    news = _new_names(known, readings.values())
    groups = _groups(claim, readings.values())
    with database.atomic():
        group_items.lock_parent_run(claim, groups)
        claims.assert_claim(claim)
        settle_readings(claim, settled)
        group_items.add_missing(claim, groups)
        name_cache.save_names(tenant, news)
        memory.forget([item.id for item in final])
    postpone(claim, unfinished)
    return {kind: {**known[kind], **news[kind]} for kind in known}


def _groups(claim: Claim, readings: Iterable[Reading | GraphError]) -> dict[str, str]:
    """That policies which were read just now refer to, if this backup is to hold groups."""
    of_set = _set_of(claim).types.get(GROUPS) or {}
    return group_items.groups_in_readings(readings) if of_set.get("offer") == Offer.OFFERED else {}


def _new_names(known: names.KnownNames, readings: Iterable[Reading | GraphError]) -> names.KnownNames:
    found = names.no_known_names()
    for reading in readings:
        if isinstance(reading, Reading):
            for kind, of_kind in reading.references.items():
                found[kind] |= {key: name for key, name in of_kind.items() if key not in known[kind]}
    return found


def _end_part(claim: Claim) -> None:
    _go_on(claim, child_runs.end_child(claim))


def _fail_part(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    _go_on(claim, child_runs.fail_child(claim, code, message, request_id))


def _go_on(claim: Claim, following: Run | None) -> None:
    if following:
        enqueue(following)
    elif child_runs.finish_parent_if_done(claim.run.parent_id):
        logger.info("run ended", extra={"whole": claim.run.parent_id})
