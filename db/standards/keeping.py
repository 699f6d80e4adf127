"""Keeping a tenant as a standard wants it: of which policies a change is told, and which are put back by themselves.

Put back by itself is only what a person put back before, without trouble, and so many times a day at most. What goes
wrong once is told from then on, until somebody chooses otherwise.
"""

from collections.abc import Collection
from datetime import timedelta

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import is_recent, utcnow
from db.database import Condition, lock_rows, transaction
from db.errors import Invalid
from db.models import Change, Policy, Restore, RestoreItem, Standard, StandardAdoption, StandardCell, Tenant
from db.states import CellState, ChangeState, KeepChoice, Outcome, RestoreState

A_DAY = timedelta(days=1)
MOST_A_DAY = 50
# Somebody, or another tool, changes it again and again: that is for people to sort out.
MOST_OF_ONE_ITEM = 2
AT_ONCE = 50
UNDER_WAY = (RestoreState.DRAFT, RestoreState.PREVIEWED, RestoreState.APPROVED, RestoreState.RUNNING)
NOT_THERE = "The tenant has no policy for this item, or nobody has said which it is."
FOUR_EYES = "This tenant asks for a second person before anything is written, so nothing is put back by itself."
NEVER_PUT_BACK = "Put it back by hand once: only what went well before is done by itself."
WENT_WRONG = "The last restore of this policy did not go well, or was undone: put it back by hand once more."
AGAIN_AND_AGAIN = "It was put back by itself {count} times within a day, and changed again: somebody has to look at it."


# --- choosing --------------------------------------------------------------------------------------------------------


@transaction
def choose(cell: StandardCell, choice: KeepChoice, actor: Actor) -> None:
    """Say what happens when somebody changes the item's policy in the tenant. Raises Invalid where that may not be.

    Whoever calls it has made sure that the policy is none of Conditional Access.
    """
    if choice == KeepChoice.PUT_BACK and (refusal := why_not(cell)):
        raise Invalid(refusal)
    _set(cell, choice, actor, "")


def fall_back(cell: StandardCell, why: str) -> None:
    """Tell of the item from now on, instead of putting it back: it went wrong, or may not be any longer."""
    _set(cell, KeepChoice.TELL, SYSTEM, why)


@transaction
def _set(cell: StandardCell, choice: KeepChoice, actor: Actor, why: str) -> None:
    is_other = (StandardCell.id == cell.id) & (StandardCell.keep != choice)
    if StandardCell.update(keep=choice).where(is_other).execute():
        adoption = cell.adoption
        audit.record(
            Action.KEEPING_CHOSEN,
            actor,
            f"standard {adoption.standard_id}",
            tenant=adoption.tenant,
            name=str(adoption.standard.name),
            item=cell.name,
            choice=str(choice),
            why=why,
        )
    cell.keep = choice


@transaction
def limit_to(adoption: StandardAdoption, put_backs_a_day: int, actor: Actor) -> None:
    """Say how many policies are put back by themselves in a day at most. Raises Invalid."""
    if not 0 <= put_backs_a_day <= MOST_A_DAY:
        raise Invalid(f"Choose a number from 0 to {MOST_A_DAY}.")
    is_other = (StandardAdoption.id == adoption.id) & (StandardAdoption.put_backs_a_day != put_backs_a_day)
    if StandardAdoption.update(put_backs_a_day=put_backs_a_day).where(is_other).execute():
        audit.record(
            Action.KEEPING_LIMITED,
            actor,
            f"standard {adoption.standard_id}",
            tenant=adoption.tenant,
            name=str(adoption.standard.name),
            put_backs_a_day=put_backs_a_day,
        )


def why_not(cell: StandardCell) -> str:
    """Return why the item may not be put back by itself; "": it may."""
    if cell.adoption.tenant.four_eyes:
        return FOUR_EYES
    if cell.policy_id is None:
        return NOT_THERE
    newest = _newest_restored(cell.policy)
    if newest is None:
        return NEVER_PUT_BACK
    return "" if _went_well(newest) else WENT_WRONG


def _newest_restored(policy: Policy) -> RestoreItem | None:
    """Return the policy's part in the newest restore that was to overwrite it, but for roll-outs and what undoes."""
    is_it = (RestoreItem.policy_type == policy.policy_type) & (RestoreItem.target_id == policy.graph_id)
    is_ended = (Restore.tenant == policy.tenant_id) & (Restore.state == RestoreState.FINISHED)
    is_put_back = is_ended & Restore.rollout_id.is_null() & Restore.undo_of.is_null()
    query = RestoreItem.select(RestoreItem, Restore).join(Restore)
    query = query.where(is_it & is_put_back & (RestoreItem.action == Outcome.UPDATE))
    row: RestoreItem | None = query.order_by(Restore.id.desc()).first()
    return row


def _went_well(item: RestoreItem) -> bool:
    """Tell whether it was written and read back as wanted, and not undone."""
    was_undone = Restore.select(Restore.id).where(
        (Restore.undo_of == item.restore_id) & Restore.state.in_([RestoreState.RUNNING, RestoreState.FINISHED])
    )
    return item.outcome == Outcome.UPDATED and bool(item.verified) and not was_undone.exists()


# --- what is due -----------------------------------------------------------------------------------------------------


