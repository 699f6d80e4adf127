"""Backup sets in stores of copies: each finished set waits for every store, is pushed, and is kept for its days.

A set waits from the very transaction that completes it: whatever crashes afterwards, none is forgotten.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action
from db.clock import has_come, utcnow
from db.database import Condition, transaction
from db.models import IS_ACTIVE, BackupSet, CopiedSet, CopyStore, Run, Tenant
from db.sql.value_lists import batched, is_in
from db.states import CopyState, RunKind, SetState

TRY_AGAIN = timedelta(minutes=15)
# Told at once; of more tenants than that something else is wrong.
MOST_INCOMPLETE = 20
_TO_PUSH = (CopyState.WAITING, CopyState.FAILED)
UNDER_WAY = (*_TO_PUSH, CopyState.PUSHING)


def await_copies(backup_set: BackupSet) -> None:
    """Have a set that was just completed wait for each store. Call it in the transaction that completes it."""
    stores = list(CopyStore.select(CopyStore.id).where(CopyStore.is_active))
    _add([(store.id, backup_set) for store in stores])


def await_newest(store: CopyStore) -> None:
    """Have the newest finished set of each tenant wait for a store that is new."""
    is_done = BackupSet.completed_at.is_null(False) & BackupSet.manifest.is_null(False) & (BackupSet.selection == {})
    of_tenant = BackupSet.select(BackupSet.id).where((BackupSet.tenant == Tenant.id) & is_done)
    # Tenant by tenant, from its end: together, all sets of all years would be read.
    newest = Tenant.select(of_tenant.order_by(BackupSet.id.desc()).limit(1)).tuples()
    ids = [row[0] for row in newest if row[0] is not None]
    for some in batched(ids):
        _add([(store.id, backup_set) for backup_set in BackupSet.select().where(is_in(BackupSet.id, some))])


def _add(pairs: Sequence[tuple[int, BackupSet]]) -> None:
    if not pairs:
        return
    tenants = {tenant.id: tenant for tenant in Tenant.select().where(is_in(Tenant.id, {s.tenant_id for _, s in pairs}))}
    rows = [
        {
            "store": store_id,
            "backup_set": backup_set.id,
            "tenant": backup_set.tenant_id,
            "directory_id": tenants[backup_set.tenant_id].directory_id,
            "tenant_name": tenants[backup_set.tenant_id].name,
            "set_number": backup_set.id,
            "set_at": backup_set.created_at,
            "try_at": utcnow(),
        }
        for store_id, backup_set in pairs
    ]
    CopiedSet.insert_many(rows).on_conflict_ignore().execute()


def due(store: CopyStore, limit: int) -> list[CopiedSet]:
    """Return the sets to push to the store now, the oldest first, while not too many are under way.

    At most one for each tenant: its sets have nearly the same contents, and two pushes would wait for each other.
    """
    is_under_way = (CopiedSet.store == store) & (CopiedSet.state == CopyState.PUSHING)
    tenants = {row[0] for row in CopiedSet.select(CopiedSet.directory_id).where(is_under_way).tuples()}
    if len(tenants) >= limit:
        return []
    waits = (CopiedSet.store == store) & CopiedSet.state.in_(_TO_PUSH)
    is_time = has_come(CopiedSet.try_at, utcnow(), 2 * TRY_AGAIN)
    is_due = waits & is_time & CopiedSet.directory_id.not_in(sorted(tenants))
    oldest = pw.fn.MIN(CopiedSet.set_number)
    firsts = CopiedSet.select(oldest).where(is_due).group_by(CopiedSet.directory_id).order_by(oldest)
    is_first = (CopiedSet.store == store) & CopiedSet.set_number.in_(firsts.limit(limit - len(tenants)))
    return list(CopiedSet.select().where(is_first).order_by(CopiedSet.set_number))


def begin(copied: CopiedSet, run: Run) -> bool:
    """Hand a set that waits to its run. Return False when another was quicker."""
    waits = CopiedSet.state.in_(_TO_PUSH)
    begun = CopiedSet.update(state=CopyState.PUSHING, run=run, message=None)
    return bool(begun.where((CopiedSet.id == copied.id) & waits).execute())


def of_run(run: Run) -> CopiedSet | None:
    """Return the set that the run pushes, with its store."""
    query = CopiedSet.select(CopiedSet, CopyStore).join(CopyStore)
    copied: CopiedSet | None = query.where(CopiedSet.run == run).first()
    return copied


def release_stranded(store: CopyStore) -> None:
    """Let sets wait again whose run no longer exists, as after an import of the installation."""
    active = Run.select(Run.id).where(IS_ACTIVE & (Run.kind == RunKind.PUSH))
    is_pushing = (CopiedSet.store == store) & (CopiedSet.state == CopyState.PUSHING)
    stranded = is_pushing & (CopiedSet.run.is_null() | CopiedSet.run.not_in(active))
    CopiedSet.update(state=CopyState.WAITING, try_at=utcnow()).where(stranded).execute()


def note_manifest(copied: CopiedSet, checksum: str | None, left_out: int = 0) -> bool:
    """Record the manifest that is about to be sent, and how many policies it leaves out.

    A manifest with another checksum is not ours. Return False where another message recorded its own meanwhile.
    """
    is_as_read = CopiedSet.manifest_checksum.is_null()
    if copied.manifest_checksum is not None:
        is_as_read = CopiedSet.manifest_checksum == copied.manifest_checksum
    noting = CopiedSet.update(manifest_checksum=checksum, left_out=left_out)
    noted = noting.where((CopiedSet.id == copied.id) & is_as_read).execute()
    if noted:
        copied.manifest_checksum, copied.left_out = checksum, left_out
    return bool(noted)


def kept_until(copied: CopiedSet) -> datetime:
    """Return until when the copy of the set is to be kept: its store's days, from now on."""
    return utcnow().replace(microsecond=0) + timedelta(days=copied.store.copy_days)


