"""Brings contents into a store that no copied set may bring there, so that the state knows nothing that is nowhere.

It is done by whoever looks after the store, a portion at a time, and between the pushes of sets.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from actors.copies import sealing
from actors.copies.contents import ContentsPush
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import Store
from db.copies import loose_contents, signer, stores
from db.copies.loose_contents import SnapshotContent
from db.models import Content, CopyStore

# Of snapshots, at one look: others wait for the looks of a store, too.
PORTION = 10_000


@dataclass
class LoosePush:
    # Whether that was all for now; and why some contents were passed over: they cannot be opened here.
    is_all: bool
    unopened: list[str] = field(default_factory=list)


def push_some(
    row: CopyStore, store: Store, until: datetime, before_each: Callable[[], object] = lambda: None
) -> LoosePush:
    """Push a portion of what is new, kept until then. `before_each` is called before each few. Raises StoreError."""
    own, pace, count, is_late = signer.own_signer(), Pace(row.bytes_per_second), 0, False
    pushed = LoosePush(is_all=False)
    recipients = sealing.read_recipients(stores.recipients_of(row))
    for page in loose_contents.pages(row, PORTION):
        for directory_id, contents in itertools.groupby(sorted(page, key=_directory), _directory):
            pushing = ContentsPush(store, row, directory_id, recipients, until, pace=pace, before_each=before_each)
            names = {own.content_name(directory_id, each.fingerprint): each.content_id for each in contents}
            try:
                is_late |= not pushing.push_missing(names)
            except Content.DoesNotExist:
                # Deleted since it was listed: the next look lists anew.
                return pushed
            pushed.unopened += map(str, pushing.unopened.values())
        # What a set has on its way may never arrive: the next look begins with it again.
        if not is_late:
            loose_contents.record(row, page[-1].snapshot_id)
        count += len(page)
    pushed.is_all = is_late or count < PORTION
    return pushed


def _directory(content: SnapshotContent) -> str:
    return content.directory_id