def due(apart: Collection[int] = ()) -> list[StandardAdoption]:
    """Return some adoptions in which something is to be put back by itself, and nothing is on its way there.

    After each restore the tenant is compared first: until then its cells say what was there before.
    """
    adoption_ids = StandardCell.select(StandardCell.adoption).where(_is_due())
    is_not_compared = Restore.ended_at >= StandardAdoption.checked_at
    is_on_its_way = pw.fn.EXISTS(
        Restore.select(Restore.id).where(
            (Restore.standard_id == StandardAdoption.standard)
            & (Restore.tenant == StandardAdoption.tenant)
            & _is_by_itself()
            & (Restore.state.in_(UNDER_WAY) | is_not_compared)
        )
    )
    query = StandardAdoption.select(StandardAdoption, Standard, Tenant).join(Standard).switch(StandardAdoption)
    query = query.join(Tenant).where(StandardAdoption.id.in_(adoption_ids) & ~is_on_its_way)
    query = query.where(StandardAdoption.id.not_in(list(apart)) & (StandardAdoption.put_backs_a_day > 0))
    return list(query.order_by(StandardAdoption.id).limit(AT_ONCE))


def _is_due() -> Condition:
    """Return the condition of a cell whose policy somebody changed, about which nobody has decided.

    One that was never as the standard wants it is no such: what is there, somebody has to bring first.
    """
    is_open = Change.select(Change.id).where(
        (Change.policy == StandardCell.policy) & (Change.state == ChangeState.OPEN)
    )
    differs = (StandardCell.state == CellState.DIFFERS) & StandardCell.aligned_mark.is_null(False)
    # As a literal, for the index.
    condition: Condition = pw.SQL("keep = 'put_back'") & differs & pw.fn.EXISTS(is_open)
    return condition


def _is_by_itself() -> Condition:
    # As a literal, for the index.
    condition: Condition = pw.SQL("is_by_itself")
    return condition


def due_cells(adoption: StandardAdoption) -> list[StandardCell]:
    """Return what is to be put back there now, as many as the day allows. What may not be any longer falls back."""
    rows = StandardCell.select(StandardCell, Policy).join(Policy).switch(StandardCell)
    cells = list(rows.where((StandardCell.adoption == adoption) & _is_due()).order_by(StandardCell.id))
    done = _of_today(adoption)
    left = adoption.put_backs_a_day - len(done)
    chosen: list[StandardCell] = []
    for cell in cells:
        cell.adoption = adoption
        times = done.count(cell.item_key)
        refusal = AGAIN_AND_AGAIN.format(count=times) if times >= MOST_OF_ONE_ITEM else why_not(cell)
        if refusal:
            fall_back(cell, refusal)
        elif len(chosen) < left:
            chosen.append(cell)
    return chosen


def _of_today(adoption: StandardAdoption) -> list[str]:
    """Return the item keys of what was to be put back by itself within a day, each as often as it was."""
    its = (Restore.standard_id == adoption.standard_id) & (Restore.tenant == adoption.tenant_id) & _is_by_itself()
    query = RestoreItem.select(RestoreItem.graph_id).join(Restore)
    recent = its & is_recent(Restore.created_at, A_DAY, utcnow())
    return [row[0] for row in query.where(recent).tuples()]


def mark(restore: Restore) -> Restore:
    """Say of a new draft that no person began it."""
    Restore.update(is_by_itself=True).where(Restore.id == restore.id).execute()
    restore.is_by_itself = True
    return restore


def lock(adoption: StandardAdoption) -> bool:
    """Lock the adoption in the caller's transaction. Return whether nothing is on its way there still."""
    lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
    its = (Restore.standard_id == adoption.standard_id) & (Restore.tenant == adoption.tenant_id) & _is_by_itself()
    return not Restore.select(Restore.id).where(its & Restore.state.in_(UNDER_WAY)).exists()


# --- what is on its way ----------------------------------------------------------------------------------------------


def on_their_way(apart: Collection[int] = ()) -> list[Restore]:
    """Return restores that put something back by themselves, and wait for somebody to go on with them."""
    waits = (RestoreState.DRAFT, RestoreState.PREVIEWED)
    query = Restore.select().where(_is_by_itself() & Restore.state.in_(waits) & Restore.id.not_in(list(apart)))
    return list(query.order_by(Restore.id).limit(AT_ONCE))


def cells_of(restore: Restore) -> list[StandardCell]:
    """Return the cells whose policies the restore puts back."""
    keys = RestoreItem.select(RestoreItem.graph_id).where(RestoreItem.restore == restore)
    query = StandardCell.select(StandardCell, StandardAdoption).join(StandardAdoption)
    is_its = (StandardAdoption.standard == restore.standard_id) & (StandardAdoption.tenant == restore.tenant_id)
    return list(query.where(is_its & StandardCell.item_key.in_(keys)))


def find_cell(adoption: StandardAdoption, item_key: str) -> StandardCell | None:
    cell: StandardCell | None = StandardCell.get_or_none(
        (StandardCell.adoption == adoption) & (StandardCell.item_key == item_key)
    )
    return cell


def key_of_policy(adoption: StandardAdoption, policy_id: int) -> str | None:
    """Return the item that a policy of the tenant is; None: it is none."""
    is_it = (StandardCell.adoption == adoption) & (StandardCell.policy == policy_id)
    row = StandardCell.select(StandardCell.item_key).where(is_it).tuples().first()
    return row[0] if row else None
