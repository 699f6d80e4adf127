"""`copy.tend`: looks after one store of copies: proves its lock, pushes the state, reads a sample back, tidies up.

This is no run: it is of no tenant. The scheduler sends it for what is due; what came of it stands at the store.
"""

import itertools
import logging
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta

import dramatiq

from actors.copies import erasing, layout, loose, probes, sealing, turns, verifying
from actors.copies.git_library import git_library
from actors.copies.stores.opening import open_store
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import (
    Store,
    StoreDamaged,
    StoreError,
    StoreRefused,
    as_file,
    checksum_of,
    delete_unless_locked,
    size_of,
)
from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import BULK
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import copied_contents, copied_sets, looks, loose_contents, recovery_keys, signer, stores
from db.copies.looks import LookLost
from db.copies.signer import Signer
from db.housekeeping import leaps
from db.installation import export_file
from db.models import Content, CopiedContent, CopiedSet, CopyStore
from db.sql.value_lists import batched
from db.states import LockState

logger = logging.getLogger(__name__)

# The bound of one look, in milliseconds: at the slowest store more than a gigabyte leaves in it.
LONGEST_LOOK = 24 * 3_600_000
PACED_SECONDS = 60
LOOK_AGAIN = timedelta(minutes=10)
DAY = timedelta(days=1)
# Held back a little: a clock here that is ahead deletes nothing that the store still locks.
TIDY_AFTER = timedelta(hours=1)
TIDIED_AT_ONCE = 1000
# Of contents, between two looks whether the store is still ours.
TIDIED_TOGETHER = 32
MOST_OVERTAKEN = 10_000
OUR_FAULT = "Something went wrong inside Tenantkeep. The worker's log has the details."


def start_due(store: CopyStore) -> None:
    """Send a store that is due to a worker, unless another scheduler was quicker."""
    if looks.claim(store) and not send(tend, store_id=store.id, claim=store.claimed_by):
        looks.end(store, timedelta(0))


@dramatiq.actor(broker=broker, actor_name="copy.tend", queue_name=BULK, time_limit=LONGEST_LOOK)
def tend(*, store_id: int, claim: str = "") -> None:
    """Do what is due at the store, and note how it went. A message that comes too late has the claim no longer."""
    row = looks.begin(store_id, claim)
    if row is None:
        logger.info("there is nothing to do for this message", extra={"store": store_id})
        return
    try:
        looks.end(row, _look_after_or_note(row) if row.is_active else LOOK_AGAIN)
    except LookLost:
        logger.info("a store of copies was removed, or is looked after by another", extra={"store": store_id})


def _look_after_or_note(row: CopyStore) -> timedelta:
    """Look after the store, or note why that failed. Return the pause until the next look. Raises LookLost."""
    try:
        return look_after(row)
    except LookLost:
        raise
    except StoreError as e:
        logger.warning("a store of copies fails: %s", e.sentence, extra={"store": row.id})
        if isinstance(e, StoreDamaged):
            stores.record_damage(row, e.sentence)
        stores.record_error(row, e.sentence)
    except Exception:
        # Where the store was removed, its keys and the rows that new ones refer to went with it.
        looks.keep(row)
        logger.exception("a store of copies could not be looked after", extra={"store": row.id})
        stores.record_error(row, OUR_FAULT)
    return LOOK_AGAIN


def look_after(row: CopyStore) -> timedelta:
    """Tidy up, check, push the state and verify, each where it is due. Return the pause until the next look.

    Raises StoreError.
    """
    if stores.is_git(row.address):
        return _look_after_git(row)
    store = open_store(row.address, stores.open_credentials(row))
    try:
        if row.checked_at is not None:
            # At each look: what is mounted there may have changed since, and nothing of another's may be deleted.
            layout.require_ours(store, signer.own_signer())
            # Before anything is written: a full store refuses that, and would never be given room.
            if stores.is_working(row) and _is_due(row.tidied_at) and leaps.may_go_by_age():
                turns.require_turn(row, store)
                tidy(row, store)
        if row.is_check_asked or _is_due(row.checked_at):
            check(row, store)
        turns.hold_turn(row, store)
        if not stores.is_working(row):
            raise StoreRefused("The store locks nothing, and copies here have to be locked: nothing is pushed.")
        recovery_keys.adopt(row, SYSTEM)
        copied_sets.release_stranded(row)
        is_all_there = _push_loose(row, store)
        if _is_due(row.state_at):
            push_state(row, store)
        # Last, for it keeps failing where something is not as it was pushed.
        if row.is_verify_asked or _is_due(row.verified_at):
            verify(row, store)
    finally:
        store.close()
    stores.record(row, error=None, failing_since=None)
    return LOOK_AGAIN if is_all_there else timedelta(0)


