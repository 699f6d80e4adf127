"""`change.watch`: one look at a tenant's own audit logs, and the capture of what they say was changed.

The scheduler begins it, and nobody is told. A look that captured nothing leaves no trace but its time at the tenant's
watch; one that did stays in the lists as every run. It asks once for each log. Only what events name is read then:
policies that we know, and of those that we do not the lists of the types that they may be of.

Where the log of Conditional Access is not readable, the list of its policies is read in its place, with every look: it
shows what was modified, and not by whom.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

import dramatiq

import config
from actors.backups import look, sync
from actors.changes import assessment
from actors.events import reading
from actors.queue.enqueue import enqueue_new
from actors.queue.queue_names import PRIORITY, UNDER_WAY
from actors.queue.run_actor import Completion, GivenUp, Wait, run_claimed
from actors.tenants.graph_clients import signed_in_client
from db.audit.own_actors import WATCH
from db.clock import utcnow
from db.database import database
from db.errors import SwitchedOff
from db.events import event_logs, follow_ups, matching, watches
from db.events.event_logs import LogState
from db.events.follow_ups import FollowUps, LookedAt
from db.models import Tenant, Watch
from db.policies import policies
from db.runs import claims, completion, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.states import ItemState, Outcome, RunKind, TenantLog
from db.tenants import coverage, tenants
from graph.errors import Unavailable
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import PolicyList
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)

LISTABLE = frozenset(key for key, policy_type in POLICY_TYPES.items() if not policy_type.is_referred)
CONDITIONAL_ACCESS = "conditionalAccessPolicies"
# An event comes into its log so long after it happened, as a rule: microsoftgraph/microsoft-graph-docs#6101 says less
# than 15 minutes of the directory's; rknightion/graph2otel gives Intune's as long.
LOG_DELAY = timedelta(minutes=15)
# The directory keeps its log no longer in a tenant without a licence (learn.microsoft.com: Microsoft Entra data
# retention). What was changed before then, a backup finds.
LOGS_KEPT = timedelta(days=7)


def start_due(watch: Watch) -> None:
    """Start the look that is due, unless another scheduler was quicker or the last look still goes on."""
    try:
        started = _create_run(watch)
    except SwitchedOff as e:  # since it was found to be due
        logger.info("%s", e)
        return
    if started and started.is_new:
        enqueue_new(started)


def _create_run(watch: Watch) -> StartedRun | None:
    tenant = watch.tenant
    with database.atomic():
        tenants.lock_switched_on(tenant, even_off=False)
        if not watches.claim_due(watch, utcnow(), config.settings().watch_minutes):
            return None
        key = f"{RunKind.WATCH}:{tenant.id}"
        return runs.start(tenant=tenant, kind=RunKind.WATCH, dedupe_key=key, items=[], actor=WATCH, is_quiet=True)


# Short, and due by the clock: before backups that have not begun, and never before what somebody waits for.
@dramatiq.actor(actor_name=RunKind.WATCH, queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def watch(run_id: int) -> None:
    run_claimed(run_id, RunKind.WATCH, _look, Completion(finish=_finish, fail=_fail))


def _look(claim: Claim) -> None:
    tenant = claim.run.tenant
    watched = watches.find(tenant)
    if watched is None:
        return
    graph = _read_logs_and_plan(claim, watched)
    if not sync.list_policy_types(claim, graph, lambda key, listed: _add_what_is_new(claim, key, listed)):
        return
    look.read_items(claim, graph)
    matching.match_waiting(tenant)
    assessment.assess_of_run(claim.run)


def _read_logs_and_plan(claim: Claim, watched: Watch) -> GraphClient:
    """Read what is new in the logs and make the run's items, unless an earlier message of the run has.

    Raises GivenUp when the tenant does not answer: the next look comes in a few minutes.
    """
    tenant = claim.run.tenant
    try:
        graph = signed_in_client(tenant)
    except Unavailable as e:
        raise GivenUp(e.code, e.sentence) from e
    if not run_items.of_run(claim.run):
        new = reading.read_new_events(tenant, graph)
        if not _plan(claim, watched) and new.retry_after is not None:
            raise Wait(f"Microsoft limit reached, continuing in {new.retry_after:.0f} s.", new.retry_after)
    return graph


def _plan(claim: Claim, watched: Watch) -> bool:
    """Make the run's items. Return False where there is nothing to do."""
    tenant = claim.run.tenant
    left = _left(tenant, watched)
    types = {*left.policy_types, *([CONDITIONAL_ACCESS] if _is_listed_each_time(tenant) else [])}
    items = [NewRunItem(key, POLICY_TYPES[key].title) for key in sorted(types)]
    items += [NewRunItem(each.policy_type, each.name, each.id, each.graph_id) for each in left.policies]
    with database.atomic():
        claims.assert_claim(claim)
        run_items.add_items(claim.run, items)
    return bool(items)


