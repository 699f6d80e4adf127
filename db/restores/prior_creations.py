"""Earlier restores of the same item: they show when writing it again would have no effect."""

import peewee as pw

from db.models import Content, Restore, RestoreItem
from db.states import WRITTEN_OUTCOMES

ENOUGH_RESTORES = 2


def was_written_to_no_effect(restore: Restore, item: RestoreItem, target_id: str) -> bool:
    """Return whether earlier restores wrote just this, with these options, and each read back what is there now."""
    now = Content.select(Content.fingerprint).where(Content.id == item.live_content_id)
    same = (
        (Restore.tenant == restore.tenant_id)
        & (Restore.options == restore.options)
        & (RestoreItem.content == item.content_id)
        & (RestoreItem.policy_type == item.policy_type)
        & (pw.fn.COALESCE(RestoreItem.created_id, RestoreItem.target_id) == target_id)
        & RestoreItem.outcome.in_(list(WRITTEN_OUTCOMES.values()))
        & (RestoreItem.verified == False)  # noqa: E712 - of a column
        & (RestoreItem.after_mark == now)
    )
    return bool(RestoreItem.select().join(Restore).where(same).limit(ENOUGH_RESTORES).count() == ENOUGH_RESTORES)
