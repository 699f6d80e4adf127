"""Exceptions: an item of a standard that a tenant, or every tenant with a tag, has otherwise: why, and until when.

    asked --approve--> in force --until is over, end--> ended
      `-------------------end--------------------------^

An exception names the item by its key, which is the same in every version: it travels with new versions by itself.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import Condition, lock_rows, transaction
from db.errors import Invalid
from db.models import (
    Standard,
    StandardAdoption,
    StandardException,
    StandardItem,
    StandardVersion,
    Tenant,
    TenantTag,
)
from db.sql.value_lists import is_in, is_in_if_given
from db.standards import exception_notices
from db.standards.standards import subject
from db.states import ExceptionEvent, ExceptionKind
from db.tenants import tags

LONGEST_REASON, LONGEST_PATH, MOST_PATHS = 500, 1000, 200
# A sweep ends so many at once.
AT_ONCE = 100
OWN_REQUEST = "You asked for this exception yourself: somebody else approves it."


@transaction
def ask(
    standard: Standard,
    item_key: str,
    kind: ExceptionKind,
    reason: str,
    actor: Actor,
    *,
    tenant: Tenant | None = None,
    tag: str = "",
    paths: Sequence[str] = (),
    until: datetime | None = None,
) -> StandardException:
    """Ask for an exception of this tenant, or of every tenant with the tag. It holds once it is approved.

    `paths`, of ExceptionKind.OTHERWISE: the places where the tenant's own value stays, written as in
    graph/changes/ignored_paths.py. `until` None: for good. Raises Invalid.
    """
    if (tenant is None) == (not tag):
        raise Invalid("Name the tenant, or the tag, that the exception is for.")
    reason = _reason(reason)
    if not reason:
        raise Invalid("Say why it may be so: the next person will want to know.")
    if until is not None and until <= utcnow():
        raise Invalid("Choose a time that is still to come.")
    item = _item(standard, item_key)
    if item is None:
        raise Invalid("The standard has no such item: it may have been taken out of it.")
    exception: StandardException = StandardException.create(
        standard=standard,
        tenant=tenant,
        folded_tag=tags.fold(tags.parse_one(tag)) if tag else None,
        item_key=item_key,
        kind=kind,
        paths=_paths(kind, paths),
        reason=reason,
        until=until,
        asked_by=actor.user_id,
    )
    _record(
        Action.EXCEPTION_ASKED,
        exception,
        actor,
        item=item.name,
        kind=str(kind),
        paths=len(exception.paths),
        reason=reason,
        until=until.isoformat() if until else None,
    )
    exception_notices.tell(exception, ExceptionEvent.ASKED, item.name)
    return exception


def _reason(text: str) -> str:
    return text.replace("\x00", "").strip()[:LONGEST_REASON]


def _paths(kind: ExceptionKind, paths: Sequence[str]) -> list[str]:
    """Raises Invalid."""
    if kind == ExceptionKind.LEAVE_OUT:
        return []
    wanted = list(dict.fromkeys(path.strip().strip("/") for path in paths if path.strip().strip("/")))
    if not wanted:
        raise Invalid("Choose at least one setting that the tenant has otherwise.")
    if len(wanted) > MOST_PATHS or any(len(path) > LONGEST_PATH for path in wanted):
        raise Invalid(f"These are more than {MOST_PATHS} settings: leave the whole policy out instead.")
    if any(path in ("body", "assignments/*") or path.split("/")[0] not in ("body", "assignments") for path in wanted):
        raise Invalid("Choose settings of the policy, or its assignments as a whole.")
    return wanted


def _item(standard: Standard, item_key: str) -> StandardItem | None:
    """Return the item in the newest version that has it."""
    query = StandardItem.select(StandardItem).join(StandardVersion)
    is_it = (StandardVersion.standard == standard) & (StandardItem.key == item_key)
    row: StandardItem | None = query.where(is_it).order_by(StandardVersion.number.desc()).first()
    return row


@transaction
def approve(exception: StandardException, actor: Actor, *, needs_another: bool) -> None:
    """Put the exception in force; one of the same item that was in force there before ends. Raises Invalid.

    `needs_another`: whoever asked for it may not approve it.
    """
    lock_rows(StandardAdoption, _concerned(exception))
    lock_rows(StandardException, _same_place(exception))
    now = StandardException.get_by_id(exception.id)
    if now.ended_at is not None or now.approved_at is not None:
        raise Invalid("Nothing was done: somebody decided about this exception meanwhile. Look again.")
    if now.until is not None and now.until <= utcnow():
        raise Invalid("Its time is over already: ask for it again.")
    if needs_another and now.asked_by_id is not None and now.asked_by_id == actor.user_id:
        raise Invalid(OWN_REQUEST)
    former = _same_place(now) & (StandardException.id != now.id) & StandardException.approved_at.is_null(False)
    StandardException.update(ended_at=utcnow(), ended_by=actor.user_id).where(former & _is_open()).execute()
    StandardException.update(approved_at=utcnow(), approved_by=actor.user_id).where(
        StandardException.id == now.id
    ).execute()
    _mark_due(now)
    _record(Action.EXCEPTION_APPROVED, now, actor, item=_item_name(now), reason=now.reason)
    exception_notices.tell(now, ExceptionEvent.APPROVED, _item_name(now))


@transaction
def end(exception: StandardException, actor: Actor, why: str) -> None:
    """End an exception that is in force, or refuse one that was asked for. Raises Invalid without a reason."""
    why = _reason(why)
    if not why:
        raise Invalid("Say why: whoever asked for it will want to know.")
    _end(exception, actor, why)


@transaction
def _end(exception: StandardException, actor: Actor, why: str) -> None:
    lock_rows(StandardAdoption, _concerned(exception))
    ended = {"ended_at": utcnow(), "ended_by": actor.user_id}
    is_it = (StandardException.id == exception.id) & _is_open()
    if StandardException.update(ended).where(is_it).execute() != 1:
        raise Invalid("Nothing was done: the exception had ended already.")
    _mark_due(exception)
    _record(Action.EXCEPTION_ENDED, exception, actor, item=_item_name(exception), reason=why)
    was_in_force = StandardException.get_by_id(exception.id).approved_at is not None
    what = ExceptionEvent.ENDED if was_in_force else ExceptionEvent.REFUSED
    exception_notices.tell(exception, what, _item_name(exception))


def tell_of_end(exception: StandardException) -> None:
    """Tell that an exception ends within days."""
    exception_notices.tell(exception, ExceptionEvent.ENDING, _item_name(exception))


def expired() -> list[StandardException]:
    """Return what was allowed until a time that is over, and has not ended yet; some at a time."""
    is_over = _is_open() & StandardException.until.is_null(False) & (StandardException.until <= utcnow())
    query = StandardException.select(StandardException, Standard).join(Standard).where(is_over)
    return list(query.order_by(StandardException.until).limit(AT_ONCE))


def expire(exception: StandardException) -> None:
    """End what was allowed until a time that is over."""
    with suppress(Invalid):  # somebody ended it just now
        _end(exception, SYSTEM, "Its time is over.")


def _mark_due(exception: StandardException) -> None:
    StandardAdoption.update(due_since=utcnow()).where(_concerned(exception)).execute()


def _concerned(exception: StandardException) -> Condition:
    """Return the condition of the adoptions that the exception is about."""
    if exception.tenant_id is not None:
        is_its = StandardAdoption.tenant == exception.tenant_id
    else:
        is_its = tags.is_of_tenant_with(StandardAdoption.tenant, exception.folded_tag)
    return (StandardAdoption.standard == exception.standard_id) & is_its


def _same_place(exception: StandardException) -> Condition:
    """Return the condition of the exceptions of the same item, of the same tenant or tag."""
    place: Condition = (
        StandardException.folded_tag == exception.folded_tag
        if exception.tenant_id is None
        else StandardException.tenant == exception.tenant_id
    )
    of_standard = (StandardException.standard == exception.standard_id) & place
    return of_standard & (StandardException.item_key == exception.item_key)


def _is_open() -> Condition:
    return StandardException.ended_at.is_null()


def _item_name(exception: StandardException) -> str:
    item = _item(exception.standard, exception.item_key)
    return item.name if item else exception.item_key


def _record(action: Action, exception: StandardException, actor: Actor, **details: Any) -> None:
    standard = exception.standard
    facts = {"name": str(standard.name), "tag": exception.folded_tag, **details}
    audit.record(action, actor, subject(standard), tenant=exception.tenant, **facts)


# --- what holds ------------------------------------------------------------------------------------------------------


def in_force(adoption: StandardAdoption) -> dict[str, StandardException]:
    """Return item key -> the exception that holds for this tenant now.

    The tenant's own goes before one of its tags; of two tags, one that leaves the item out before one of settings.
    """
    own_tags = TenantTag.select(TenantTag.folded).where(TenantTag.tenant == adoption.tenant_id)
    is_its = (StandardException.tenant == adoption.tenant_id) | StandardException.folded_tag.in_(own_tags)
    rows = StandardException.select().where((StandardException.standard == adoption.standard_id) & is_its & _holds())
    # The last one stays.
    return {row.item_key: row for row in sorted(rows, key=_weight)}


def _weight(exception: StandardException) -> tuple[bool, bool, int]:
    return exception.tenant_id is not None, exception.kind == ExceptionKind.LEAVE_OUT, exception.id


def _holds() -> Condition:
    in_time = StandardException.until.is_null() | (StandardException.until > utcnow())
    return _is_open() & StandardException.approved_at.is_null(False) & in_time


def open_for(adoption: StandardAdoption) -> list[StandardException]:
    """Return the exceptions that this tenant has or was asked for, by its tags too, the newest first."""
    own_tags = TenantTag.select(TenantTag.folded).where(TenantTag.tenant == adoption.tenant_id)
    is_its = (StandardException.tenant == adoption.tenant_id) | StandardException.folded_tag.in_(own_tags)
    of_standard = (StandardException.standard == adoption.standard_id) & is_its & _is_open()
    return list(StandardException.select().where(of_standard).order_by(StandardException.id.desc()))


def open_of(standard: Standard, tenant_ids: Sequence[int] | None) -> list[StandardException]:
    """Return the exceptions of a standard that have not ended, the newest first; those of these tenants, where given.

    Those of tags are there for whoever sees every tenant.
    """
    of_standard = (StandardException.standard == standard) & _is_open()
    rows = StandardException.select().where(of_standard & is_in_if_given(StandardException.tenant, tenant_ids))
    return list(rows.order_by(StandardException.id.desc()))


def find(exception_id: int) -> StandardException | None:
    row: StandardException | None = StandardException.get_or_none(StandardException.id == exception_id)
    return row


def item_names(standard: Standard, item_keys: Sequence[str]) -> dict[str, str]:
    """Return item key -> its name in the newest version that has it."""
    rows = StandardItem.select(StandardItem.key, StandardItem.name).join(StandardVersion)
    rows = rows.where((StandardVersion.standard == standard) & is_in(StandardItem.key, item_keys))
    return dict(rows.order_by(StandardVersion.number).tuples())
