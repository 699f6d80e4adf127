"""`readiness.assess`: judges what of a tenant would come back if it were deleted now. Writes nothing to the tenant.

The scheduler begins it after each good backup of a whole tenant, and a person may. It lists the tenant, looks up what
policies refer to, and has the planner plan; nobody is told of the run itself.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import dramatiq

import config
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import BULK, PRIORITY
from actors.queue.run_actor import Completion, run_claimed
from actors.readiness.deletion_plans import DeletionPlans, Outlook
from actors.tenants.graph_clients import signed_in_client
from db.audit.audit import Actor
from db.audit.own_actors import ASSESSOR
from db.clock import utcnow
from db.database import database
from db.errors import SwitchedOff
from db.models import Policy, Tenant, TenantReadiness
from db.policies import policies, snapshots, tenant_policies
from db.readiness import reports
from db.readiness.reports import PolicyVerdict
from db.runs import claims, completion, runs
from db.runs.claims import Claim
from db.states import RunKind
from graph.restore import duration, verdicts
from graph.restore.verdicts import RestoreVerdict

UNCAPTURED = RestoreVerdict(verdicts.NOT, "no_snapshot", "No backup holds it yet: back up the tenant.")


def start(tenant: Tenant, actor: Actor, *, is_quiet: bool = False) -> EnqueuedRun:
    """Start judging a tenant, or find the run that does. Raises SwitchedOff."""
    started = runs.start(
        tenant=tenant,
        kind=RunKind.READINESS,
        dedupe_key=f"{RunKind.READINESS}:{tenant.id}",
        items=[],
        actor=actor,
        is_quiet=is_quiet,
    )
    return enqueue_new(started)


def due(apart: Collection[int]) -> Sequence[TenantReadiness]:
    """Return the tenants to judge; none where that is done only when somebody asks."""
    if not config.settings().readiness_after_backups:
        return ()
    return reports.due(utcnow(), apart)


def start_due(readiness: TenantReadiness) -> None:
    """Start judging a tenant; until it ends, or an hour later, no other sweep tries."""
    reports.put_off(readiness.tenant_id)
    try:
        start(readiness.tenant, ASSESSOR, is_quiet=True)
    except SwitchedOff:  # since it was found to be due
        return


@dramatiq.actor(actor_name=RunKind.READINESS, queue_name=BULK, priority=PRIORITY[BULK])
def assess(run_id: int) -> None:
    run_claimed(run_id, RunKind.READINESS, _assess, Completion(fail=_fail))


def _assess(claim: Claim) -> None:
    tenant = claim.run.tenant
    newest = snapshots.newest_of_present(tenant)
    outlooks = list(DeletionPlans(claim, tenant, signed_in_client(tenant), newest).outlooks()) if newest else []
    # Its lists were read for it: what is gone by now could not be lost any more.
    present = {(policy_type, graph_id) for policy_type, graph_id, _ in policies.names_of_present(tenant)}
    outlooks = [outlook for outlook in outlooks if _key(outlook.snapshot.policy) in present]
    changed = tenant_policies.changed_since_snapshot(tenant)
    lines = [
        _line(outlook.snapshot.policy, outlook.snapshot.name, _as_captured(outlook, changed)) for outlook in outlooks
    ]
    lines += [_line(policy, policy.name, UNCAPTURED) for policy in policies.without_snapshot(tenant)]
    share = verdicts.share_of(line.verdict for line in lines)
    seconds = duration.seconds_for(outlook.requests for outlook in outlooks)
    with database.atomic():
        claims.assert_claim(claim)
        reports.save(claim.run, lines, share, seconds)


def _key(policy: Policy) -> tuple[str, str]:
    return policy.policy_type, policy.graph_id


def _as_captured(outlook: Outlook, changed: Mapping[int, datetime]) -> RestoreVerdict:
    """Return the verdict, or that what comes back is no longer what the tenant has.

    `changed`: policy id -> when its newest snapshot was taken, of those that were changed since.
    """
    policy_id = outlook.snapshot.policy_id
    is_old = outlook.verdict.verdict == verdicts.BY_ITSELF and not outlook.verdict.why and policy_id in changed
    return verdicts.of_changed(changed[policy_id]) if is_old else outlook.verdict


def _line(policy: Policy, name: str, verdict: RestoreVerdict) -> PolicyVerdict:
    return PolicyVerdict(policy.id, policy.policy_type, name, verdict.verdict, verdict.reason, verdict.why)


def _fail(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    """End the run; the scheduler tries the tenant again after a while."""
    reports.put_off(claim.run.tenant_id)
    completion.fail(claim, code, message, request_id)
