"""Plans as the planner would make them after a deletion, of every policy of a tenant. Nothing of them is kept.

They are made twice: as if one policy alone were deleted from today's tenant, and as if everything were that backups
hold. What Microsoft keeps deleted for thirty days does not count: who looks ahead cannot rely on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from actors.plans.plan_builder import PlanBuilder
from actors.plans.shortfall_texts import SHORTFALLS
from db.models import Restore, RestoreItem, Snapshot, Tenant
from db.restores import four_eyes, mappings
from db.runs.claims import Claim
from graph.errors import GraphError
from graph.policy_types.table import POLICY_TYPES
from graph.read.bins import BinEntry
from graph.read.readings import PolicyList
from graph.restore import duration, verdicts
from graph.restore.matching import UNREADABLE, Match
from graph.restore.options import GROUPS_WITH_MEMBERS, complete_options
from graph.restore.plan_case import ItemPlan
from graph.restore.plan_notes import MARKED_AT_ONCE
from graph.restore.resolver import Resolver
from graph.restore.shortfalls import ShortfallCode
from graph.restore.verdicts import RestoreVerdict
from graph.transport.client import GraphClient


@dataclass(frozen=True)
class Outlook:
    """Forecast of a policy. `requests`: service -> requests that its restore takes."""

    snapshot: Snapshot
    verdict: RestoreVerdict
    requests: dict[str, int]


class DeletionPlans(PlanBuilder):
    """The planner's view of a tenant in which nothing of what it plans is there."""

    def __init__(self, claim: Claim, tenant: Tenant, graph: GraphClient, newest: Sequence[Snapshot]) -> None:
        """Take `newest`: the newest snapshot of each policy that the tenant has."""
        options = complete_options({"groups": GROUPS_WITH_MEMBERS}, own_tenant=True)
        restore = Restore(
            id=0, tenant=tenant, source_directory_id=tenant.directory_id, source_name=tenant.name, options=options
        )
        self._snapshots = dict(enumerate(newest, start=1))
        items = [_item(number, restore, snapshot) for number, snapshot in self._snapshots.items()]
        mapped = mappings.targets_by_key(tenant, tenant.directory_id)
        super().__init__(claim, restore, graph, items, mapped, four_eyes.break_glass_list(restore))
        self._is_one_deletion = True

    def outlooks(self) -> Iterator[Outlook]:
        """Yield what would become of each policy, the worse of both deletions. Raises what Graph makes it wait for."""
        self._list(item.policy_type for item in self._items)
        self._contents.load(self._items)
        alone = self._verdicts()
        self._empty_the_tenant()
        together = self._verdicts()
        for item in self._items:
            verdict = verdicts.worse(alone[item.id], together[item.id])
            yield Outlook(self._snapshots[item.id], verdict, self._requests(item, verdict))

    def _verdicts(self) -> dict[int, RestoreVerdict]:
        return {item.id: self._verdict(item, plan) for item, plan in self._plan_writes()}

    def _verdict(self, item: RestoreItem, plan: dict[str, Any]) -> RestoreVerdict:
        shortfalls = [
            (danger["code"], SHORTFALLS[danger["code"]].before.format(**danger["values"]))
            for danger in plan["dangers"]
            if danger["code"] in SHORTFALLS
        ]
        if MARKED_AT_ONCE in plan["notes"]:  # it comes back stricter than it was
            shortfalls.append((str(ShortfallCode.LACKS_SETTING), MARKED_AT_ONCE))
        policy_type, body = POLICY_TYPES[item.policy_type], self._contents[item]["body"]
        return verdicts.verdict_of(policy_type, body, plan["action"], plan["reason"], plan["message"], shortfalls)

    def _empty_the_tenant(self) -> None:
        """Take away what backups hold from what was listed: the second time nothing of it is there."""
        self._is_one_deletion = False
        gone = {(item.policy_type, item.graph_id) for item in self._items if not self._stays(item)}
        for key, listed in self._listed.items():
            if isinstance(listed, PolicyList):
                left = [policy for policy in listed.policies if (key, policy.graph_id) not in gone]
                self._listed[key] = PolicyList(left, listed.without_id)

    def _requests(self, item: RestoreItem, verdict: RestoreVerdict) -> dict[str, int]:
        if verdict.verdict == verdicts.NOT or self._stays(item):
            return {}
        return duration.requests_of(POLICY_TYPES[item.policy_type], self._contents[item])

    def _stays(self, item: RestoreItem) -> bool:
        return verdicts.stays(POLICY_TYPES[item.policy_type], self._contents[item]["body"])

    # --- what is otherwise than in a preview -------------------------------------------------------------------------

    def _match(self, item: RestoreItem) -> Match:
        listed = self._listed[item.policy_type]
        return Match(problem=listed.sentence, how=UNREADABLE) if isinstance(listed, GraphError) else Match()

    def _kept_entry(self, item: RestoreItem, match: Match) -> None:
        return None

    def _set_stand_in(
        self, resolver: Resolver, item: RestoreItem, plan: ItemPlan, target: str | None, kept: BinEntry | None
    ) -> None:
        if not self._is_one_deletion:
            super()._set_stand_in(resolver, item, plan, target, kept)


def _item(number: int, restore: Restore, snapshot: Snapshot) -> RestoreItem:
    policy = snapshot.policy
    return RestoreItem(
        id=number,
        restore=restore,
        policy_type=policy.policy_type,
        graph_id=policy.graph_id,
        name=snapshot.name,
        snapshot=snapshot,
        content=snapshot.content_id,
        references=snapshot.references,
    )
