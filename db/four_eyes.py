"""Four eyes: a tenant may ask that somebody other than its requesters approves a restore before it writes."""

from db.errors import Invalid
from db.models import Restore
from db.states import RestoreState


def requesters(restore: Restore) -> tuple[int | None, ...]:
    """The ids of those who made it and who last changed it: none of them is another pair of eyes."""
    return restore.created_by_id, restore.changed_by_id


def has_approved(restore: Restore) -> bool:
    """Somebody else has. Its requester may have as well, while the tenant did not ask for more."""
    return restore.approved_by_id is not None and restore.approved_by_id not in requesters(restore)


def require(restore: Restore) -> None:
    """Raises Invalid for one that only its requester has approved. The restore is held."""
    now = Restore.get_by_id(restore.id)
    if restore.tenant.four_eyes and now.state == RestoreState.APPROVED and not has_approved(now):
        raise Invalid("This tenant asks for four eyes by now. Preview it again: another manager has to approve it.")
