"""Occurrences: what happened, or goes on, and may be told; each once, by its key."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict

from db.clock import utcnow
from db.models import Occurrence, Tenant
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import NoticeEvent, Severity

# What happened goes so long after it happened, or ended; a notice's words need it only until it was sent.
KEPT = timedelta(days=90)
# These go on until something ends them. All others are over as they begin.
LASTING = (
    NoticeEvent.NO_GOOD_BACKUP,
    NoticeEvent.SCHEDULE_MISSED,
    NoticeEvent.TENANT_APPROVAL_WAITING,
    NoticeEvent.CONNECTION_FAILING,
    NoticeEvent.CREDENTIAL_EXPIRING,
    NoticeEvent.AUDIT_BROKEN,
    NoticeEvent.READINESS_FELL,
    NoticeEvent.COPIES_FAILING,
)


class OccurrenceFacts(TypedDict, total=False):
    """The facts that `begin_all` takes of each: the arguments of `begin`."""

    severity: Severity | None
    change_id: int | None
    run_id: int | None
    restore_id: int | None
    facts: dict[str, Any] | None


def begin(
    event: NoticeEvent,
    key: str,
    tenant: Tenant | int | None = None,
    *,
    severity: Severity | None = None,
    change_id: int | None = None,
    run_id: int | None = None,
    restore_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Note that something happened, or began. One whose key is known, and that did not end, is left as it is.

    Call it in the transaction that knows of it. `facts`: what its words need and no row holds; names and numbers,
    never a policy's values. Who tells it (actors/notices/telling.py) may be sent a message after the commit.
    """
    row: OccurrenceFacts = {
        "severity": severity,
        "change_id": change_id,
        "run_id": run_id,
        "restore_id": restore_id,
        "facts": facts,
    }
    begin_all(event, tenant, {key: row})


def begin_all(event: NoticeEvent, tenant: Tenant | int | None, by_key: dict[str, OccurrenceFacts]) -> None:
    """`begin` many of one tenant: key -> the rest of its arguments."""
    tenant_id = tenant.id if isinstance(tenant, Tenant) else tenant
    began_at = utcnow()
    rows = [
        {
            "key": key,
            "event": event,
            "tenant": tenant_id,
            "severity": row.get("severity"),
            "change_id": row.get("change_id"),
            "run_id": row.get("run_id"),
            "restore_id": row.get("restore_id"),
            "facts": row.get("facts") or {},
            "began_at": began_at,
        }
        for key, row in by_key.items()
    ]
    upserts.insert_missing(Occurrence, (Occurrence.key,), rows)


def end(key: str) -> bool:
    """Note that it is well again: those who heard that it began are told. Return whether it went on until now.

    Its key is free from then on: the next time it is another occurrence.
    """
    return end_all([key]) > 0


def end_all(keys: Sequence[str], *, is_told: bool = True) -> int:
    """`end` many. Return how many of them went on until now.

    Not `is_told`: nobody hears of it, for another one stands for it now, or nobody asks any longer.
    """
    ended, now = 0, utcnow()
    is_going = is_in(Occurrence.key, keys) & Occurrence.ended_at.is_null()
    for number, key in sorted(Occurrence.select(Occurrence.id, Occurrence.key).where(is_going).tuples()):
        is_it = (Occurrence.id == number) & (Occurrence.key == key)
        over = Occurrence.update(key=f"{key[:180]}#{number}", ended_at=now, end_told_at=None if is_told else now)
        ended += over.where(is_it).execute()
    return ended


def going(event: NoticeEvent, tenant_id: int | None = None) -> list[Occurrence]:
    """Return those of an event, of all tenants or of one, that began and did not end."""
    is_going = (Occurrence.event == event) & Occurrence.ended_at.is_null()
    return list(
        Occurrence.select().where(is_going if tenant_id is None else is_going & (Occurrence.tenant == tenant_id))
    )


def delete_old(rows_at_once: int) -> int:
    """Delete some that happened, or ended, long ago, with their notices. Return how many: less than `rows_at_once` at
    the end.
    """
    before = utcnow() - KEPT
    # From the oldest on: what goes on is passed over, and there is little of it.
    is_over = Occurrence.ended_at.is_null() & Occurrence.event.not_in(LASTING) | (Occurrence.ended_at < before)
    oldest = Occurrence.select(Occurrence.id).where((Occurrence.began_at < before) & is_over)
    ids = [row[0] for row in oldest.order_by(Occurrence.began_at).limit(rows_at_once).tuples()]
    return int(Occurrence.delete().where(Occurrence.id.in_(ids)).execute()) if ids else 0