def count_pushed(copied: CopiedSet, contents: int, stored_bytes: int) -> None:
    """Add what was just pushed for the set."""
    CopiedSet.update(
        pushed_contents=CopiedSet.pushed_contents + contents, pushed_bytes=CopiedSet.pushed_bytes + stored_bytes
    ).where(CopiedSet.id == copied.id).execute()


def complete(
    copied: CopiedSet, contents: int, kept_until: datetime, locked_until: datetime | None, message: str | None = None
) -> None:
    """Record that the set's manifest is in the store: it is a copy from now on."""
    CopiedSet.update(
        state=CopyState.COMPLETE,
        copied_at=utcnow(),
        contents=contents,
        kept_until=kept_until,
        locked_until=locked_until,
        message=message,
        try_at=None,
    ).where((CopiedSet.id == copied.id) & (CopiedSet.state != CopyState.COMPLETE)).execute()
    audit.record(
        Action.SET_COPIED,
        SYSTEM,
        f"backup set {copied.set_number}",
        tenant=copied.tenant,
        store=copied.store.name,
        run=copied.run_id,
        contents=contents,
        left_out=copied.left_out or None,
        locked_until=locked_until.isoformat() if locked_until else None,
    )


def fail(copied: CopiedSet, sentence: str, *, is_final: bool = False) -> None:
    """Record why the set could not be pushed. It is tried again after a while; if `is_final`, only when asked."""
    is_open = (CopiedSet.id == copied.id) & (CopiedSet.state != CopyState.COMPLETE)
    try_at = None if is_final else utcnow() + TRY_AGAIN
    failed = CopiedSet.update(state=CopyState.FAILED, message=sentence[:1000], try_at=try_at)
    failed.where(is_open).execute()


def try_now(store: CopyStore) -> None:
    """Have what failed be tried again at once, and the newest set of each tenant be pushed if it never was."""
    is_failed = (CopiedSet.store == store) & (CopiedSet.state == CopyState.FAILED)
    CopiedSet.update(try_at=utcnow()).where(is_failed).execute()
    await_newest(store)


def push_again(store_id: int, directory_id: str) -> None:
    """Let the newest copy of a directory be pushed again: its manifest is in the store, one of its contents is not."""
    of_directory = (CopiedSet.store == store_id) & (CopiedSet.directory_id == directory_id)
    newest_id = CopiedSet.select(pw.fn.MAX(CopiedSet.id)).where(of_directory & (CopiedSet.state == CopyState.COMPLETE))
    again = CopiedSet.update(state=CopyState.WAITING, try_at=utcnow())
    again.where((CopiedSet.id == newest_id) & CopiedSet.backup_set.is_null(False)).execute()


def directories_of(store: CopyStore) -> list[str]:
    """Return the directories that have anything in the store, or on its way there."""
    rows = CopiedSet.select(CopiedSet.directory_id).where(CopiedSet.store == store).distinct()
    return sorted(row[0] for row in rows.tuples())


def complete_of(store: CopyStore, directory_id: str) -> list[CopiedSet]:
    """Return the copies of a directory that are in the store."""
    is_there = (CopiedSet.store == store) & (CopiedSet.directory_id == directory_id)
    return list(CopiedSet.select().where(is_there & (CopiedSet.state == CopyState.COMPLETE)))


