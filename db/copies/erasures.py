"""Erasures: what one store has of a tenant that is no longer here goes, because somebody asked for it.

It is asked for and taken back in db/housekeeping/copy_erasure.py. From its day on the looks at the store delete what
the store lets go (actors/copies/erasing.py). A row is there until nothing is left; the audit log keeps that it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.copies import copied_contents
from db.database import Condition, database
from db.models import CopiedContent, CopiedSet, CopyErasure, CopyStore, Tenant
from db.sql.value_lists import is_in
from db.states import CopyState


@dataclass(frozen=True)
class RemovedTenant:
    """A tenant that is no longer here, and what a store has of it. `name`: its id, where no set of it tells one.

    `locked_until`: the last lock, as the store answered when it was set or asked; None where nothing is locked.
    """

    directory_id: str
    name: str
    sets: int
    contents: int
    locked_until: datetime | None
    erasure: CopyErasure | None


# How many rows, and the last lock of them.
_CountAndLock = tuple[int, datetime | None]
_NOTHING: _CountAndLock = (0, None)


def removed_directories(store: CopyStore) -> list[str]:
    """Return the directory id of every tenant that is no longer here and of which the store has something, or is to
    have nothing: these first.
    """
    here = {row[0] for row in Tenant.select(Tenant.directory_id).tuples()}
    waiting = [erasure.directory_id for erasure in of_store(store) if erasure.directory_id not in here]
    known = set(_directories(CopiedSet, store)) | set(_directories(CopiedContent, store))
    return waiting + sorted(known - here - set(waiting))


def removed_tenant(store: CopyStore, directory_id: str) -> RemovedTenant | None:
    """Return what the store has of a tenant that is no longer here. None: the tenant is here, or that is nothing."""
    return next(iter(removed_tenants(store, [directory_id])), None)


def removed_tenants(store: CopyStore, directory_ids: Sequence[str]) -> list[RemovedTenant]:
    """Return what the store has of those that are no longer here, in a few statements for all of them."""
    is_here = is_in(Tenant.directory_id, directory_ids)
    here = {row[0] for row in Tenant.select(Tenant.directory_id).where(is_here).tuples()}
    sets = _counts_and_last_locks(CopiedSet, store, directory_ids)
    contents = _counts_and_last_locks(CopiedContent, store, directory_ids)
    asked = {erasure.directory_id: erasure for erasure in of_store(store)}
    names = {each: erasure.tenant_name for each, erasure in asked.items()} | _newest_names(store, directory_ids)
    return [
        _removed(each, names.get(each, each), sets.get(each, _NOTHING), contents.get(each, _NOTHING), asked.get(each))
        for each in directory_ids
        if each not in here and (each in sets or each in contents or each in asked)
    ]


def _removed(
    directory_id: str, name: str, sets: _CountAndLock, contents: _CountAndLock, erasure: CopyErasure | None
) -> RemovedTenant:
    locks = [at for at in (sets[1], contents[1], erasure and erasure.locked_until) if at and at > utcnow()]
    return RemovedTenant(directory_id, name, sets[0], contents[0], max(locks, default=None), erasure)


def _counts_and_last_locks(
    model: type[CopiedSet | CopiedContent], store: CopyStore, directory_ids: Sequence[str]
) -> dict[str, _CountAndLock]:
    query = model.select(model.directory_id, pw.fn.COUNT(model.id), pw.fn.MAX(model.locked_until))
    its = (model.store == store) & is_in(model.directory_id, directory_ids)
    return {each: (count, lock) for each, count, lock in query.where(its).group_by(model.directory_id).tuples()}


def _newest_names(store: CopyStore, directory_ids: Sequence[str]) -> dict[str, str]:
    """Return directory id -> the tenant's name, as the newest set of it tells."""
    its = (CopiedSet.store == store) & is_in(CopiedSet.directory_id, directory_ids)
    newest = CopiedSet.select(pw.fn.MAX(CopiedSet.set_number)).where(its).group_by(CopiedSet.directory_id)
    is_newest = (CopiedSet.store == store) & CopiedSet.set_number.in_(newest)
    return dict(CopiedSet.select(CopiedSet.directory_id, CopiedSet.tenant_name).where(is_newest).tuples())


def _directories(model: type[CopiedSet | CopiedContent], store: CopyStore) -> Sequence[str]:
    """Return the directories that have rows of a store: by a step in the index for each, for rows may be millions."""
    found: list[str] = []
    of_store = model.select(pw.fn.MIN(model.directory_id)).where(model.store == store)
    following = of_store.scalar()
    while following is not None:
        found.append(following)
        following = of_store.where(model.directory_id > following).scalar()
    return found


