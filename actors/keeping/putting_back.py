"""Putting changes back: of a change against a standard, what the standard wants; of any other, what was approved.

Either is a restore like any other: previewed, looked at, carried out, and it can be undone. Graph is not asked here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from actors.changes import put_back
from actors.rollouts import drafting
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import Change, Restore, StandardAdoption, StandardVersion
from db.standards import adoptions, keeping, standards, versions

NOT_FOLLOWED = "The tenant no longer follows this standard, or the standard has no such item any longer."
MIXED = "Put back what differs from one standard by itself: it is another restore than that of other changes."


class _HeldItem(NamedTuple):
    adoption: StandardAdoption
    version: StandardVersion
    item_key: str


def why_not(change: Change) -> str:
    """Return why the change cannot be put back, and what is possible instead; "": it can."""
    if change.standard_id is None:
        return put_back.why_not(change)
    return "" if _held_item(change) else NOT_FOLLOWED


def draft(changes: Sequence[Change], actor: Actor) -> Restore:
    """Draft a restore that puts changes of one tenant back. Raises Invalid if one cannot be."""
    standards = {(change.tenant_id, change.standard_id) for change in changes}
    if standards == {(changes[0].tenant_id, None)}:
        return put_back.draft(changes, actor)
    held = [_held_item(change) for change in changes]
    if len(standards) > 1:
        raise Invalid(MIXED)
    if None in held:
        raise Invalid(NOT_FOLLOWED)
    found = [row for row in held if row is not None]
    return drafting.draft_for(found[0].adoption, found[0].version, {row.item_key for row in found}, actor)


def _held_item(change: Change) -> _HeldItem | None:
    """Return the item that the changed policy is, in the version that its tenant is held to; None: it is none now."""
    standard = standards.find_by_id(change.standard_id) if change.standard_id else None
    adoption = adoptions.find(standard, change.tenant) if standard else None
    version = (adoption.version or versions.newest(adoption.standard)) if adoption else None
    key = keeping.key_of_policy(adoption, change.policy_id) if adoption else None
    return _HeldItem(adoption, version, key) if adoption and version and key else None
