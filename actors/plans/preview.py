"""`restore.preview`: reads the target tenant and saves what a live restore would do. Writes nothing to the tenant.

Reading may be interrupted after any twenty policies and goes on with the rest. What was read is planned while more is
being read; a message that is interrupted keeps what it read, and the one that ends decides again. All plans are saved
at once.
"""

import dramatiq

from actors.plans import plan_builder, plan_items
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.tenants import graph_clients
from db.audit.audit import Actor
from db.database import transaction
from db.models import Restore, RestoreItem
from db.restores import restore_drafts, restore_items, restores
from db.runs import claims, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import RunKind


def start(restore: Restore, actor: Actor) -> EnqueuedRun:
    """Start a preview of the restore. Raises Invalid when it is too late for one."""
    return enqueue_new(_create_run(restore, actor))


@transaction
def _create_run(restore: Restore, actor: Actor) -> runs.StartedRun:
    restores.lock_restore(restore)
    started = runs.start(
        tenant=restore.tenant,
        kind=RunKind.PREVIEW,
        dedupe_key=f"{RunKind.PREVIEW}:{restore.id}",
        items=[new_run_item(item) for item in restore_items.items(restore)],
        actor=actor,
        restore_id=restore.id,
    )
    if started.is_new:
        restore_drafts.begin_preview(restore)
    return started


def new_run_item(item: RestoreItem) -> NewRunItem:
    return NewRunItem(item.policy_type, item.name, graph_id=item.graph_id, restore_item_id=item.id)


@dramatiq.actor(actor_name=RunKind.PREVIEW, queue_name=INTERACTIVE)
def preview(run_id: int) -> None:
    run_claimed(run_id, RunKind.PREVIEW, _preview)


def _preview(claim: Claim) -> None:
    restore = Restore.get_by_id(claim.run.restore_id)
    graph = graph_clients.signed_in_client(restore.tenant)
    builder = plan_builder.open_builder(claim, restore, graph)
    for _ in builder.read():
        if claims.is_cancel_requested(claim):
            return
        builder.plan_what_was_read()
    planned = builder.decide()
    restores.note_estimate(restore, plan_items.estimated_seconds(planned, builder.contents, restore.options))
    builder.save_plans(planned)
