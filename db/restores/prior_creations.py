"""Earlier restores of the same item: they show what it became, and when writing it again would have no effect."""

from collections.abc import Collection, Iterator, Mapping

import peewee as pw

from db.models import Restore, RestoreItem, Tenant
from db.sql.value_lists import batched
from db.states import WRITTEN_OUTCOMES

ENOUGH_RESTORES = 2


# Content, policy type, id in the target tenant, the fingerprint of what was there afterwards.
Written = tuple[int, str, str, str]


def written_to_no_effect(restore: Restore) -> frozenset[Written]:
    """Return the contents of the restore that the service did not keep as they were written.

    Earlier restores wrote them with the same options, and read back the same other content each time.
    """
    own = RestoreItem.alias()
    written = (
        RestoreItem.content,
        RestoreItem.policy_type,
        pw.fn.COALESCE(RestoreItem.created_id, RestoreItem.target_id),
        RestoreItem.after_mark,
    )
    is_otherwise = (
        (Restore.tenant == restore.tenant_id)
        & (Restore.options == restore.options)
        & RestoreItem.content.in_(own.select(own.content).where(own.restore == restore.id))
        & RestoreItem.outcome.in_(list(WRITTEN_OUTCOMES.values()))
        & (RestoreItem.verified == False)  # noqa: E712 - of a column
    )
    rows = RestoreItem.select(*written).join(Restore).where(is_otherwise).group_by(*written)
    return frozenset(rows.having(pw.fn.COUNT(RestoreItem.id) >= ENOUGH_RESTORES).tuples())


def written_as_planned(
    tenant: Tenant, content_ids: Collection[int]
) -> Iterator[tuple[Written, bool, Mapping[str, object]]]:
    """Yield which of these contents restores wrote and found to be as written, whether as new policies, and the
    options.
    """
    is_right = (Restore.tenant == tenant) & (RestoreItem.verified == True)  # noqa: E712 - of a column
    columns = (RestoreItem.content, RestoreItem.policy_type, RestoreItem.created_id, RestoreItem.target_id,
               RestoreItem.after_mark, Restore.options)  # fmt: skip
    for some in batched(sorted(set(content_ids))):
        rows = RestoreItem.select(*columns).join(Restore).where(is_right & RestoreItem.content.in_(some)).tuples()
        for content_id, policy_type, created_id, target_id, mark, options in rows:
            yield (content_id, policy_type, created_id or target_id, mark), created_id is not None, options