def lose(copied: CopiedSet, *, again: bool = True) -> None:
    """Push a copy again that the store has lost. Forget it where its set no longer exists here."""
    if copied.backup_set_id is None or not again:
        CopiedSet.delete().where(CopiedSet.id == copied.id).execute()
        return
    waiting = CopiedSet.update(state=CopyState.WAITING, try_at=utcnow(), manifest_checksum=None, left_out=0)
    waiting.where((CopiedSet.id == copied.id) & (CopiedSet.state == CopyState.COMPLETE)).execute()


@transaction
def forget_lost(store: CopyStore) -> int:
    """Forget the sets that were deleted here before they were copied. Return how many.

    A set that was copied and only waited to be checked again stays a copy. A set whose manifest may have arrived is not
    pushed: it waits to be tidied up. A set that is being pushed ends with its push.
    """
    is_lost = _is_lost(store)
    has_manifest = CopiedSet.manifest_checksum.is_null(False)
    was_copied = has_manifest & CopiedSet.kept_until.is_null(False)
    CopiedSet.update(state=CopyState.COMPLETE, try_at=None, message=None).where(is_lost & was_copied).execute()
    CopiedSet.update(state=CopyState.FAILED, try_at=None).where(is_lost & has_manifest).execute()
    return int(CopiedSet.delete().where(is_lost & ~has_manifest).execute())


def half_copied(store: CopyStore) -> list[CopiedSet]:
    """Return the sets that were deleted here during their push. Their manifests may be in the store."""
    return list(CopiedSet.select().where(_is_lost(store) & CopiedSet.manifest_checksum.is_null(False)))


def _is_lost(store: CopyStore) -> Condition:
    return (CopiedSet.store == store) & CopiedSet.state.in_(_TO_PUSH) & CopiedSet.backup_set.is_null()


def over(store: CopyStore, now: datetime, limit: int) -> list[CopiedSet]:
    """Return complete copies that need not be kept: past their date, with a newer copy of the whole tenant.

    A copy that only waits to be checked again counts as complete, and is marked so. A copy counts as whole only if
    nothing was left out: no selection of policies, nothing unreadable, no content that did not open. So partial backups
    never make a good copy go.
    """
    found: list[CopiedSet] = []
    # Directory by directory: asked of all together, PostgreSQL may read every set there is.
    for directory_id in sorted(directories_kept_on(store, now)):
        newest_whole = _newest_whole(store, directory_id)
        is_of_directory = (CopiedSet.directory_id == directory_id) & (CopiedSet.set_number < newest_whole)
        is_over = _is_past(store, now) & is_of_directory
        is_looked_at_again = is_over & CopiedSet.state.in_(_TO_PUSH)
        CopiedSet.update(state=CopyState.COMPLETE, try_at=None).where(is_looked_at_again).execute()
        rows = CopiedSet.select().where(is_over & (CopiedSet.state == CopyState.COMPLETE))
        found.extend(rows.order_by(CopiedSet.set_number).limit(limit - len(found)))
        if len(found) >= limit:
            break
    return found


def _newest_whole(store: CopyStore, directory_id: str) -> int:
    """Return the number of the newest copy of a whole tenant whose set is still here; 0 where there is none."""
    is_there = (CopiedSet.store == store) & (CopiedSet.state == CopyState.COMPLETE) & (CopiedSet.left_out == 0)
    is_whole = (BackupSet.selection == {}) & (BackupSet.state != SetState.INCOMPLETE)
    rows = CopiedSet.select(CopiedSet.set_number).join(BackupSet)
    rows = rows.where(is_there & is_whole & (CopiedSet.directory_id == directory_id))
    return int(rows.order_by(CopiedSet.set_number.desc()).limit(1).scalar() or 0)


def _is_past(store: CopyStore, now: datetime) -> Condition:
    """Return the condition that a copy is past its date. A copy that waits to be checked again is one too."""
    return (CopiedSet.store == store) & (CopiedSet.kept_until < now)


@transaction
def forget(copied: CopiedSet) -> None:
    """Forget a copy that is no longer in its store."""
    CopiedSet.delete().where(CopiedSet.id == copied.id).execute()
    facts = {"store": copied.store.name, "kept_until": copied.kept_until.isoformat()}
    audit.record(Action.COPY_REMOVED, SYSTEM, f"backup set {copied.set_number}", tenant=copied.tenant, **facts)


