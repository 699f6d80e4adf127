"""`copy.push`: brings one finished backup set into one store, a page of contents at a time; its manifest comes last.

Each content is pushed once. What was pushed is recorded after each few: whatever crashes, the next message goes on
from there, and asks the store about the few of which nobody knows. A Git store gets a commit: actors/copies/git.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import dramatiq

from actors.copies import contents, layout, sealing, sending, turns
from actors.copies.git_library import git_library
from actors.copies.sending import CONTENT_LOST, NotOpened
from actors.copies.stores.opening import open_store
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import Store, StoreError, as_file, checksum_of
from actors.queue.enqueue import enqueue_new
from actors.queue.queue_names import BULK
from actors.queue.run_actor import Completion, GivenUp, Wait, run_claimed
from db.audit.own_actors import COPIES
from db.backups import set_items
from db.backups.set_items import SetItem
from db.clock import utcnow
from db.copies import copied_contents, copied_sets, signer, stores
from db.copies.signer import Signer
from db.database import database
from db.models import CopiedContent, CopiedSet, CopyStore, RunItem
from db.runs import claims, completion, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import ItemState, Outcome, RunKind, RunState
from graph.errors import Unavailable

logger = logging.getLogger(__name__)

PAGE = 200
# Of one store. A store with a bound on its bandwidth gets one at a time: the bound is of all.
PUSHES_AT_ONCE = 4
CONTENTS, MANIFEST, COMMIT = "contents", "manifest", "commit"
NOT_OURS, NOT_OPENED = "not_ours", "content_not_opened"
# For so long after its backup a copy waits for a missing key; then it goes without what that key sealed.
KEY_PATIENCE = timedelta(days=1)
NAMED = 5
# The codes of failures that no other try ends otherwise: the next set of the tenant makes up for them.
FINAL = {NOT_OURS, CONTENT_LOST}


def start_due(store: CopyStore) -> None:
    """Start pushes of the sets that wait for the store, a few at a time; none while it may not be pushed to."""
    if not stores.is_working(store):
        return
    is_one_by_one = store.bytes_per_second or stores.is_git(store.address)
    for copied in copied_sets.due(store, 1 if is_one_by_one else PUSHES_AT_ONCE):
        if copied.backup_set_id is None:
            copied_sets.forget_lost(store)
            continue
        started = _create_run(store, copied)
        if started is not None and started.is_new:
            enqueue_new(started)


def _create_run(store: CopyStore, copied: CopiedSet) -> runs.StartedRun | None:
    if stores.is_git(store.address):
        items = [NewRunItem(COMMIT, f"Commit to {store.name}")]
    else:
        items = [*_pages_of_contents(copied), NewRunItem(MANIFEST, f"Manifest for {store.name}")]
    with database.atomic():
        started = runs.start(
            tenant=copied.tenant,
            kind=RunKind.PUSH,
            dedupe_key=f"{RunKind.PUSH}:{copied.set_number}:{store.id}",
            items=items,
            actor=COPIES,
            backup_set_id=copied.backup_set_id,
            is_quiet=True,
        )
        copied_sets.begin(copied, started.run)
    return started


def _pages_of_contents(copied: CopiedSet) -> list[NewRunItem]:
    count = len(_names_in_order(signer.own_signer(), copied, list(set_items.of_set(copied.backup_set))))
    return [
        NewRunItem(CONTENTS, f"Contents {first + 1} to {min(first + PAGE, count)}", graph_id=str(first))
        for first in range(0, count, PAGE)
    ]


@dramatiq.actor(actor_name=RunKind.PUSH, queue_name=BULK, priority=9)
def push(run_id: int) -> None:
    run_claimed(run_id, RunKind.PUSH, _push, Completion(finish=_finish, fail=_fail))


def _push(claim: Claim) -> None:
    copied = copied_sets.of_run(claim.run)
    if copied is None or copied.backup_set_id is None:
        raise GivenUp("set_is_gone", "The backup set was deleted before it was copied, or the store was removed.")
    try:
        credentials = stores.open_credentials(copied.store)
        if stores.is_git(copied.store.address):
            _push_commit(claim, copied, credentials)
            return
        store = open_store(copied.store.address, credentials)
        try:
            layout.require_ours(store, signer.own_signer())
            _Push(claim, copied, store).go_on()
        finally:
            store.close()
    except StoreError as e:
        if e.is_passing:
            raise Unavailable("store", e.sentence) from e
        raise GivenUp("store", e.sentence) from e


def _push_commit(claim: Claim, copied: CopiedSet, credentials: Mapping[str, str]) -> None:
    items = run_items.unsettled_items(claim.run)
    if not items or claims.is_cancel_requested(claim):
        return
    message, count = "A newer set of the tenant is there already: this one has no commit.", 0
    is_late = copied_sets.has_newer(copied)
    if not is_late:
        count = git_library().push_set(signer.own_signer(), copied, credentials, lambda: claims.assert_claim(claim))
        message = f"{count} files."
    is_told = is_late or copied.left_out > 0
    if copied.left_out:
        message = f"{copied.left_out} of its policies cannot be opened here: their files stay as they were."
    with database.atomic():
        claims.assert_claim(claim)
        copied_sets.complete(copied, count, copied_sets.kept_until(copied), None, message if is_told else None)
        for item in items:
            run_items.finish_item(claim, item, ItemState.DONE, Outcome.PUSHED, message=message)


def _names_in_order(own: Signer, copied: CopiedSet, items: list[SetItem]) -> list[str]:
    """Return the names of the set's contents, each once, in an order that is the same every time."""
    return list(dict.fromkeys(own.content_name(copied.directory_id, item.fingerprint) for item in items))