def _push_loose(row: CopyStore, store: Store) -> bool:
    """Push contents that no set may bring, between pushes of sets, and before a state. Return whether none is left."""
    if not loose_contents.has_new(row):
        return True
    # Of a new store the sets come first: they bring most of it.
    if loose_contents.is_busy(row) and (row.snapshots_to is None or not _is_due(row.state_at)):
        return True
    pushed = loose.push_some(row, store, _until(row), lambda: _keep_on(row, store))
    if pushed.unopened:
        # What does not open holds up neither the state nor the others.
        for why in pushed.unopened:
            logger.error("a content cannot be copied: %s", why, extra={"store": row.id})
        stores.record(row, unopened=_said_of(len(pushed.unopened), pushed.unopened[0])[:1000])
    return pushed.is_all


def _keep_on(row: CopyStore, store: Store) -> None:
    """Keep the claim for longer. Raises LookLost, and StoreError where a twin took the store over."""
    looks.keep(row)
    turns.require_turn(row, store)


def _said_of(count: int, why: str) -> str:
    return (
        f"{count} content(s) that are kept here cannot be opened, and are not copied. {why} They are looked at again "
        "each day."
    )


def _look_after_git(row: CopyStore) -> timedelta:
    """Look at a repository: it has no lock, no state and no samples. What was pushed stays there for good."""
    own, credentials = signer.own_signer(), stores.open_credentials(row)
    if row.is_check_asked or _is_due(row.checked_at):
        git_library().check(own, row, credentials)
        stores.record(row, lock_state=LockState.MISSING, checked_at=utcnow())
        looks.fulfil(row, is_check_asked=False)
    copied_sets.release_stranded(row)
    if _is_due(row.tidied_at):
        copied_sets.drop_old(row, utcnow(), TIDIED_AT_ONCE)
        stores.record(row, tidied_at=utcnow())
    if row.is_verify_asked or _is_due(row.verified_at):
        git_library().verify(own, row, credentials)
        stores.record(row, verified_at=utcnow())
        looks.fulfil(row, is_verify_asked=False)
    # There is no state to push: one that was asked for is as good as pushed.
    stores.record(row, error=None, failing_since=None, state_at=utcnow())
    return LOOK_AGAIN


def _is_due(done_at: datetime | None) -> bool:
    # What was done later than now was done by a clock that was set back since.
    return done_at is None or not utcnow() - DAY <= done_at <= utcnow() + TIDY_AFTER


def check(row: CopyStore, store: Store) -> None:
    """Find out whether the store is ours, and whether it locks what it should. Raises StoreError."""
    is_proven = probes.prove_lock(store)
    state = LockState.PROVEN if is_proven else LockState.MISSING
    until = _until(row) if is_proven else None
    own = signer.own_signer()
    is_new = store.put(layout.FIRST_FILE, layout.first_file(row, own, utcnow()), until)
    # Also of one that we wrote: where a store knows no conditions, another may have written over it.
    _require_ours(store.get(layout.FIRST_FILE), row, own)
    if until is not None and not is_new:
        store.extend_lock(layout.FIRST_FILE, until)
    stores.record(row, lock_state=state, checked_at=utcnow())
    looks.fulfil(row, is_check_asked=False)


def _require_ours(first: bytes, row: CopyStore, own: Signer) -> None:
    """Raises StoreRefused where the store is another installation's, or is sealed to other keys than this row says.

    The first file also names keys that were retired since it was written.
    """
    layout.require_installation(first, own)
    recipients = stores.recipients_of(row)
    retired = [key.recipient for key in recovery_keys.all_keys() if key.retired_at is not None]
    named = layout.recipients_in(first)
    if not set(recipients) <= set(named) or not set(named) <= {*recipients, *retired}:
        raise StoreRefused(
            "What is there is sealed to other recovery keys. A store keeps its keys for good: give another bucket, or "
            "another prefix."
        )


def push_state(row: CopyStore, store: Store) -> None:
    """Push what is in no set: everything that an export has, without the bodies of contents."""
    at, own = utcnow(), signer.own_signer()
    with tempfile.TemporaryFile() as file:
        recipients = sealing.read_recipients(stores.recipients_of(row))
        sealing.seal_stream(
            lambda lines: export_file.write_rows(lines, _tell_nobody, {Content.sealed}), file, recipients
        )
        size = size_of(file)
        _wait_to_send(row, size)
        turns.require_turn(row, store)
        checksum, until = checksum_of(file), _lock_until(row)
        # Each state has a second of its own: one that is there by now is another, with another's signature.
        while not store.put(layout.state_path(at), file, until):
            at += timedelta(seconds=1)
            file.seek(0)
    path = layout.state_path(at)
    about_path, about = layout.about_path(path), layout.about_state(size, _overtaken(store, path))
    store.put(about_path, about, until)
    store.put(layout.signature_path(about_path), own.sign(about_path, checksum_of(as_file(about))), until)
    # The state's own signature last: without one it is none.
    store.put(layout.signature_path(path), own.sign(path, checksum), until)
    looks.fulfil(row, state_at=at)


def _overtaken(store: Store, path: str) -> list[str]:
    """Return the states of later names that are there before this one: a clock was ahead as they were pushed."""
    names = (stored.name for stored in store.list(layout.STATES))
    return list(itertools.islice((name for name in names if name > path and layout.is_state(name)), MOST_OVERTAKEN))


