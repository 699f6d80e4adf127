"""Builds the plan of a restore: reads what is in the target tenant, decides item by item, saves all plans at once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import chain
from typing import Any

from actors.plans.kept_objects import KeptObjects
from actors.plans.plan_items import (
    CONTENTS_AT_ONCE,
    DAMAGED,
    BackupContents,
    comparable_live,
    is_uploaded,
    live_content,
    plan_columns,
    summary_columns,
)
from actors.plans.plan_order import after_what_they_refer_to, order_of, with_removals
from actors.plans.plan_permissions import PlanPermissions
from actors.plans.reach_notes import with_reach
from actors.plans.target_matcher import TargetMatcher
from actors.plans.tenant_notes import add_hand_work, add_quota_notes, read_approval_policies
from actors.reading import source_ids
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import Listings, group_filter, list_policy_types
from actors.reading.graph_errors import is_last_attempt
from actors.reading.live_policies import NOTHING_THERE, LiveContent, LivePolicies
from actors.reading.lockout_check import LockoutCheck
from db.clock import utcnow
from db.database import database
from db.models import Restore, RestoreItem
from db.restores import four_eyes, mappings, plan_fingerprint, prior_creations, restore_items, restores
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.states import WRITTEN_OUTCOMES, Outcome
from graph.errors import GraphError, Rejected, Throttled
from graph.policy_types.policy_type import Body, PolicyType, match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.bins import BinEntry
from graph.references.reference_kinds import CONTEXTS, policy_types_of
from graph.references.references import Reference, find_references, fold_id
from graph.restore.desired_content import desired_content, source_traces
from graph.restore.matching import NO_COPIES, UNREADABLE, Match, NameCopies
from graph.restore.options import COPY, RestoreOptions, is_copied, writes_assignments
from graph.restore.plan_case import ItemPlan, PlanCase, reference_key
from graph.restore.planner import plan_item, plan_removal
from graph.restore.resolver import Resolution, Resolver, TenantNames
from graph.restore.target_directory import ObjectKey, SourceObject, TargetDirectory, look_up_references
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient
from graph.write.write_requests import PolicyContent, chosen_id


def open_builder(claim: Claim, restore: Restore, graph: GraphClient) -> "PlanBuilder":
    """Make a builder with what the database knows of the restore. It asks Graph for nothing yet."""
    items = restore_items.items(restore)
    mapped = mappings.targets_by_key(restore.tenant, restore.source_directory_id)
    return PlanBuilder(claim, restore, graph, items, mapped, four_eyes.break_glass_list(restore))


class PlanBuilder:
    """One preview's view of the target tenant.

    A run may take hundreds of messages, each let through for one request: so each works out only what it needs.
    """

    def __init__(
        self,
        claim: Claim,
        restore: Restore,
        graph: GraphClient,
        items: Sequence[RestoreItem],
        mapped: Mapping[mappings.ObjectKey, str],
        break_glass: Sequence[Mapping[str, str]],
    ) -> None:
        self._claim, self._restore, self._graph = claim, restore, graph
        self._items, self._mapped = items, mapped
        memory = RunMemory(claim, "emergency")
        self._lockouts = LockoutCheck(graph, break_glass, memory, is_last_try=is_last_attempt(claim))
        self._options = RestoreOptions(**restore.options)
        self._is_emergency = restore.brought_back_to is not None
        self._same_tenant = restore.source_directory_id == restore.tenant.directory_id
        self._contents = self.contents = BackupContents()
        self._matcher = TargetMatcher(restore, items, self._contents)
        self._listed: Listings = {}
        self._permissions = PlanPermissions(restore.tenant, self._listed)
        self._kept = KeptObjects(claim, restore, graph, items, self._matcher, self._permissions)
        self._live = LivePolicies(claim, graph, items, self._target_ids)
        self._matches: dict[int, Match] = {}
        self._planned: list[tuple[RestoreItem, dict[str, Any]]] = []
        self._writes = self._plan_writes()

    # --- reading -----------------------------------------------------------------------------------------------------

    def _list(self, policy_types: Iterable[str]) -> None:
        """List policy types that are not listed yet. Raises what Graph refuses for now; a final refusal is a result."""
        missing = set(policy_types) - self._listed.keys()
        since = dict.fromkeys(missing, self._claim.run.started_at)
        groups = group_filter(self._items, self._mapped)
        listings = list_policy_types(self._claim, self._graph, since, groups, is_last_try=is_last_attempt(self._claim))
        postponed = [
            result
            for result in listings.values()
            if isinstance(result, GraphError) and not isinstance(result, Rejected)
        ]
        # Errors first, for they count as an attempt: a wait does not.
        for error in sorted(postponed, key=lambda error: isinstance(error, Throttled)):
            raise error
        self._listed |= listings

    def _match(self, item: RestoreItem) -> Match:
        if item.id not in self._matches:
            self._matches[item.id] = self._find_match(item)
        return self._matches[item.id]

    def _find_match(self, item: RestoreItem) -> Match:
        if item.content_id is None:
            return Match(item.target_id)
        listed = self._listed[item.policy_type]
        if isinstance(listed, GraphError):
            return Match(problem=listed.sentence, how=UNREADABLE)
        match = self._matcher.match(item, listed.policies)
        key = match_key(POLICY_TYPES[item.policy_type], self._contents[item]["body"])
        if self._kept_entry(item, match):
            return Match(namesakes=tuple(policy.graph_id for policy in listed.policies if policy.key == key))
        if match.target_id is None and any(policy.key == key for policy in listed.without_id):
            return Match(
                problem=f"The tenant has one of this name, and Graph gives no usable id of it ({item.name}).",
                how=UNREADABLE,
            )
        return match

    def _kept_entry(self, item: RestoreItem, match: Match) -> BinEntry | None:
        return self._kept.entry(item, match, self._listed[item.policy_type])

    def read(self) -> Iterator[None]:
        """Read the policies that the items match, and yield after each step. Raises what makes it wait."""
        self._list(item.policy_type for item in self._items)
        return self._live.read()

    def _target_ids(self, items: Sequence[RestoreItem]) -> list[str | None]:
        self._contents.load(items)
        return [self._match(item).target_id for item in items]

    # --- deciding ----------------------------------------------------------------------------------------------------

    def plan_what_was_read(self) -> None:
        """Plan, in the order of writing, up to the first item that is not read yet."""
        if not self._planned:
            self._contents.load(self._items)
            for item in self._items:
                self._match(item)  # a policy that an item takes is then no match, by name alone, for a reference
        for item in self._ordered[len(self._planned) :]:
            if not self._live.is_read(item):
                return
            self._planned.append(next(self._writes))

    def decide(self) -> list[tuple[RestoreItem, dict[str, Any]]]:
        """Return (item, its plan) in the order of writing: items that others refer to come first."""
        self.plan_what_was_read()
        planned = self._planned
        add_quota_notes(planned, self._listed, self._contents)
        removals = self._in_order(item for item in self._items if item.content_id is None)
        removed = [(item, self._plan_removal(item)) for item in reversed(removals)]
        add_hand_work([*planned, *removed], self._contents, lambda: self._approvals)
        return with_removals(planned, removed, (lambda item: self._order(item)[0]) if self._is_emergency else None)

    @cached_property
    def _approvals(self) -> Sequence[Body]:
        memory, is_last_try = RunMemory(self._claim, "approvals"), is_last_attempt(self._claim)
        return read_approval_policies(self._restore.tenant, self._graph, memory, is_last_try=is_last_try)

    def _plan_writes(self) -> Iterator[tuple[RestoreItem, dict[str, Any]]]:
        references = self._references
        resolver = self._resolver(list(chain.from_iterable(references.values())))
        for place, item in enumerate(self._ordered):
            live = self._live.take(item, self._ordered[place : place + CONTENTS_AT_ONCE])
            yield item, self._plan_write(item, resolver, references[item.id], live)

    @cached_property
    def _ordered(self) -> list[RestoreItem]:
        return after_what_they_refer_to(self._in_order(self._to_write()), self._references)

    @cached_property
    def _references(self) -> dict[int, Sequence[Reference]]:
        """Return item id -> what the item's content refers to."""
        return {
            item.id: find_references(item.policy_type, self._contents[item], item.graph_id, self._known)
            for item in self._to_write()
        }

    def _to_write(self) -> Iterable[RestoreItem]:
        return (item for item in self._items if item.content_id is not None)

    def _in_order(self, items: Iterable[RestoreItem]) -> list[RestoreItem]:
        return sorted(items, key=self._order)

    def _order(self, item: RestoreItem) -> tuple[int, ...]:
        content = self._contents[item] if item.content_id else live_content(item)
        return order_of(is_emergency=self._is_emergency)(item.policy_type, content["body"] if content else {})

    def _resolver(self, references: Sequence[Reference]) -> Resolver:
        """List or look up everything that is referred to, and return what resolves references to it."""
        self._list(key for reference in references for key in policy_types_of(reference.kind))
        listed = {
            key: answer if isinstance(answer, GraphError) else answer.policies for key, answer in self._listed.items()
        }
        directory = TargetDirectory(listed)
        mapped = self._matcher.stand_ins(references, listed)
        look_up = look_up_references(
            directory, references, self._sources, mapped, is_last_try=is_last_attempt(self._claim)
        )
        drive_one(self._graph, look_up, RunMemory(self._claim, "references"), is_asked_anew=True)
        return Resolver(
            directory,
            self._sources,
            mapped,
            same_tenant=self._same_tenant,
            drop_missing=self._options.drop_missing,
            stands_for_another=self._matcher.stands_for_another,
            own=self._own,
        )

    @cached_property
    def _own(self) -> TenantNames:
        return source_ids.own_names(self._restore)

    @cached_property
    def _known(self) -> dict[str, str]:
        return source_ids.kinds_by_id(self._sources, TenantNames() if self._same_tenant else self._own)

    @cached_property
    def _sources(self) -> dict[ObjectKey, SourceObject]:
        """Return what the source tenant and the backup itself know of the objects behind the backup's ids."""
        sources = source_ids.known_sources(self._restore.source_directory_id)
        for item in self._to_write():
            sources |= source_ids.sources_named_by(item, self._contents[item])
        return sources

    def _plan_write(
        self, item: RestoreItem, resolver: Resolver, references: Sequence[Reference], found: LiveContent | None
    ) -> dict[str, Any]:
        """Return the plan of an item that has a content. `found`: what reading found in the tenant."""
        policy_type, content = POLICY_TYPES[item.policy_type], self._contents[item]
        if item in self._contents.damaged:
            return self._plan_damaged(item)
        if item.policy_type == CONTEXTS and self._options.existing != COPY and self._match(item).target_id:
            resolver.numbers[chosen_id(policy_type, content)] = str(self._match(item).target_id)
        live_mark, live = found or (None, None)
        stands = self._stands(item, live)
        resolutions = [resolver.resolve(reference, stands=stands) for reference in references]
        desired = desired_content(policy_type, content, self._options, resolutions)
        match = self._match_as_read(item)
        kept = self._kept_entry(item, match)
        case = PlanCase(
            policy_type,
            content,
            self._without_removed(match),
            live,
            utcnow(),
            resolutions,
            was_here=self._same_tenant,
            kept=kept,
            copies=self._copies(item),
            is_uploaded=is_uploaded(item),
            mentions=self._source_traces(policy_type, desired, resolutions, is_made=live is None),
            is_kept_otherwise=lambda: (
                (item.content_id, item.policy_type, match.target_id, live_mark) in self._kept_otherwise
            ),
        )
        decided = plan_item(case, self._options)
        plan = self._permissions.check(item, decided)
        target = self._match(item).target_id if live and not is_copied(policy_type, self._options) else None
        if plan.action in _PRESENT_AFTERWARDS:
            self._set_stand_in(resolver, item, plan, target, kept)
        plan = self._kept.with_notes(item, plan)
        now = live if target else None
        plan = with_reach(plan, self._restore.tenant, item.policy_type, desired, now, self._options)
        kept = kept if plan.action == Outcome.UNDELETE else None
        danger = self._guard_violation(item, desired, plan, kept)
        return {
            **plan_columns(plan, decided.resolutions),
            **summary_columns(
                policy_type,
                content,
                plan,
                desired,
                comparable_live(item, live, desired) if target else None,
                self._options,
            ),
            **({"reason": "guard", "message": danger} if danger else {}),
            # A copy takes nothing's place: what it is a copy of was not there before it, and an undo leaves it alone.
            **({} if target else NOTHING_THERE),
            "target_id": kept.graph_id if kept else target,
            "namesakes": list(match.namesakes),
            "kept": kept,
            "may_recreate": plan.may_recreate,
        }

    @cached_property
    def _kept_otherwise(self) -> Collection[prior_creations.Written]:
        return prior_creations.written_to_no_effect(self._restore)

    def _source_traces(
        self, policy_type: PolicyType, desired: PolicyContent, resolutions: Sequence[Resolution], *, is_made: bool
    ) -> Sequence[str]:
        with_assignments = writes_assignments(self._options, is_made=is_made)
        if self._same_tenant:
            return ()
        return source_traces(policy_type, desired, self._known, resolutions, with_assignments=with_assignments)

    def _stands(self, item: RestoreItem, live: PolicyContent | None) -> Callable[[Reference], bool]:
        """Return what tells whether the live policy refers to a thing: to none, for a copy or another tenant's item."""
        if live is None or not self._same_tenant or self._options.existing == COPY:
            return lambda _: False
        references = cache(lambda: set(map(reference_key, find_references(item.policy_type, live))))
        return lambda reference: reference_key(reference) in references()

    def _match_as_read(self, item: RestoreItem) -> Match:
        """Return the item's match as reading left it: an unreadable policy is neither updated nor created again.

        A copy has no match: it takes nothing's place.
        """
        is_listed = not isinstance(self._listed[item.policy_type], GraphError)
        if is_listed and is_copied(POLICY_TYPES[item.policy_type], self._options):
            return Match()
        return Match(problem=str(item.message), how=UNREADABLE) if item.reason == "unreadable" else self._match(item)

    def _without_removed(self, match: Match) -> Match:
        """Leave out namesakes that this very restore removes: it says of the others that they stay."""
        return replace(match, namesakes=tuple(other for other in match.namesakes if other not in self._removed_ids))

    @cached_property
    def _removed_ids(self) -> frozenset[str]:
        return frozenset(str(item.target_id) for item in self._items if item.content_id is None)

    def _copies(self, item: RestoreItem) -> NameCopies:
        listed = self._listed[item.policy_type]
        if isinstance(listed, GraphError) or not is_copied(POLICY_TYPES[item.policy_type], self._options):
            return NO_COPIES
        return self._matcher.copies(item, self._options.prefix, (*listed.policies, *listed.without_id))

    def _set_stand_in(
        self, resolver: Resolver, item: RestoreItem, plan: ItemPlan, target: str | None, kept: BinEntry | None
    ) -> None:
        """Tell the resolver what references to this item mean: what this restore creates, or finds in its place.

        A copy of an earlier restore counts if it is the only one. What comes back has its id again.
        """
        if plan.action == Outcome.UNDELETE and kept:
            self._lockouts.expect(item.policy_type, kept.graph_id)
            for graph_id in (item.graph_id, kept.graph_id):
                resolver.own_items[item.policy_type, fold_id(graph_id)] = (item.id, kept.graph_id)
            return
        is_made = plan.action in ("create", "recreate")
        copies = self._copies(item).there
        existing = target or (copies[0] if len(copies) == 1 else None)
        if is_made or existing:
            resolver.own_items[item.policy_type, fold_id(item.graph_id)] = (item.id, None if is_made else existing)

    def _guard_violation(self, item: RestoreItem, desired: PolicyContent, plan: ItemPlan, kept: BinEntry | None) -> str:
        """Return why a write could lock everybody out. A policy that comes back is judged as it was deleted, too."""
        if plan.action not in WRITTEN_OUTCOMES:
            return ""
        return self._lockouts.find_danger(item.policy_type, [desired, kept.content] if kept else [desired])

    def _plan_damaged(self, item: RestoreItem) -> dict[str, Any]:
        plan = ItemPlan("blocked", DAMAGED, self._contents.damaged[item])
        nothing: dict[str, Any] = {"dangers": [], "target_id": None, "namesakes": [], "may_recreate": False}
        return {**plan_columns(plan), **NOTHING_THERE, **nothing}

    def _plan_removal(self, item: RestoreItem) -> dict[str, Any]:
        policy_type, live = POLICY_TYPES[item.policy_type], live_content(item)
        plan = self._permissions.check(item, plan_removal(policy_type, live))
        plan = with_reach(plan, self._restore.tenant, item.policy_type, None, live, self._options)
        return {**plan_columns(plan), **summary_columns(policy_type, live, plan, None, live, self._options)}

    # --- keeping -----------------------------------------------------------------------------------------------------

    def save_plans(self, planned: Sequence[tuple[RestoreItem, dict[str, Any]]]) -> None:
        """Save all plans and finish all items of the run, or none. `planned`: as `decide` returns it."""
        plans = {item.id: plan for item, plan in planned}
        ends: dict[tuple[Outcome, str | None, str | None], list[int]] = {}
        for row_id, item_id in run_items.unsettled_restore_items(self._claim.run):
            if plan := plans.get(item_id):
                ends.setdefault((Outcome(plan["action"]), plan["reason"], plan["message"]), []).append(row_id)
        with database.atomic():
            restores.lock_restore(self._restore)
            claims.assert_claim(self._claim)
            restore_items.record_plans([(item, self._kept.as_columns(item, plan)) for item, plan in planned])
            for end, row_ids in ends.items():
                run_items.finish_alike(self._claim, row_ids, *end)
            used, by = self._matcher.mappings_used(planned), self._matcher.mapping_authors(planned)
            plan_fingerprint.save(self._restore, used, self._lockouts.break_glass, by)


# Actions after which the tenant has the policy.
_PRESENT_AFTERWARDS = ("create", "recreate", "undelete", "update", "matches", "exists")
