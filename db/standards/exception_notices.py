"""Notices of exceptions: asked for, approved or refused, about to end, ended.

Call each in the transaction that makes it so. Of a tenant's exception hears who hears of the tenant, and whoever looks
after standards; of a tag's the installation.
"""

from collections.abc import Sequence
from datetime import timedelta

from db.clock import utcnow
from db.models import Occurrence, Standard, StandardException
from db.notices import occurrences
from db.sql.value_lists import is_in
from db.states import ExceptionEvent, NoticeEvent

# So long before it ends somebody is told: time to ask for it again.
TOLD_BEFORE = timedelta(days=7)
AT_ONCE = 100


def tell(exception: StandardException, what: ExceptionEvent, item_name: str) -> None:
    """Tell what became of the exception. Each is told once."""
    standard: Standard = exception.standard
    facts = {
        "what": str(what),
        "standard_id": standard.id,
        "standard": str(standard.name),
        "item": item_name,
        "tag": exception.folded_tag,
        "kind": str(exception.kind),
        "until": exception.until.isoformat() if exception.until else None,
        "reason": exception.reason,
    }
    occurrences.begin(NoticeEvent.STANDARD_EXCEPTION, _key(exception.id, what), exception.tenant_id, facts=facts)


def _key(exception_id: int, what: ExceptionEvent) -> str:
    return f"standard_exception:{exception_id}:{what}"


def about_to_end() -> list[StandardException]:
    """Return what is in force and ends within days, and of which nobody was told yet; some at a time."""
    now = utcnow()
    is_in_force = StandardException.ended_at.is_null() & StandardException.approved_at.is_null(False)
    is_near = (StandardException.until > now) & (StandardException.until <= now + TOLD_BEFORE)
    query = StandardException.select(StandardException, Standard).join(Standard)
    # An index holds those with an end alone, and few end within days.
    near = list(query.where(is_in_force & StandardException.until.is_null(False) & is_near))
    told = _told([row.id for row in near])
    return [row for row in near if _key(row.id, ExceptionEvent.ENDING) not in told][:AT_ONCE]


def _told(exception_ids: Sequence[int]) -> set[str]:
    keys = [_key(number, ExceptionEvent.ENDING) for number in exception_ids]
    return {key for (key,) in Occurrence.select(Occurrence.key).where(is_in(Occurrence.key, keys)).tuples()}
