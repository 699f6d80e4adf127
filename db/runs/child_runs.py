"""Child runs: a large run is handed out in parts that any worker may take (docs/decisions/0006-child-runs.md).

A child run that ends begins the next in the same transaction. The parent ends once, by whoever finds nothing left
under way.
"""

from db.backups import backup_sets
from db.database import database, lock_rows
from db.models import IS_ACTIVE, Run, RunItem
from db.runs import claims, completion, run_items, runs
from db.runs.claims import Claim
from db.sql.updates import update_rows
from db.states import Offer, RunKind
from db.waits import stints

# Per tenant: enough that eight threads are busy with one, and few enough that two of them are left for others.
CHILDREN_AT_ONCE = 6
# The part that reads what is beside the policies, and lists what could not be listed at first.
REST_PART = 0


def create_children(claim: Claim, parts: list[list[int]], *, with_rest: bool) -> list[Run]:
    """Divide the items (by id), give the parent's claim back, and return the first child runs, to be sent now.

    `with_rest`: begin part 0 too, which reads what no other part needs to wait for.
    """
    with database.atomic():
        claims.require_one_row(
            Run.update(parts=len(parts), claimed_by=None, heartbeat_at=None, waiting=None).where(claims.held_by(claim))
        )
        stints.record(claim.run, claim.began_at)
        part_of = {item_id: [number] for number, item_ids in enumerate(parts, start=1) for item_id in item_ids}
        update_rows([RunItem.part], part_of)
        begun: list[Run | None] = [_create_child(claim.run, REST_PART)] if with_rest else []
        begun += [_create_next_child(claim.run) for _ in range(CHILDREN_AT_ONCE)]
    return [part for part in begun if part]


def end_child(claim: Claim) -> Run | None:
    """Delete the child run that is done, and return the next one, if any.

    Raises ClaimLost when somebody else has it now.
    """
    with database.atomic():
        # The whole's row before the part's, as whoever ends the whole locks them.
        stints.record(claim.run, claim.began_at)
        following = _create_next_child(claim.run.parent)
        claims.require_one_row(Run.delete().where(claims.held_by(claim)))
    return following


def fail_child(claim: Claim, code: str, message: str, request_id: str | None) -> Run | None:
    """End a child run that cannot go on: its unsettled items fail, the other children's do not.

    Return the next child run.
    """
    with database.atomic():
        # Its row first, and then the items', as whoever ends the whole locks them.
        lock_rows(Run, Run.id == claim.run.parent_id)
        claims.assert_claim(claim)
        completion.fail_unsettled_items(claim.run, code, message, request_id)
        if claim.run.part == REST_PART:
            _fail_unlisted(claim.run.parent, code, message, request_id)
        return end_child(claim)


def _fail_unlisted(whole: Run, code: str, message: str, request_id: str | None) -> None:
    """Give each policy type that nobody will list any more a failed item that says why. In a transaction."""
    backup_set = backup_sets.find_of_run(whole)
    if backup_set is None:
        return
    failed = run_items.failure_columns(code, message, request_id)
    for key in backup_sets.unlisted_types(backup_set):
        RunItem.create(run=whole, policy_type=key, name=key, **failed)
        backup_sets.record_type(backup_set, key, Offer.FAILED, message=message)


def _create_next_child(whole: Run) -> Run | None:
    begun = (
        Run.update(parts_begun=Run.parts_begun + 1)
        .where((Run.id == whole.id) & (Run.parts_begun < Run.parts) & Run.cancel_requested_at.is_null())
        .returning(Run.parts_begun)
        .tuples()
        .execute()
    )
    for (number,) in begun:
        return _create_child(whole, number)
    return None


def _create_child(whole: Run, number: int) -> Run:
    return Run.create(
        tenant=whole.tenant_id,
        kind=RunKind.BACK_UP_PART,
        dedupe_key=f"{RunKind.BACK_UP_PART}:{whole.id}:{number}",
        parent=whole.id,
        part=number,
        requested_by=whole.requested_by_id,
        origin=whole.origin,
        asked_in=whole.asked_in,
        trace=whole.trace,
    )


def has_running_child(whole: Run) -> bool:
    return Run.select().where((Run.parent == whole.id) & IS_ACTIVE).exists()


def finish_parent_if_done(whole_id: int) -> bool:
    """End the parent when none of its children is under way. Any number may call this; one of them ends it."""
    with database.atomic():
        whole = runs.find_run(whole_id)
        if whole is None or has_running_child(whole):
            return False
        completion.lock_ending_rows(whole)
        claim = claims.take_claim(whole_id, whole.kind)
        if claim and run_items.unsettled_items(claim.run) and not claim.run.cancel_requested_at:
            completion.fail(claim, "part_lost", "A part of this run was lost. Try what failed again.")
        elif claim:
            completion.finish(claim)
    return claim is not None