def directories_kept_on(store: CopyStore, now: datetime) -> set[str]:
    """Return the directories whose last copy is kept past its date. All that it needs stays too."""
    query = CopiedSet.select(CopiedSet.directory_id).where(_is_past(store, now))
    return {row[0] for row in query.distinct().tuples()}


def of_store(store: CopyStore, limit: int, state: CopyState | None = None) -> list[CopiedSet]:
    """Return the newest sets in the store, or of one state."""
    query = CopiedSet.select().where(CopiedSet.store == store)
    if state is not None:
        query = query.where(CopiedSet.state == state)
    return list(query.order_by(CopiedSet.set_number.desc()).limit(limit))


def of_set(backup_set: BackupSet) -> list[CopiedSet]:
    """Return where copies of a backup set are, or are to be, with their stores."""
    rows = list(CopiedSet.select().where(CopiedSet.backup_set == backup_set))
    stores = {store.id: store for store in CopyStore.select()} if rows else {}
    for row in rows:
        row.store = stores[row.store_id]
    return sorted(rows, key=lambda row: str(row.store.name))


def newest(store: CopyStore) -> CopiedSet | None:
    """Return the copy that was made last."""
    is_there = (CopiedSet.store == store) & (CopiedSet.state == CopyState.COMPLETE)
    copied: CopiedSet | None = CopiedSet.select().where(is_there).order_by(CopiedSet.set_number.desc()).first()
    return copied


def newest_before(copied: CopiedSet) -> CopiedSet | None:
    """Return the copy of the same directory that came before this one in its store."""
    found: CopiedSet | None = _others_there(copied).where(CopiedSet.set_number < copied.set_number).first()
    return found


def has_newer(copied: CopiedSet) -> bool:
    """Tell whether a newer set of the same directory is in the store."""
    return bool(_others_there(copied).where(CopiedSet.set_number > copied.set_number).exists())


def _others_there(copied: CopiedSet) -> pw.ModelSelect:
    of_directory = (CopiedSet.store == copied.store_id) & (CopiedSet.directory_id == copied.directory_id)
    there = CopiedSet.select().where(of_directory & (CopiedSet.state == CopyState.COMPLETE))
    return there.order_by(CopiedSet.set_number.desc())


def drop_old(store: CopyStore, now: datetime, limit: int) -> None:
    """Forget copies that need not be kept, and half pushed sets that were deleted here. What is in the store stays."""
    rows = [*over(store, now, limit), *half_copied(store)]
    CopiedSet.delete().where(is_in(CopiedSet.id, [copied.id for copied in rows])).execute()


def count_by_state(store: CopyStore) -> dict[CopyState, int]:
    """Return how many sets are in each state. A set that was deleted before it was copied is not counted."""
    is_counted = (CopiedSet.state == CopyState.COMPLETE) | CopiedSet.backup_set.is_null(False)
    rows = CopiedSet.select(CopiedSet.state, pw.fn.COUNT(CopiedSet.id))
    rows = rows.where((CopiedSet.store == store) & is_counted)
    return {CopyState(state): count for state, count in rows.group_by(CopiedSet.state).tuples()}


def incomplete(store: CopyStore) -> list[CopiedSet]:
    """Return the newest copies of directories that leave policies out, the newest first."""
    leaves_out = (
        (CopiedSet.store == store) & (CopiedSet.left_out > pw.SQL("0")) & (CopiedSet.state == CopyState.COMPLETE)
    )
    rows = CopiedSet.select().where(leaves_out & ~_has_newer_copy())
    return list(rows.order_by(CopiedSet.set_number.desc()).limit(MOST_INCOMPLETE))


def behind_since(store: CopyStore) -> datetime | None:
    """Return when the oldest set was made that is not in the store yet; None where all are there.

    A set that failed does not count once a newer set of its tenant is there. It may never be pushed: a store that was
    added again holds older files of the same names, which are not overwritten.
    """
    is_made_up_for = (CopiedSet.state == CopyState.FAILED) & _has_newer_copy()
    is_under_way = CopiedSet.state.in_(UNDER_WAY) & CopiedSet.backup_set.is_null(False)
    is_behind = (CopiedSet.store == store) & is_under_way & ~is_made_up_for
    return CopiedSet.select(pw.fn.MIN(CopiedSet.set_at)).where(is_behind).scalar()


def _has_newer_copy() -> Condition:
    newer = CopiedSet.alias()
    of_directory = (newer.store == CopiedSet.store) & (newer.directory_id == CopiedSet.directory_id)
    is_newer = (newer.set_number > CopiedSet.set_number) & (newer.state == CopyState.COMPLETE)
    return pw.fn.EXISTS(newer.select(newer.id).where(of_directory & is_newer))