def _wait_to_send(row: CopyStore, size: int) -> None:
    """Wait until so many bytes may leave: hours, at a slow store. Nobody else begins with it meanwhile."""
    pace, portion = Pace(row.bytes_per_second), (row.bytes_per_second or size) * PACED_SECONDS
    for begin in range(0, size, max(1, portion)):
        looks.keep(row)
        pace.spend(min(portion, size - begin))
    looks.keep(row)


def _tell_nobody(_done: int, _rows: int) -> None:
    pass


def verify(row: CopyStore, store: Store) -> None:
    """Read a sample back. Raises StoreError, which names what is not as it was pushed."""
    verifying.read_sample(row, store)
    stores.record(row, verified_at=utcnow())
    looks.fulfil(row, is_verify_asked=False)


def tidy(row: CopyStore, store: Store) -> None:
    """Remove what somebody asked to erase, and what is kept no longer: copies, contents that none needs, old states.

    Of many a part, and the next look goes on.
    """
    before = utcnow() - TIDY_AFTER
    is_more = erasing.erase_due(row, store, lambda: _keep_on(row, store))
    is_more |= _remove_sets(row, store, before)
    copied_sets.forget_lost(row)
    _remove_half_copied(row, store)
    is_more |= _remove_contents(row, store, before)
    _remove_old(store, layout.STATES, keep=_is_young_state(row))
    oldest_note = layout.erased_path("", utcnow() - TIDY_AFTER - timedelta(days=row.copy_days))
    _remove_old(store, layout.ERASED, keep=lambda name: name >= oldest_note)
    _remove_old(store, layout.PROBES, keep=probes.is_young)
    # Of the many folders of contents a few each day.
    for folder in ("", *layout.FEW_FOLDERS, *(f"contents/{each}" for each in verifying.some_folders())):
        store.sweep(folder)
    if is_more:
        return
    if row.unopened:
        # A key that was missing may have come back, as where keys were changed one process after the other.
        stores.record(row, snapshots_to=None)
    contents, stored_bytes = copied_contents.count_all(row)
    stores.record(row, tidied_at=utcnow(), contents=contents, contents_bytes=stored_bytes)


def _remove_sets(row: CopyStore, store: Store, before: datetime) -> bool:
    """Remove copies that are kept no longer. Return whether there may be more of them."""
    gone, over = 0, copied_sets.over(row, before, TIDIED_AT_ONCE)
    for copied in over:
        if _delete_manifest(row, store, copied):
            copied_sets.forget(copied)
            gone += 1
    return gone > 0 and len(over) == TIDIED_AT_ONCE


def _remove_half_copied(row: CopyStore, store: Store) -> None:
    """Remove manifests of sets that were deleted here before their push ended: a recovery would bring those back."""
    for copied in copied_sets.half_copied(row):
        if _delete_manifest(row, store, copied):
            copied_sets.lose(copied)


def _delete_manifest(row: CopyStore, store: Store, copied: CopiedSet) -> bool:
    """Delete the manifest of a set, and return whether the store let it go."""
    _keep_on(row, store)
    path = layout.manifest_path(copied)
    # The signature last: a manifest without one is no copy to whoever recovers.
    return delete_unless_locked(store, path) and delete_unless_locked(store, layout.signature_path(path))


def _remove_contents(row: CopyStore, store: Store, before: datetime) -> bool:
    """Remove contents that no kept copy needs. Return whether there may be more of them."""
    kept_on = copied_sets.directories_kept_on(row, before)
    going = copied_contents.take_over(row, before, kept_on, TIDIED_AT_ONCE)
    for some in batched(going, TIDIED_TOGETHER):
        _keep_on(row, store)
        copied_contents.forget([content.id for content in some if _is_gone(store, content)])
    return len(going) == TIDIED_AT_ONCE


def _is_gone(store: Store, content: CopiedContent) -> bool:
    """Delete a content. Return False where the store keeps it: it stays, as long as it is locked."""
    path = layout.content_path(content.name)
    told = None if delete_unless_locked(store, path) else store.head(path)
    # Where ours went, and somebody's stays that was below it, the content is there no longer.
    if told is None or (told.checksum or content.checksum) != content.checksum:
        return True
    copied_contents.let_stay(content, told.locked_until)
    return False


def _is_young_state(row: CopyStore) -> Callable[[str], bool]:
    # Its name begins with its time, which sorts as text.
    oldest = layout.state_path(utcnow() - TIDY_AFTER - timedelta(days=row.copy_days))
    newest = layout.state_path(row.state_at) if row.state_at else ""
    return lambda name: name >= oldest or name.startswith(newest)


def _remove_old(store: Store, prefix: str, keep: Callable[[str], bool]) -> None:
    for stored in list(store.list(prefix)):
        if not keep(stored.name):
            delete_unless_locked(store, stored.name)


def _until(row: CopyStore) -> datetime:
    return utcnow().replace(microsecond=0) + timedelta(days=row.copy_days)


def _lock_until(row: CopyStore) -> datetime | None:
    return _until(row) if stores.is_locking(row) else None