def _left(tenant: Tenant, watched: Watch, looked: LookedAt | None = None) -> FollowUps:
    settle = timedelta(seconds=config.settings().settle_seconds)
    return follow_ups.find(tenant, _follows_since(tenant, watched), settle, LISTABLE, looked)


def _follows_since(tenant: Tenant, watched: Watch) -> datetime:
    """Return since when events are followed: whatever was changed before is captured."""
    grounds = [at for at in (watched.fresh_at, tenant.last_backup_at) if at]
    return max(grounds, default=utcnow()) - follow_ups.LATE_EVENTS


def _is_listed_each_time(tenant: Tenant) -> bool:
    """Tell whether the tenant has Conditional Access, as far as we know, and its log is not readable."""
    log = next(each for each in event_logs.states(tenant) if each.log == TenantLog.ENTRA)
    return not log.is_readable and coverage.is_offered(tenant, CONDITIONAL_ACCESS)


def _add_what_is_new(claim: Claim, key: str, listed: PolicyList) -> None:
    """Add an item for each policy of a list that was never seen before, or was modified since it was read."""
    tenant, ids = claim.run.tenant, {policy.graph_id for policy in listed.policies}
    there = run_items.graph_ids_of_type(claim.run.id, key)
    changed = policies.new_or_modified(tenant, key, claim.run.started_at)
    new = [policy for policy in changed if policy.graph_id in ids - there]
    run_items.add_items(claim.run, [NewRunItem(key, policy.name, policy.id, policy.graph_id) for policy in new])


# --- its end -------------------------------------------------------------------------------------------------------


def _finish(claim: Claim) -> None:
    if claims.is_cancel_requested(claim):
        completion.finish(claim)
        return
    watched = watches.find(claim.run.tenant)
    if watched:
        left = _follow(claim, watched)
        error = _what_is_missing(claim, watched)
        fresh_at = None if error else _fresh_at(claim.run.tenant, left)
    with database.atomic():
        if watched and error and not _is_seen(claim):
            watches.record_failure(watched, error, config.settings().watch_minutes)
        elif watched:
            watches.record_look(watched, fresh_at, error)
        _end(claim)


def _follow(claim: Claim, watched: Watch) -> FollowUps:
    """Mark the events of which nothing is left to look for, and return what is left for the next look."""
    tenant, items = claim.run.tenant, run_items.of_run(claim.run)
    listed = {item.policy_type for item in items if item.graph_id is None and item.state != ItemState.FAILED}
    gone = {item.policy_id for item in items if item.outcome == Outcome.GONE}
    left = _left(tenant, watched, LookedAt(claim.run.started_at, listed, gone))
    follow_ups.mark_followed(left.settled)
    return left


def _fresh_at(tenant: Tenant, left: FollowUps) -> datetime:
    """Return the time before which everything that was changed is captured."""
    logs = event_logs.states(tenant)
    fresh = min(each.read_to for each in logs if each.is_readable and each.read_to) - LOG_DELAY
    return min(fresh, left.unseen_since) if left.unseen_since else fresh


def _is_seen(claim: Claim) -> bool:
    """Tell whether the look saw anything of the tenant."""
    tenant = claim.run.tenant
    return any(_is_current(claim, log) for log in event_logs.states(tenant)) or _is_listed_each_time(tenant)


def _is_current(claim: Claim, log: LogState) -> bool:
    began = claim.run.started_at.replace(microsecond=0)
    return bool(log.is_readable and log.read_to and log.read_to >= began)


def _has_gap(tenant: Tenant, watched: Watch) -> bool:
    return _follows_since(tenant, watched) < utcnow() - LOGS_KEPT


def _what_is_missing(claim: Claim, watched: Watch) -> str | None:
    """Return why not all that was changed may be captured, as a sentence."""
    tenant = claim.run.tenant
    logs = event_logs.states(tenant)
    if logs[0].is_readable is False:
        return logs[0].why or f"Its audit log is not readable: it needs the permission {logs[0].needs}."
    if not all(_is_current(claim, log) for log in logs if log.is_readable is not False):
        return "Its audit log did not answer. The next look tries again."
    if _has_gap(tenant, watched):
        return "It was not watched for longer than Microsoft keeps its logs: the next backup finds what was changed."
    failed = next((item for item in run_items.of_run(claim.run) if item.state == ItemState.FAILED), None)
    return f"{failed.name}: {failed.message}" if failed else None


def _fail(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    watched = watches.find(claim.run.tenant)
    is_worth_keeping = _has_captured(claim)
    with database.atomic():
        if watched:
            watches.record_failure(watched, message, config.settings().watch_minutes)
        if is_worth_keeping:
            completion.fail(claim, code, message, request_id)
        else:
            completion.leave_no_trace(claim)


def _end(claim: Claim) -> None:
    if _has_captured(claim):
        completion.finish(claim)
    else:
        completion.leave_no_trace(claim)


def _has_captured(claim: Claim) -> bool:
    found: Collection[Outcome] = (Outcome.CAPTURED, Outcome.GONE)
    return any(run_items.first_of_outcome(claim.run, outcome) for outcome in found)