def is_here(directory_id: str) -> bool:
    return bool(Tenant.select().where(Tenant.directory_id == directory_id).exists())


def find(store: CopyStore, directory_id: str) -> CopyErasure | None:
    found: CopyErasure | None = CopyErasure.get_or_none(
        (CopyErasure.store == store) & (CopyErasure.directory_id == directory_id)
    )
    return found


def of_store(store: CopyStore) -> list[CopyErasure]:
    """Return the erasures that wait or are under way, the first due first."""
    return list(CopyErasure.select().where(CopyErasure.store == store).order_by(CopyErasure.due_at, CopyErasure.id))


def due(store: CopyStore, now: datetime) -> list[CopyErasure]:
    return [erasure for erasure in of_store(store) if erasure.due_at <= now]


def begin(erasure: CopyErasure) -> bool:
    """Begin, or go on. Return False where it was taken back, or its tenant is here again: then it is taken back."""
    if is_here(erasure.directory_id):
        take_back(erasure, SYSTEM)
        return False
    begun_at = pw.fn.COALESCE(CopyErasure.begun_at, utcnow())
    begun = CopyErasure.update(begun_at=begun_at, error=None).where(CopyErasure.id == erasure.id)
    return bool(begun.execute())


def set_numbers(erasure: CopyErasure) -> set[str]:
    """Return the numbers of the sets that are on record of its tenant, in the store or on their way there."""
    return {str(row[0]) for row in CopiedSet.select(CopiedSet.set_number).where(_is_of(CopiedSet, erasure)).tuples()}


def has_contents(erasure: CopyErasure) -> bool:
    return bool(CopiedContent.select().where(_is_of(CopiedContent, erasure)).exists())


def forget_set(erasure: CopyErasure, number: str, *, was_there: bool) -> None:
    """Forget a set that is no longer in the store, and count it. `was_there`: something of it was until now.

    A look that was killed in between has left of a copy that was there only our record.
    """
    with database.atomic():
        # As text: whoever may write to the store can give a folder any name.
        is_it = _is_of(CopiedSet, erasure) & (CopiedSet.set_number.cast("TEXT") == number)
        was_copied = CopiedSet.select().where(is_it & (CopiedSet.state == CopyState.COMPLETE)).exists()
        CopiedSet.delete().where(is_it).execute()
        _count(erasure, CopyErasure.sets, int(was_there or was_copied))


def forget_contents(erasure: CopyErasure, content_ids: Sequence[int]) -> None:
    """Forget contents that are no longer in the store, and count them."""
    with database.atomic():
        copied_contents.forget(content_ids)
        _count(erasure, CopyErasure.contents, len(content_ids))


def _is_of(model: type[CopiedSet | CopiedContent], erasure: CopyErasure) -> Condition:
    return (model.store == erasure.store_id) & (model.directory_id == erasure.directory_id)


def _count(erasure: CopyErasure, column: pw.Field, gone: int) -> None:
    CopyErasure.update({column: column + gone}).where(CopyErasure.id == erasure.id).execute()


def note_rest(erasure: CopyErasure, locked_until: datetime | None) -> None:
    """Note until when the store keeps what is left."""
    CopyErasure.update(locked_until=locked_until).where(CopyErasure.id == erasure.id).execute()


def note_refusal(erasure: CopyErasure, sentence: str) -> None:
    """Note why the store did not delete."""
    CopyErasure.update(error=sentence[:1000]).where(CopyErasure.id == erasure.id).execute()


def take_back(erasure: CopyErasure, actor: Actor) -> None:
    """Let what is left stay, with its own days and locks."""
    with database.atomic():
        if CopyErasure.delete().where(CopyErasure.id == erasure.id).execute():
            record(Action.COPIES_KEPT, actor, erasure)


def finish(erasure: CopyErasure) -> None:
    """Note in the audit log that nothing is left, and forget the request."""
    with database.atomic():
        now: CopyErasure | None = CopyErasure.get_or_none(CopyErasure.id == erasure.id)
        if now is not None:
            CopyErasure.delete().where(CopyErasure.id == now.id).execute()
            record(Action.COPIES_ERASED, SYSTEM, now, sets=now.sets, contents=now.contents)


def record(action: Action, actor: Actor, erasure: CopyErasure, **details: object) -> None:
    facts = {"store": erasure.store.name, "directory_id": erasure.directory_id, **details}
    audit.record(action, actor, f"copies of {erasure.tenant_name}", **facts)
