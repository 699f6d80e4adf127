"""Plans as the planner would make them after a deletion, of every policy of a tenant. Nothing of them is kept.

They are made twice: as if one policy alone were deleted from today's tenant, and as if everything were that backups
hold. What Microsoft keeps deleted for thirty days does not count: who looks ahead cannot rely on it. A policy is
planned a second time only where what it refers to is no longer found: else the second plan is the first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actors.plans.plan_builder import PlanBuilder
from actors.plans.plan_items import DAMAGED
from actors.plans.plan_order import after_what_they_refer_to
from actors.plans.shortfall_texts import SHORTFALLS
from db.clock import utcnow
from db.models import Restore, RestoreItem, Snapshot, Tenant
from db.restores import four_eyes, mappings
from db.runs.claims import Claim
from graph.errors import GraphError
from graph.policy_types.approval_policies import protecting_policy
from graph.policy_types.table import POLICY_TYPES
from graph.read.bins import BinEntry
from graph.read.readings import PolicyList
from graph.references.reference_kinds import GROUPS
from graph.restore import duration, verdicts
from graph.restore.desired_content import desired_content
from graph.restore.matching import UNREADABLE, Match
from graph.restore.options import GROUPS_WITH_MEMBERS, complete_options
from graph.restore.plan_case import ItemPlan, PlanCase
from graph.restore.plan_notes import MARKED_AT_ONCE
from graph.restore.planner import plan_item
from graph.restore.resolver import Resolution, ResolvedBy
from graph.restore.shortfalls import ACCESS, ShortfallCode
from graph.restore.verdicts import RestoreVerdict
from graph.transport.client import GraphClient

# A reference that is resolved in any other way leads to an object, whichever.
_LEADS_NOWHERE = frozenset({ResolvedBy.UNRESOLVED, ResolvedBy.DROPPED, ResolvedBy.KEPT, ResolvedBy.STANDS})


@dataclass(frozen=True)
class Outlook:
    """Forecast of a policy. `requests`: service -> requests that its restore takes."""

    snapshot: Snapshot
    verdict: RestoreVerdict
    requests: dict[str, int]


@dataclass(frozen=True)
class _DeletedItem:
    """An item as it is planned after one of the deletions, and what comes of its references then."""

    plan: ItemPlan
    resolutions: Sequence[Resolution]
    verdict: RestoreVerdict


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

    def outlooks(self) -> Iterator[Outlook]:
        """Yield what would become of each policy, the worse of both deletions. Raises what Graph makes it wait for."""
        self._list(item.policy_type for item in self._items)
        self._contents.load(self._items)
        ordered = after_what_they_refer_to(self._in_order(self._items), self._references)
        alone = self._after_one_deletion(ordered)
        together = self._after_all_deletions(ordered, alone)
        for item in self._items:
            verdict = verdicts.worse(alone[item.id].verdict, together[item.id].verdict)
            if verdict.verdict == verdicts.BY_ITSELF and not self._stays(item):
                approval = protecting_policy(item.policy_type, self._approvals)
                verdict = verdicts.of_protected(approval) if approval else verdict
            yield Outlook(self._snapshots[item.id], verdict, self._requests(item, verdict))

    def _after_one_deletion(self, ordered: Iterable[RestoreItem]) -> Mapping[int, _DeletedItem]:
        resolver = self._resolver(self._all_references())
        return {
            item.id: self._plan_deleted(item, [resolver.resolve(reference) for reference in self._references[item.id]])
            for item in ordered
        }

    def _after_all_deletions(
        self, ordered: Iterable[RestoreItem], alone: Mapping[int, _DeletedItem]
    ) -> Mapping[int, _DeletedItem]:
        """Plan once more what depends on what is gone too. References lead to what the same restore makes."""
        self._empty_the_tenant()
        resolver = self._resolver(self._all_references())
        resolver.take_away(GROUPS, [item.graph_id for item in self._items if item.policy_type == GROUPS])
        together: dict[int, _DeletedItem] = {}
        for item in ordered:
            first = alone[item.id]
            resolutions = [resolver.resolve(reference) for reference in self._references[item.id]]
            # Who is excluded from a policy of access is known by id, and a group that is made again has another one.
            is_same = item.policy_type != ACCESS and _lead_alike(first.resolutions, resolutions)
            together[item.id] = first if is_same else self._plan_deleted(item, resolutions)
            self._set_stand_in(resolver, item, together[item.id].plan, None, None)
        return together

    def _all_references(self) -> list[Any]:
        return [reference for references in self._references.values() for reference in references]

    def _plan_deleted(self, item: RestoreItem, resolutions: Sequence[Resolution]) -> _DeletedItem:
        policy_type, content = POLICY_TYPES[item.policy_type], self._contents[item]
        case = PlanCase(policy_type, content, self._match(item), None, utcnow(), resolutions, was_here=True)
        plan = self._permissions.check(item, plan_item(case, self._options))
        if item.policy_type == ACCESS:
            desired = desired_content(policy_type, content, self._options, list(resolutions))
            danger = self._guard_violation(item, desired, plan, None)
            plan = replace(plan, reason="guard", message=danger) if danger else plan
        return _DeletedItem(plan, resolutions, self._verdict(item, plan))

    def _verdict(self, item: RestoreItem, plan: ItemPlan) -> RestoreVerdict:
        if why := self._contents.damaged.get(item):
            return RestoreVerdict(verdicts.NOT, DAMAGED, why)
        policy_type, body = POLICY_TYPES[item.policy_type], self._contents[item]["body"]
        listed = self._listed[item.policy_type]
        if plan.reason == UNREADABLE and isinstance(listed, GraphError) and not self._stays(item):
            return verdicts.of_unlisted(listed.code, listed.sentence)
        shortfalls = [
            (str(shortfall.code), SHORTFALLS[shortfall.code].before.format(**shortfall.values))
            for shortfall in plan.shortfalls
        ]
        # It comes back without dates that are past, each with a note before all others; or stricter than it was.
        otherwise = [*plan.notes[: len(plan.left_out)], *(note for note in plan.notes if note == MARKED_AT_ONCE)]
        shortfalls += [(str(ShortfallCode.LACKS_SETTING), note) for note in otherwise]
        return verdicts.verdict_of(policy_type, body, plan.action, plan.reason, plan.message, shortfalls)

    def _empty_the_tenant(self) -> None:
        """Take away what backups hold from what was listed: the second time nothing of it is there."""
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

    def _kept_entry(self, item: RestoreItem, match: Match) -> BinEntry | None:
        return None


def _lead_alike(first: Sequence[Resolution], second: Sequence[Resolution]) -> bool:
    """Return whether what leads nowhere does so in both, and all else leads to something in both."""
    return list(map(_dead_end, first)) == list(map(_dead_end, second))


def _dead_end(resolution: Resolution) -> tuple[str, str] | None:
    return (resolution.how, resolution.why) if resolution.how in _LEADS_NOWHERE else None


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
