"""Policies that restores have put back since a moment: as they were then, or changed by somebody after that."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from db.models import Policy, Snapshot, Tenant
from db.policies import change_recording, policies
from db.policies.later_changes import PolicyKey, made_from, unread_change
from db.policies.moments import Moment, PolicyThen
from db.restores import prior_creations
from db.states import PolicyState
from graph.restore.options import AS_CAPTURED, EXACT, MADE


@dataclass(frozen=True)
class MadeAgain:
    """Policies that were deleted since and that restores made again: policy id -> what stands for it now.

    None: that was not seen yet, or it was there then, too, and is judged as itself. `made`: the ids of all that
    restores made of them, also of what is gone again.
    """

    now: Mapping[int, Policy | None]
    made: Set[int]


def made_again(tenant: Tenant, then: Moment) -> MadeAgain:
    """Find them. One that was deleted after the last time that it was made counts as deleted."""
    gone = policies.chosen(tenant, [row.policy_id for row in then.policies if not row.is_present])
    became = {source: target for target, sources in made_from(tenant).items() for source in sources}
    lines = {policy.id: list(_line((policy.policy_type, policy.graph_id), became)) for policy in gone}
    rows = policies.by_key(tenant.id, {graph_id for line in lines.values() for _, graph_id in line})
    there = {row.policy_id for row in then.policies}
    now: dict[int, Policy | None] = {}
    for policy_id, line in lines.items():
        found = [rows.get(key) for key in line]
        present = [row for row in found if row and row.state == PolicyState.PRESENT]
        if present or (found and found[-1] is None):
            now[policy_id] = present[0] if present and present[0].id not in there else None
    made = {rows[key].id for line in lines.values() for key in line if key in rows}
    return MadeAgain(now, made)


def _line(key: PolicyKey, became: Mapping[PolicyKey, PolicyKey]) -> Iterator[PolicyKey]:
    """Yield the policy that this one was made again as, then the one that took that one's place, and so on."""
    seen = {key}
    while (key := became.get(key, key)) not in seen:
        seen.add(key)
        yield key


def as_they_were(tenant: Tenant, then: Sequence[PolicyThen], again: MadeAgain) -> set[int]:
    """Return the ids of the policies that are as they were then, as far as a restore can make them so.

    A policy may refer to something that has another id by now. No restore can put that back, so what a restore left
    there counts as what it was.
    """
    passed_over = {row.policy_id for row in then if row.policy_id in again.now and again.now[row.policy_id] is None}
    ids = {row.policy_id: _id_now(row, again) for row in then if row.policy_id not in passed_over}
    rows = {row.id: row for row in policies.chosen(tenant, sorted(filter(None, ids.values())))}
    newest = change_recording.newest_snapshots(rows)
    written = _written_whole(tenant, [row.version.content_id for row in then if row.version])
    return passed_over | {
        row.policy_id
        for row in then
        if (now := rows.get(ids.get(row.policy_id) or 0)) and _is_as_it_was(row, now, newest.get(now.id), written)
    }


def _id_now(then: PolicyThen, again: MadeAgain) -> int | None:
    if then.is_present:
        return then.policy_id
    now = again.now.get(then.policy_id)
    return now.id if now else None


def _is_as_it_was(
    then: PolicyThen, now: Policy, newest: Snapshot | None, written: Collection[prior_creations.Written]
) -> bool:
    if newest is None:
        return then.policy_id != now.id  # a restore made it, and nobody has read it since
    if then.version is None or unread_change(now, newest.modified_at):
        return False
    left = (then.version.content_id, now.policy_type, now.graph_id, newest.content.fingerprint)
    return newest.content_id == then.version.content_id or left in written


def _written_whole(tenant: Tenant, content_ids: Sequence[int]) -> set[prior_creations.Written]:
    """Return the contents that a restore wrote in full, each with what was read back: no option left a part out."""
    found = prior_creations.written_as_planned(tenant, content_ids)
    return {written for written, is_made, options in found if _writes_all(options, is_made=is_made)}


def _writes_all(options: Mapping[str, object], *, is_made: bool) -> bool:
    is_assigned = options.get("assignments") in ((EXACT, MADE) if is_made else (EXACT,))
    return is_assigned and options.get("conditional_access") == AS_CAPTURED
