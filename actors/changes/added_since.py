"""Policies that were not seen in a tenant at a moment: added since, or made before it between two looks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from actors.changes import newest_bodies
from db.models import Policy
from db.policies import moments
from db.policies.moments import Moment
from graph.content.timestamps import parse_time
from graph.read.bins import BINS
from graph.references.reference_kinds import GROUPS


class AddedProof(StrEnum):
    """Proof that a policy was added since, or none. `BEFORE`: the tenant says that it was made before the moment."""

    SURE = "sure"
    UNSURE = "unsure"
    BEFORE = "before"


def find(then: Moment) -> dict[int, AddedProof]:
    """Return policy id -> how sure it is, of the policies that a list shows to be new since the moment.

    Whoever made a policy between two looks, before the moment or after it, the date of its creation tells. Nobody
    chooses it; but what was brought back from a bin has its old one, so there it proves nothing.
    """
    added = moments.added_since(then.tenant, then.at, BINS)
    rows = [row for row in then.new_since if row.id in added and row.policy_type != GROUPS]
    made_at = _made_at([row.id for row in rows if added[row.id]])
    return {row.id: _proof(row, then.at, made_at) if added[row.id] else AddedProof.SURE for row in rows}


def _proof(policy: Policy, at: datetime, made_at: Mapping[int, datetime]) -> AddedProof:
    made = made_at.get(policy.id)
    if made is None:
        return AddedProof.UNSURE
    if made > at:
        return AddedProof.SURE
    return AddedProof.UNSURE if policy.policy_type in BINS else AddedProof.BEFORE


def _made_at(policy_ids: Sequence[int]) -> dict[int, datetime]:
    """Return policy id -> when the tenant says that it was made, of those whose newest content says so."""
    made = ((policy_id, parse_time(body.get("createdDateTime"))) for policy_id, body in newest_bodies.read(policy_ids))
    return {policy_id: at for policy_id, at in made if at}
