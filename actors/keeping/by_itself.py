"""Keeping a tenant as a standard wants it: policies that are put back by themselves, by ordinary restores.

The scheduler's sweep begins them and goes on with them: preview, a look at the plan, live run with its safety snapshot.
A plan that holds more than overwriting what was chosen, or anything dangerous, is for a person.
"""

from actors.facade.policy_type_names import is_conditional_access
from actors.plans import preview
from actors.restores import live_restore
from actors.rollouts import drafting
from db.audit.audit import SYSTEM, Actor
from db.database import transaction
from db.errors import Invalid
from db.models import Restore, Run, StandardAdoption, StandardCell
from db.restores import restore_items, restores
from db.runs import runs
from db.standards import keeping
from db.states import ACTIVE, KeepChoice, Outcome, RestoreState, RunKind

NEVER = "Conditional Access is never put back by itself: it decides who may sign in. Put it back by hand."
HARMLESS = (Outcome.UPDATE, Outcome.MATCHES)
NOT_PLANNED = "Putting it back by itself could not be planned: {why}"
MORE_THAN_THAT = "Putting it back by itself would do more than overwrite it: put it back by hand, and look at the plan."
DANGEROUS = "The plan of putting it back holds something dangerous: put it back by hand, and look at it."


def choose(cell: StandardCell, choice: KeepChoice, actor: Actor) -> None:
    """Say what happens when somebody changes the item's policy. Raises Invalid where that may not be."""
    if choice == KeepChoice.PUT_BACK and is_conditional_access(cell.policy_type):
        raise Invalid(NEVER)
    keeping.choose(cell, choice, actor)


def why_not(cell: StandardCell) -> str:
    """Return why the item may not be put back by itself; "": it may."""
    return NEVER if is_conditional_access(cell.policy_type) else keeping.why_not(cell)


# --- beginning -------------------------------------------------------------------------------------------------------


def begin_due(adoption: StandardAdoption) -> Restore | None:
    """Begin to put back what is due in a tenant, as one restore. Return None where nothing may be."""
    cells = [cell for cell in keeping.due_cells(adoption) if not _falls_back(cell)]
    if not cells or adoption.version is None:
        return None
    keys = {cell.item_key for cell in cells}
    prepared = drafting.prepare(adoption, adoption.version, keys)
    restore = _create(adoption, prepared) if prepared.items else None
    if restore is not None:
        preview.start(restore, SYSTEM)
    return restore


def _falls_back(cell: StandardCell) -> bool:
    is_never = is_conditional_access(cell.policy_type)
    if is_never:
        keeping.fall_back(cell, NEVER)
    return is_never


@transaction
def _create(adoption: StandardAdoption, prepared: drafting.PreparedDraft) -> Restore | None:
    """Create the draft, unless another process just did."""
    return keeping.mark(prepared.create(SYSTEM)) if keeping.lock(adoption) else None


# --- going on --------------------------------------------------------------------------------------------------------


def go_on(restore: Restore) -> None:
    """Take the next step of a restore that puts something back by itself. Safe to do twice, and by two at once."""
    run = restores.newest_preview(restore)
    if run is not None and run.state in ACTIVE:
        return
    restore = Restore.get_by_id(restore.id)
    if restore.state == RestoreState.DRAFT:
        _preview(restore, run)
    elif refusal := _refusal(restore):
        _give_up(restore, refusal)
    else:
        _write(restore)


def _preview(restore: Restore, failed: Run | None) -> None:
    if failed is None:
        preview.start(restore, SYSTEM)
    else:
        _give_up(restore, NOT_PLANNED.format(why=failed.error_message or failed.error_code or "the preview failed."))


def _refusal(restore: Restore) -> str:
    """Return why the plan is not carried out by itself; "": it is."""
    items = restore_items.items(restore)
    if any(item.action not in HARMLESS or item.reason for item in items):
        return MORE_THAN_THAT
    return DANGEROUS if any(item.dangers for item in items) else ""


def _give_up(restore: Restore, why: str) -> None:
    for cell in keeping.cells_of(restore):
        keeping.fall_back(cell, why)
    restores.cancel(restore, SYSTEM)


def _write(restore: Restore) -> None:
    """Carry the plan out, once no other restore writes there. With four eyes it waits for a second person."""
    if runs.find_active(f"{RunKind.RESTORE}:{restore.tenant_id}") is None and not restore.tenant.four_eyes:
        live_restore.start(restore, SYSTEM, reason=f"Put back by itself: {restore.source_name}"[:500])
