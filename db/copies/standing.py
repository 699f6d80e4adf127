"""Standing of stores of copies: for notices, `doctor`, metrics and pages alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from db.copies import copied_sets, erasures, stores, turns
from db.models import CopyStore

# A set that is not copied after so long is behind: a first push of everything may take hours.
BEHIND_AFTER = timedelta(days=1)
# A store that does not answer is asked again for so long before anybody is told.
FAILING_AFTER = timedelta(hours=1)
BEHIND, DAMAGED, FAILING, INCOMPLETE, NOT_LOCKED = "behind", "damaged", "failing", "incomplete", "not_locked"
NOT_ERASED, TAKEN_OVER = "not_erased", "taken_over"


@dataclass(frozen=True)
class StoreFinding:
    """A fault of a store: the sentence says what to do."""

    store: CopyStore
    why: str
    sentence: str


def findings(now: datetime) -> list[StoreFinding]:
    return [finding for store in stores.all_stores() if store.is_active for finding in of_store(store, now)]


def of_store(store: CopyStore, now: datetime) -> list[StoreFinding]:
    """Return what is wrong with the store, the worst first."""
    found = []
    if store.overtaken_at is not None:
        found.append(StoreFinding(store, TAKEN_OVER, turns.overtaken_sentence(store)))
    elif store.needs_lock and store.checked_at is not None and not stores.is_locking(store):
        sentence = (
            "It locks nothing, so nothing is pushed. Switch object lock on there, or say that copies need no lock."
        )
        found.append(StoreFinding(store, NOT_LOCKED, sentence))
    elif store.failing_since is not None and store.failing_since < now - FAILING_AFTER:
        found.append(StoreFinding(store, FAILING, str(store.error)))
    if store.damaged_at is not None:
        found += [StoreFinding(store, DAMAGED, line) for line in stores.damage_lines(store)]
    for copied in copied_sets.incomplete(store):
        sentence = f"The newest copy of {copied.tenant_name} is not whole. {copied.message}"
        found.append(StoreFinding(store, INCOMPLETE, sentence))
    if store.unopened:
        found.append(StoreFinding(store, INCOMPLETE, str(store.unopened)))
    for erasure in erasures.of_store(store):
        if erasure.error:
            sentence = f"The copies of {erasure.tenant_name} that are to be deleted are there still. {erasure.error}"
            found.append(StoreFinding(store, NOT_ERASED, sentence))
    since = copied_sets.behind_since(store)
    if since is not None and since < now - BEHIND_AFTER and store.overtaken_at is None:
        found.append(StoreFinding(store, BEHIND, "Sets of more than a day ago are not copied yet. Its page says why."))
    return found
