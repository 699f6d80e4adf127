"""Objects that a tenant still keeps deleted of a restore's items: found before a new one is planned.

A bin is asked once in a preview. One that refuses is not asked again for a while (db/tenants/bin_refusals.py), and a
new one is planned instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from actors.plans.plan_permissions import PlanPermissions
from actors.plans.target_matcher import TargetMatcher
from actors.reading.answer_memory import RunMemory
from db.clock import utcnow
from db.models import Restore, RestoreItem
from db.policies import snapshots
from db.runs.claims import Claim
from db.tenants import bin_refusals
from graph.content.fingerprint import fingerprint
from graph.errors import GraphError, Rejected
from graph.policy_types.table import POLICY_TYPES
from graph.read import bins
from graph.read.bins import BinEntry
from graph.read.groups import DELETED_GROUP, read_deletion_dates
from graph.read.readings import PolicyList
from graph.references.reference_kinds import GROUPS
from graph.restore.matching import ID, MAPPING, UNREADABLE, Match
from graph.restore.options import RestoreOptions, undeletes
from graph.restore.plan_case import ItemPlan
from graph.restore.planner import live_fingerprint
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient

REFUSED = "Whether Microsoft still keeps it was not told ({}), so a new one is made, with another id."


class KeptObjects:
    """The bins of one preview's target tenant."""

    def __init__(
        self,
        claim: Claim,
        restore: Restore,
        graph: GraphClient,
        items: Sequence[RestoreItem],
        matcher: TargetMatcher,
        permissions: PlanPermissions,
    ) -> None:
        self._claim, self._restore, self._graph, self._matcher = claim, restore, graph, matcher
        self._permissions = permissions
        self._options = RestoreOptions(**restore.options)
        self._items = [item for item in items if item.content_id is not None]
        # Policy type -> id -> what its bin shows.
        self._entries: dict[str, dict[str, BinEntry]] = {}
        # Policy type -> the ids that the tenant has.
        self._there: dict[str, frozenset[str]] = {}
        self._refusals = bin_refusals.refusals(restore.tenant)

    def entry(self, item: RestoreItem, match: Match, listed: PolicyList | GraphError) -> BinEntry | None:
        """Return what can be brought back of an item; None where the tenant has it, or keeps nothing of it.

        `listed`: the tenant's policies of its type. An id decides before a name does: a policy that only has the
        item's name is another one. Raises what the bin's answer has to wait for.
        """
        if not self._may_be_kept(item, match) or self._is_there(item, listed) or self._lacks_permission(item):
            return None
        entries = self._of_type(item.policy_type)
        found = [entries[graph_id] for graph_id in self._ids(item) if graph_id in entries]
        alive = [entry for entry in found if entry.is_kept(utcnow())]
        # Made again and deleted again: the one that the tenant had last.
        return max(alive, key=lambda entry: entry.deleted_at, default=None)

    def _may_be_kept(self, item: RestoreItem, match: Match) -> bool:
        policy_type = POLICY_TYPES[item.policy_type]
        if item.content_id is None or not self._restore.is_into_own_tenant or match.how in (ID, MAPPING, UNREADABLE):
            return False
        return undeletes(policy_type, self._options) and bins.has_bin(policy_type.key, self._restore.tenant.cloud)

    def _is_there(self, item: RestoreItem, listed: PolicyList | GraphError) -> bool:
        if isinstance(listed, GraphError):
            return False
        if item.policy_type not in self._there:
            self._there[item.policy_type] = frozenset(policy.graph_id for policy in listed.policies)
        return not self._there[item.policy_type].isdisjoint(self._ids(item))

    def _lacks_permission(self, item: RestoreItem) -> bool:
        """Tell whether bringing it back needs more than making a new one, and that is not granted."""
        return item.policy_type == GROUPS and not self._permissions.may_write(bins.WRITE_ACCESS[GROUPS])

    def _ids(self, item: RestoreItem) -> list[str]:
        """Return the ids that the object has had in this tenant: its own, and those of each time it was made again."""
        others = {other.graph_id for other in self._items if other.policy_type == item.policy_type}
        again = self._matcher.stand_ins_of((item.policy_type, item.graph_id))
        return [item.graph_id, *(graph_id for graph_id in again if graph_id not in others)]

    def _of_type(self, policy_type: str) -> dict[str, BinEntry]:
        if policy_type not in self._entries:
            self._entries[policy_type] = {} if policy_type in self._refusals else self._ask(policy_type)
        return self._entries[policy_type]

    def _ask(self, policy_type: str) -> dict[str, BinEntry]:
        ids = {graph_id for item in self._items if item.policy_type == policy_type for graph_id in self._ids(item)}
        reading = bins.read_bin(POLICY_TYPES[policy_type], ids)
        try:
            return drive_one(self._graph, reading, RunMemory(self._claim, "bin"), policy_type, is_asked_anew=True)
        except Rejected as e:
            bin_refusals.remember(self._restore.tenant, policy_type, e.sentence)
            self._refusals[policy_type] = e.sentence
            return {}

    def as_columns(self, item: RestoreItem, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Return a plan's columns with those of what comes back: the plan is bound to what the bin shows of it."""
        kept, may_recreate = plan["kept"], plan.get("may_recreate", False)
        columns = {name: value for name, value in plan.items() if name != "may_recreate"}
        if not isinstance(kept, BinEntry):
            return {**columns, "kept": None}
        policy_type = POLICY_TYPES[item.policy_type]
        content_hash = fingerprint(policy_type, kept.content)
        return {
            **columns,
            "kept": {
                "id": kept.graph_id,
                "deleted_at": kept.deleted_at,
                "state": kept.content["body"].get("state"),
                "may_recreate": may_recreate,
            },
            "live_content": snapshots.save_content(self._restore.tenant_id, kept.content, content_hash),
            "live_mark": live_fingerprint(policy_type, kept.content),
        }

    # --- notes -------------------------------------------------------------------------------------------------------

    def with_notes(self, item: RestoreItem, plan: ItemPlan) -> ItemPlan:
        """Add to a plan that makes a new object what is known of the old one."""
        note = self._note(item) if plan.action in ("create", "recreate") else ""
        return replace(plan, notes=(*plan.notes, note)) if note else plan

    def _note(self, item: RestoreItem) -> str:
        if item.policy_type == GROUPS and item.graph_id in self._deletion_dates:
            return DELETED_GROUP.format(self._deletion_dates[item.graph_id])
        is_asked = undeletes(POLICY_TYPES[item.policy_type], self._options) and self._restore.is_into_own_tenant
        why = self._refusals.get(item.policy_type) if is_asked else None
        return REFUSED.format(why.rstrip(".")) if why else ""

    @cached_property
    def _deletion_dates(self) -> dict[str, str]:
        """Group id -> when it was deleted, for groups to be created that lie in the tenant's recycle bin."""
        gone = [item.graph_id for item in self._items if item.policy_type == GROUPS and not item.live_content_id]
        dates = read_deletion_dates(gone if self._restore.is_into_own_tenant else ())
        return drive_one(self._graph, dates, RunMemory(self._claim, "deletions"), is_asked_anew=True)
