"""The share of what was asked for that a backup set holds: per policy type, from what the set's row says of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.models import BackupSet
from db.states import QUIET_OFFERS, ItemState, Outcome, SetState

# Outcomes of run items whose policy was not read.
UNREAD = (Outcome.ERROR, Outcome.UNKNOWN, Outcome.CANCELLED)


@dataclass(frozen=True)
class Missing:
    """The number of known policies that a set lacks, and of policy types that could not be read at all."""

    policies: int
    types: int


def is_whole(row: Mapping[str, Any]) -> bool:
    """Return whether a row of `types` has all: every policy of the type was read, or was seen to be unchanged."""
    return row["state"] == ItemState.DONE and not count_unread(row)


def is_usable(row: Mapping[str, Any]) -> bool:
    """Return whether a row of `types` is whole, or has at least some policies."""
    read = sum(row.get(outcome, 0) for outcome in (Outcome.CAPTURED, Outcome.UNCHANGED, Outcome.GONE))
    return is_whole(row) or bool(row["state"] == ItemState.DONE and read)


def is_unpermitted(row: Mapping[str, Any]) -> bool:
    """Return whether a row of `types` is missing for want of a permission."""
    return row["state"] == ItemState.SKIPPED and row.get("offer") not in QUIET_OFFERS


def was_not_read(row: Mapping[str, Any]) -> bool:
    """Return whether nobody knows what the tenant has of a type that the set should hold."""
    return row["state"] in (ItemState.FAILED, ItemState.PENDING) or is_unpermitted(row)


def count_unread(row: Mapping[str, Any]) -> int:
    return sum(row.get(outcome, 0) for outcome in UNREAD)


def why(row: Mapping[str, Any]) -> str:
    """Say why a row of `types` is not whole."""
    if row["message"]:
        return str(row["message"])
    if row["state"] != ItemState.DONE:
        return "It was not listed: the backup ended before."
    count = count_unread(row)
    return "1 of its policies could not be read." if count == 1 else f"{count} of its policies could not be read."


def count_missing(backup_set: BackupSet) -> Missing:
    """Count what the set lacks. Of a type that was not read, the policies that it had when it was listed last."""
    rows = backup_set.types.values()
    unread = [row for row in rows if was_not_read(row)]
    known = sum(row.get("known", 0) for row in unread)
    return Missing(known + sum(count_unread(row) for row in rows if row["state"] == ItemState.DONE), len(unread))


def state_of(types: Mapping[str, Mapping[str, Any]]) -> SetState:
    """Return the state of an ended set with these rows."""
    rows = types.values()
    if any(row["state"] in (ItemState.FAILED, ItemState.PENDING) or count_unread(row) for row in rows):
        return SetState.INCOMPLETE
    return SetState.WARNINGS if any(is_unpermitted(row) for row in rows) else SetState.COMPLETE