class _Cancelled(Exception):
    """Somebody asked to stop, amid a page."""


class _Push:
    """One message's work at a set."""

    def __init__(self, claim: Claim, copied: CopiedSet, store: Store) -> None:
        self._claim, self._copied, self._store = claim, copied, store
        self._signer = signer.own_signer()
        self._items = list(set_items.of_set(copied.backup_set))
        self._names = [self._signer.content_name(copied.directory_id, item.fingerprint) for item in self._items]
        self._named_items = list(zip(self._items, self._names, strict=True))
        self._until = copied_sets.kept_until(copied)
        self._locks = stores.is_locking(copied.store)

    def go_on(self) -> None:
        """Work on the items that are left, until somebody asks to stop."""
        for item in run_items.unsettled_items(self._claim.run):
            if claims.is_cancel_requested(self._claim):
                return
            turns.require_turn(self._copied.store, self._store)
            try:
                if item.policy_type == CONTENTS:
                    self._push_page(item, int(item.graph_id or 0))
                else:
                    self._push_manifest(item)
            except _Cancelled:
                return

    def _recipients(self) -> list[object]:
        """Return what is sealed to from now on: a key may have been retired since the message began."""
        return sealing.read_recipients(stores.recipients_of(self._copied.store))

    def _push_page(self, item: RunItem, first: int) -> None:
        content_ids = dict(zip(self._names, (each.content_id for each in self._items), strict=True))
        names = list(content_ids)[first : first + PAGE]
        claims.assert_claim(self._claim)
        run_items.begin_items(self._claim, [item.id])
        pushing = self._contents_push()
        pushed = pushing.push({name: content_ids[name] for name in names})
        self._wait_for_key(pushing.unopened.values())
        message = f"{pushed} pushed, {len(names) - pushed - len(pushing.unopened)} were there."
        if not pushing.unopened:
            run_items.finish_item(self._claim, item, ItemState.DONE, Outcome.PUSHED, message=message)
            return
        message += " " + " ".join(str(why) for why in pushing.unopened.values())
        run_items.finish_item(self._claim, item, ItemState.FAILED, Outcome.LEFT_OUT, reason=NOT_OPENED, message=message)

    def _wait_for_key(self, unopened: Iterable[NotOpened]) -> None:
        """Raises GivenUp where a key is missing that somebody may still give back."""
        is_young = abs(utcnow() - self._copied.set_at) < KEY_PATIENCE
        for why in unopened:
            if is_young and why.lacks_key:
                raise GivenUp(NOT_OPENED, f"{why} After a day it is copied without what that key sealed.")

    def _contents_push(self) -> contents.ContentsPush:
        return contents.ContentsPush(
            self._store,
            self._copied.store,
            self._copied.directory_id,
            self._recipients(),
            self._until,
            pace=Pace(self._copied.store.bytes_per_second),
            copied=self._copied,
            before_each=self._require_wanted,
        )

    def _require_wanted(self) -> None:
        """Raises _Cancelled, and ClaimLost: whoever has the run now sends the rest."""
        if claims.is_cancel_requested(self._claim):
            raise _Cancelled

    def _push_manifest(self, item: RunItem) -> None:
        path = layout.manifest_path(self._copied)
        known = self._kept_contents()
        left_out = self._left_out(known)
        checksum = self._own_manifest_there(path) or self._send_manifest(path, known, left_out)
        signature = layout.signature_path(path)
        if not self._store.put(signature, self._signer.sign(path, checksum), self._until if self._locks else None):
            self._lock_for_longer(signature)
        locked_until = self._checked_lock(path)
        with database.atomic():
            claims.assert_claim(self._claim)
            copied_sets.complete(self._copied, len(known), self._until, locked_until, self._said_of(left_out))
            run_items.finish_item(self._claim, item, ItemState.DONE, Outcome.PUSHED)

    def _kept_contents(self) -> dict[str, CopiedContent]:
        """Return the set's contents that are in the store, after extending how long they are kept.

        An earlier message may have pushed them days ago, to be kept for a shorter time.
        """
        known = copied_contents.known(self._copied.store, self._names)
        there = {name: content for name, content in known.items() if copied_contents.is_there(content)}
        self._contents_push().keep_longer(list(there.values()))
        return there

    def _left_out(self, known: Mapping[str, CopiedContent]) -> list[tuple[SetItem, str]]:
        """Return the policies whose contents are not in the store and cannot be opened here, with their names there.

        Raises GivenUp where one of them opens after all, or where no policy is left.
        """
        left_out = [(item, name) for item, name in self._named_items if name not in known]
        for item, _ in left_out:
            try:
                sending.opened(item.content_id)
            except NotOpened as e:
                self._wait_for_key([e])
                if not known:
                    raise GivenUp(NOT_OPENED, f"No content of the set can be opened here. {e}") from e
                continue
            raise GivenUp("contents_missing", "Contents of the set are no longer in the store: it is pushed again.")
        return left_out

    def _said_of(self, left_out: Sequence[tuple[SetItem, str]]) -> str | None:
        """Return what the copy does not have, as its manifest says; None: it has all."""
        count = self._copied.left_out
        if not count:
            return None
        names = ", ".join(f"“{item.facts['name']}”" for item, _ in left_out[:NAMED])
        more = f" and {count - NAMED} more" if count > NAMED else ""
        return (
            f"{count} of its policies are not in the copy, since their contents cannot be opened here: {names}{more}."
        )

    def _own_manifest_there(self, path: str) -> str | None:
        """Return the checksum of the manifest that an earlier message sent, where the store holds that very one."""
        expected = self._copied.manifest_checksum
        if expected is None or self._store.head(path) is None:
            return None
        if checksum_of(as_file(self._store.get(path))) != expected:
            raise GivenUp("store", f"The store holds another manifest of this set than was sent: {path}.")
        self._lock_for_longer(path)
        return expected

    def _lock_for_longer(self, path: str) -> None:
        """Lock what an earlier message sent for as long as it is asked for now."""
        if self._locks:
            self._store.extend_lock(path, self._until)

    def _send_manifest(
        self, path: str, known: Mapping[str, CopiedContent], left_out: Sequence[tuple[SetItem, str]]
    ) -> str:
        items = [
            layout.manifest_item(item.facts, item.fingerprint, known[name])
            for item, name in self._named_items
            if name in known
        ]
        lines = [layout.left_out_item(item, name) for item, name in left_out]
        plain = layout.manifest(self._signer, self._copied, self._copied.backup_set, items, lines)
        sealed = sealing.seal(plain, self._recipients())
        checksum, noted_before = checksum_of(as_file(sealed)), self._copied.manifest_checksum
        left_out_before = self._copied.left_out
        self._note_manifest(checksum, len(left_out))
        if self._store.put(path, sealed, self._until if self._locks else None):
            return checksum
        there = checksum_of(as_file(self._store.get(path)))
        if there not in {checksum, noted_before}:
            # Of this one nothing was sent.
            self._note_manifest(noted_before, left_out_before)
            return self._adopt_manifest(path, there)
        # The store's answer to it was lost, or it was on its way from a message that stood still.
        if there != checksum:
            self._note_manifest(there, left_out_before)
        self._lock_for_longer(path)
        return there

    def _note_manifest(self, checksum: str | None, left_out: int = 0) -> None:
        claims.assert_claim(self._claim)
        if not copied_sets.note_manifest(self._copied, checksum, left_out):
            raise Wait("Another push has some of the contents on their way.", contents.ON_THEIR_WAY_SECONDS)

    def _adopt_manifest(self, path: str, checksum: str) -> str:
        """Return the checksum of the manifest that is there, where a recovery brought the set here from it.

        Another's is never signed, nor taken for ours: a set that was made here, by a run, is none that can be there.
        """
        signature = layout.signature_path(path)
        is_there = self._copied.backup_set.run_id is None and self._store.head(signature) is not None
        if not is_there or not signer.is_signed(self._signer.public_key, path, checksum, self._store.get(signature)):
            raise GivenUp(
                NOT_OURS,
                f"The store holds a manifest that is not this installation's, or is of before the store was added "
                f"again: {path}. It stays as it is; the next backup of the tenant is copied.",
            )
        self._note_manifest(checksum)
        self._lock_for_longer(path)
        return checksum

    def _checked_lock(self, path: str) -> datetime | None:
        """Return until when the store says that it locks the manifest. Raises GivenUp where that is too short."""
        if not self._locks:
            return None
        until = self._store.lock_of(path)
        # Some stores keep whole seconds.
        if until is None or until < self._until.replace(microsecond=0):
            raise GivenUp("not_locked", "The store took the manifest, and does not lock it for as long as was asked.")
        return until


def _finish(claim: Claim) -> None:
    copied = copied_sets.of_run(claim.run)
    with database.atomic():
        state = completion.finish(claim)
        if copied is not None and state != RunState.SUCCEEDED:
            copied_sets.fail(copied, "The push was cancelled.")


def _fail(claim: Claim, code: str, message: str, request_id: str | None) -> None:
    copied = copied_sets.of_run(claim.run)
    with database.atomic():
        completion.fail(claim, code, message, request_id)
        if copied is not None:
            copied_sets.fail(copied, message, is_final=code in FINAL)
    logger.warning("a copy was not pushed", extra={"run": claim.run.id, "code": code})
