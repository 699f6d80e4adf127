"""Standstill of a recovered installation: whatever would write or delete without anybody's asking waits for a person.

What it knows is as old as its state, and the old installation may live on.
"""

from db.clock import utcnow
from db.models import BackupSet, CopyErasure, CopyStore, Restore, RollOut, Schedule, StandardAdoption, Tenant
from db.states import CHANGEABLE, RestoreState, RollOutState

WAITS = "This installation was recovered: look at the tenants first, then let it go on."


def stand_still() -> None:
    """Pause what goes on by itself. Call it in the transaction that imports a state."""
    now = utcnow()
    Schedule.update(is_paused=True, next_at=None).execute()
    # Whose messages had the looks at stores are not here, and the turns there are the old installation's.
    turn = {"turn": None, "turn_claim": None, "overtaken_at": None}
    CopyStore.update({"is_active": False, "claimed_by": None, "claimed_until": None, **turn}).execute()
    StandardAdoption.update(put_backs_a_day=0).execute()
    by_itself = Restore.is_by_itself & Restore.state.in_(CHANGEABLE)
    Restore.update(state=RestoreState.CANCELLED, ended_at=now).where(by_itself).execute()
    RollOut.update(state=RollOutState.PAUSED, message=WAITS).where(RollOut.state == RollOutState.RUNNING).execute()
    # A roll-back is no pause's to go on from: it is begun again.
    is_back = RollOut.state == RollOutState.ROLLING_BACK
    RollOut.update(state=RollOutState.STOPPED, message=WAITS, ended_at=now).where(is_back).execute()
    # The days in which somebody could have said no may be over: retention decides and tells anew.
    BackupSet.update(deletion_due_at=None).where(BackupSet.deletion_due_at.is_null(False)).execute()
    is_to_go = Tenant.removal_due_at.is_null(False) & Tenant.removing_since.is_null()
    Tenant.update(removal_due_at=None).where(is_to_go).execute()
    # One that had begun goes on where its store is switched on: a part of what it is of is gone.
    CopyErasure.delete().where(CopyErasure.begun_at.is_null()).execute()
