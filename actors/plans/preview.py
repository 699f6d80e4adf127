"""`restore.preview`: look at the target tenant, and keep what a live restore would do. Reads only.

Reading may be interrupted after any twenty policies and goes on with the rest; deciding comes at the end, all at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import dramatiq

from actors.plans.plan_items import Contents, as_columns, is_uploaded, seen, there, told
from actors.plans.quotas import warn_of_quotas
from actors.plans.target_claims import Claims
from actors.queue.broker import INTERACTIVE
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import run_claimed
from actors.reading import source_ids
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import Lists, lists, of_groups
from actors.reading.graph_errors import in_turn, is_last_attempt, not_final, postpone, why_forbidden
from actors.tenants import graph_clients
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database, transaction
from db.models import Restore, RestoreItem, RunItem
from db.policies import snapshots
from db.restores import four_eyes, mappings, plan_fingerprint, prior_creations, restore_drafts, restore_items, restores
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import WRITTEN_OUTCOMES, ItemState, Outcome, RunKind
from graph.content.fingerprint import fingerprint
from graph.errors import Forbidden, GraphError, NotFound, Rejected, Throttled
from graph.policy_types.permissions import Access
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.groups import DELETED_GROUP, read_deletion_dates
from graph.read.readings import Reading, read_policy
from graph.references.reference_kinds import CONTEXTS, GROUPS, policy_types_of
from graph.references.references import NOTHING, Reference, find, folded
from graph.restore.desired_content import desired_content, source_traces
from graph.restore.matching import NO_COPIES, UNREADABLE, Copies, Match
from graph.restore.options import COPY, RestoreOptions, is_copied
from graph.restore.planner import (
    ItemPlan,
    PlanCase,
    ReferenceKey,
    live_fingerprint,
    plan_item,
    plan_removal,
    reference_key,
)
from graph.restore.resolver import Resolver, TenantNames
from graph.restore.target_directory import ObjectKey, SourceObject, TargetDirectory, look_up_references
from graph.review.lockout_guard import find_lockout
from graph.transport.batch_driver import drive, drive_one
from graph.transport.client import BATCH_SIZE, GraphClient
from graph.write.write_requests import PolicyContent, chosen_id
from graph.write.write_rules import WRITE_RULES, order_by_needs, write_order


def start(restore: Restore, actor: Actor) -> EnqueuedRun:
    """Raises Invalid when it is too late for a preview."""
    return enqueue_new(_made(restore, actor))


@transaction
def _made(restore: Restore, actor: Actor) -> runs.StartedRun:
    restores.lock_restore(restore)
    made = runs.start(
        tenant=restore.tenant,
        kind=RunKind.PREVIEW,
        dedupe_key=f"{RunKind.PREVIEW}:{restore.id}",
        items=[new_item(one) for one in restore_items.items(restore)],
        actor=actor,
        restore_id=restore.id,
    )
    if made.is_new:
        restore_drafts.begin_preview(restore)
    return made


def new_item(item: RestoreItem) -> NewRunItem:
    return NewRunItem(item.policy_type, item.name, graph_id=item.graph_id, restore_item_id=item.id)


@dramatiq.actor(actor_name=RunKind.PREVIEW, queue_name=INTERACTIVE)
def preview(run_id: int) -> None:
    run_claimed(run_id, RunKind.PREVIEW, _preview)


def _preview(claim: Claim) -> None:
    restore = Restore.get_by_id(claim.run.restore_id)
    graph = graph_clients.signed_in(restore.tenant)
    look = _Look(claim, restore, graph)
    if look.read_live():
        look.keep(look.decide())


class _Look:
    """One preview's view of the target tenant.

    A message may be one of hundreds, each of which is let through for one request: what it needs is worked out when it
    is asked for.
    """

    def __init__(self, claim: Claim, restore: Restore, graph: GraphClient) -> None:
        self._claim, self._restore, self._graph = claim, restore, graph
        self._options = RestoreOptions(**restore.options)
        self._same_tenant = restore.source_directory_id == restore.tenant.directory_id
        self._items = restore_items.items(restore)
        self._contents = Contents()
        self._mapped = mappings.targets_by_key(restore.tenant, restore.source_directory_id)
        self._break_glass = four_eyes.break_glass_list(restore)
        self._claims = Claims(restore, self._items, self._contents)
        self._listed: Lists = {}
        self._known = NOTHING

    # --- reading -----------------------------------------------------------------------------------------------------

    def _list(self, policy_types: Iterable[str]) -> None:
        """What Graph refuses for now is raised; what it refuses for good, or again and again, is said in the plan."""
        wanted = set(policy_types) - self._listed.keys()
        since = dict.fromkeys(wanted, self._claim.run.started_at)
        groups = of_groups(self._items, self._mapped)
        found = lists(self._claim, self._graph, since, groups, is_last_try=is_last_attempt(self._claim))
        postponed = [one for one in found.values() if isinstance(one, GraphError) and not isinstance(one, Rejected)]
        # Trouble first, for it is counted: a wait is not.
        for error in sorted(postponed, key=lambda error: isinstance(error, Throttled)):
            raise error
        self._listed |= found

    def _match(self, item: RestoreItem) -> Match:
        if item.content_id is None:
            return Match(item.target_id)
        listed = self._listed[item.policy_type]
        if isinstance(listed, GraphError):
            return Match(problem=listed.sentence, how=UNREADABLE)
        found = self._claims.of(item, listed.policies)
        key = match_key(POLICY_TYPES[item.policy_type], self._contents[item]["body"])
        if found.target_id is None and any(one.key == key for one in listed.without_id):
            return Match(
                problem=f"The tenant has one of this name, and Graph gives no usable id of it ({item.name}).",
                how=UNREADABLE,
            )
        return found

    def read_live(self) -> bool:
        """Twenty at a time; False when somebody asked to stop."""
        of_items = {one.id: one for one in self._items}
        self._list(one.policy_type for one in self._items)
        while todo := in_turn([row for row in run_items.unsettled_items(self._claim.run) if _is_unread(row)]):
            for begin in range(0, len(todo), BATCH_SIZE):
                if claims.is_cancel_requested(self._claim):
                    return False
                self._read({row: of_items[row.restore_item_id] for row in todo[begin : begin + BATCH_SIZE]})
        return True

    def _read(self, together: Mapping[RunItem, RestoreItem]) -> None:
        """Of those that have something there to be read. Raises what has to be waited for."""
        memory = RunMemory(self._claim, "item")
        targets = {row: self._match(item).target_id for row, item in together.items()}
        readings = drive(
            self._graph,
            {
                row.id: read_policy(POLICY_TYPES[row.policy_type], target, with_names=False)
                for row, target in targets.items()
                if target
            },
            memory=memory,
        )
        unfinished = not_final(list(together), {row: readings.get(row.id) for row in together})
        read = [row for row in together if row not in unfinished]
        marks = {row: self._mark(row, readings.get(row.id)) for row in read}
        with database.atomic():
            claims.assert_claim(self._claim)
            # In one order, whoever else keeps the same contents just now.
            for row in sorted(read, key=marks.__getitem__):
                self._keep_live(together[row], readings.get(row.id), marks[row])
            run_items.begin_items(self._claim, [row.id for row in read])
            memory.forget([row.id for row in read])
        if read:
            claims.reset_attempts(self._claim)
        postpone(self._claim, unfinished)

    def _mark(self, row: RunItem, reading: Reading | GraphError | None) -> str:
        return fingerprint(POLICY_TYPES[row.policy_type], reading.content) if isinstance(reading, Reading) else ""

    def _keep_live(self, item: RestoreItem, reading: Reading | GraphError | None, mark: str) -> None:
        """As it is now: what the plan is bound to."""
        values: dict[Any, Any] = dict(_NOTHING_THERE)
        if isinstance(reading, Reading):
            policy_type = POLICY_TYPES[item.policy_type]
            content = snapshots.save_content(self._restore.tenant_id, reading.content, mark)
            values = {
                "live_content": content,
                "live_mark": live_fingerprint(policy_type, reading.content),
            }
        elif isinstance(reading, GraphError) and not isinstance(reading, NotFound):
            # Kept, for deciding may be another message's: the plan says so, and leaves the policy alone.
            values |= {"reason": "unreadable", "message": reading.sentence}
        RestoreItem.update(values).where(RestoreItem.id == item.id).execute()

    # --- deciding ----------------------------------------------------------------------------------------------------

    def decide(self) -> list[tuple[RestoreItem, dict[str, Any]]]:
        """(item, its plan), in the order in which they are to be written: what others refer to comes first."""
        self._items = restore_items.items(self._restore)  # with what was read
        for item in self._items:
            self._match(item)  # what is claimed, no reference takes for its own by a name
        sources, own = self._sources(), source_ids.own_names(self._restore)
        self._known = source_ids.known(sources, TenantNames() if self._same_tenant else own)
        references = {
            one.id: find(one.policy_type, self._contents[one], one.graph_id, self._known) for one in self._to_write()
        }
        resolver = self._resolver([one for found in references.values() for one in found], sources, own)
        ordered = self._after_what_they_refer_to(self._in_order(self._to_write()), references)
        planned = [(one, self._plan(one, resolver, references[one.id])) for one in ordered]
        warn_of_quotas(planned, self._listed, self._contents)
        removals = self._in_order(one for one in self._items if one.content_id is None)
        planned += [(one, self._removal(one)) for one in reversed(removals)]
        return planned

    def _to_write(self) -> Iterable[RestoreItem]:
        return (one for one in self._items if one.content_id is not None)

    def _in_order(self, items: Iterable[RestoreItem]) -> list[RestoreItem]:
        return sorted(items, key=self._order)

    def _after_what_they_refer_to(
        self, items: Sequence[RestoreItem], references: Mapping[int, Sequence[Reference]]
    ) -> list[RestoreItem]:
        by_key = {(one.policy_type, folded(one.graph_id)): one for one in items}
        needs = {
            item: [by_key[key] for one in references[item.id] for key in one.may_be() if key in by_key]
            for item in items
        }
        return order_by_needs(items, needs)

    def _order(self, item: RestoreItem) -> tuple[int, int, int]:
        content = self._contents[item] if item.content_id else there(item)
        return write_order(item.policy_type, content["body"] if content else {})

    def _resolver(
        self, references: Sequence[Reference], sources: Mapping[ObjectKey, SourceObject], own: TenantNames
    ) -> Resolver:
        """Everything that is referred to is listed, or looked up by itself."""
        self._list(key for one in references for key in policy_types_of(one.kind))
        listed = {
            key: answer if isinstance(answer, GraphError) else answer.policies for key, answer in self._listed.items()
        }
        directory = TargetDirectory(listed)
        mapped = self._claims.mapped(references, listed)
        looked = look_up_references(directory, references, sources, mapped, is_last_try=is_last_attempt(self._claim))
        drive_one(self._graph, looked, RunMemory(self._claim, "references"))
        return Resolver(
            directory,
            sources,
            mapped,
            same_tenant=self._same_tenant,
            drop_missing=self._options.drop_missing,
            is_anothers=self._claims.is_anothers,
            own=own,
        )

    def _sources(self) -> dict[ObjectKey, SourceObject]:
        """What is known of the objects that the backup's ids mean: from its tenant, from itself."""
        found = source_ids.sources(self._restore.source_directory_id)
        for item in self._to_write():
            found |= source_ids.said_by(item, self._contents[item])
        return found

    def _plan(self, item: RestoreItem, resolver: Resolver, references: Sequence[Reference]) -> dict[str, Any]:
        policy_type, content = POLICY_TYPES[item.policy_type], self._contents[item]
        if item.policy_type == CONTEXTS and self._options.existing != COPY and self._match(item).target_id:
            resolver.numbers[chosen_id(policy_type, content)] = str(self._match(item).target_id)
        live = there(item)
        standing = self._standing(item, live)
        resolutions = [resolver.resolve(one, stands=reference_key(one) in standing) for one in references]
        want = desired_content(policy_type, content, self._options, resolutions)
        match = self._match_as_read(item)
        case = PlanCase(
            policy_type,
            content,
            match,
            live,
            utcnow(),
            resolutions,
            was_here=self._same_tenant,
            copies=self._copies(item),
            is_uploaded=is_uploaded(item),
            mentions=()
            if self._same_tenant
            else source_traces(policy_type, want, self._known, resolutions, self._options),
            is_kept_otherwise=lambda: prior_creations.was_written_to_no_effect(
                self._restore, item, str(match.target_id)
            ),
        )
        decided = plan_item(case, self._options)
        plan = self._permitted(item, decided)
        target = self._match(item).target_id if live and not is_copied(policy_type, self._options) else None
        if plan.action in _THERE:
            self._note_made(resolver, item, plan, target)
        if item.graph_id in self._bin and plan.action in WRITTEN_OUTCOMES:
            plan = replace(plan, notes=(*plan.notes, DELETED_GROUP.format(self._bin[item.graph_id])))
        danger = self._danger(item, want, plan)
        return {
            **as_columns(plan, decided.resolutions),
            **told(policy_type, content, plan, want, seen(item, live, want) if target else None, self._options),
            **({"reason": "guard", "message": danger} if danger else {}),
            # A copy takes nothing's place: what it is a copy of was not there before it, and an undo leaves it alone.
            **({} if target else _NOTHING_THERE),
            "target_id": target,
            "namesakes": list(case.match.namesakes),
        }

    def _standing(self, item: RestoreItem, live: PolicyContent | None) -> set[ReferenceKey]:
        """What the policy that is there refers to; another tenant's ids say nothing of it, and a copy is not it."""
        if live is None or not self._same_tenant or self._options.existing == COPY:
            return set()
        return set(map(reference_key, find(item.policy_type, live)))

    @cached_property
    def _bin(self) -> dict[str, str]:
        """Of the groups that are to be made: those that lie in the tenant's bin, and since when."""
        gone = [one.graph_id for one in self._items if one.policy_type == GROUPS and not one.live_content_id]
        looked = read_deletion_dates(gone if self._same_tenant else ())
        return drive_one(self._graph, looked, RunMemory(self._claim, "references"))

    def _match_as_read(self, item: RestoreItem) -> Match:
        """What is there and cannot be read is neither updated nor made a second time. A copy takes nothing's place."""
        is_listed = not isinstance(self._listed[item.policy_type], GraphError)
        if is_listed and is_copied(POLICY_TYPES[item.policy_type], self._options):
            return Match()
        return Match(problem=str(item.message), how=UNREADABLE) if item.reason == "unreadable" else self._match(item)

    def _copies(self, item: RestoreItem) -> Copies:
        listed = self._listed[item.policy_type]
        if isinstance(listed, GraphError) or not is_copied(POLICY_TYPES[item.policy_type], self._options):
            return NO_COPIES
        return self._claims.copies(item, self._options.prefix, (*listed.policies, *listed.without_id))

    def _note_made(self, resolver: Resolver, item: RestoreItem, plan: ItemPlan, target: str | None) -> None:
        """What refers to the item means what this restore makes of it, or finds: a copy of before, if it is the one."""
        is_made = plan.action in ("create", "recreate")
        there = self._copies(item).there
        found = target or (there[0] if len(there) == 1 else None)
        if is_made or found:
            resolver.made[item.policy_type, folded(item.graph_id)] = (item.id, None if is_made else found)

    def _permitted(self, item: RestoreItem, plan: ItemPlan) -> ItemPlan:
        if isinstance(self._listed[item.policy_type], Forbidden):
            return self._forbidden(POLICY_TYPES[item.policy_type].access)
        access = WRITE_RULES[item.policy_type].access
        is_granted = access.may_be_granted(graph_clients.sign_in(self._restore.tenant).roles())
        return plan if is_granted or plan.action not in WRITTEN_OUTCOMES else self._forbidden(access)

    def _forbidden(self, access: Access) -> ItemPlan:
        return ItemPlan("blocked", "permission_missing", why_forbidden(access, self._restore.tenant, "preview again"))

    def _danger(self, item: RestoreItem, want: PolicyContent, plan: ItemPlan) -> str:
        if plan.action not in WRITTEN_OUTCOMES:
            return ""
        return find_lockout(item.policy_type, want, self._break_glass)

    def _removal(self, item: RestoreItem) -> dict[str, Any]:
        policy_type, live = POLICY_TYPES[item.policy_type], there(item)
        plan = self._permitted(item, plan_removal(policy_type, live))
        return {**as_columns(plan), **told(policy_type, live, plan, None, live, self._options)}

    # --- keeping -----------------------------------------------------------------------------------------------------

    def keep(self, planned: Sequence[tuple[RestoreItem, dict[str, Any]]]) -> None:
        """All plans and all items of the run, or none."""
        rows = {one.restore_item_id: one for one in run_items.unsettled_items(self._claim.run)}
        with database.atomic():
            restores.lock_restore(self._restore)
            claims.assert_claim(self._claim)
            for position, (item, plan) in enumerate(planned):
                RestoreItem.update(position=position, **plan).where(RestoreItem.id == item.id).execute()
                if item.id in rows:
                    self._settle(rows[item.id], plan)
            used, by = self._claims.mappings_used(planned), self._claims.decided_by(planned)
            plan_fingerprint.save(self._restore, used, self._break_glass, by)

    def _settle(self, row: RunItem, plan: Mapping[str, Any]) -> None:
        why = {"reason": plan["reason"], "message": plan["message"]}
        run_items.finish_item(self._claim, row, ItemState.DONE, Outcome(plan["action"]), **why)


def _is_unread(row: RunItem) -> bool:
    return bool(row.state == ItemState.PENDING)


# What the tenant has, or will have, once the restore is through.
_THERE = ("create", "recreate", "update", "matches", "exists")

_NOTHING_THERE: dict[str, Any] = {"live_content": None, "live_mark": None}
