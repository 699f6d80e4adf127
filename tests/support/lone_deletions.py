"""One policy deleted in a simulated tenant, restored, and everything put back: what readiness said against what came.

All of it in this process, without a worker: the simulator answers from a thread, and runs are driven by the caller.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

from werkzeug.serving import make_server

import actors.backups.back_up
import actors.plans.preview
import actors.readiness.assess
import actors.restores.live_restore
from actors.all_actors import broker
from actors.plans import drafts
from actors.plans.shortfall_texts import SHORTFALLS
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import IS_ACTIVE, Policy, ReadinessItem, Restore, RestoreItem, Run
from db.models import Tenant as OurTenant
from db.notices.conditions import APPROVAL_WAIT
from db.policies import snapshots
from db.restores import approvals, restore_items
from db.states import ACTIVE, WRITTEN_OUTCOMES, RunState
from db.tenants import tenants
from graph.policy_types.approval_policies import APPROVAL_POLICIES
from graph.policy_types.table import POLICY_TYPES
from graph.restore.options import GROUPS_WITH_MEMBERS, MAKE_NEW, complete_options
from graph.simulator.__main__ import Handler
from graph.simulator.app import create_app
from graph.simulator.demo import demo_tenants
from graph.simulator.demo.staff_directory import own_directory
from graph.simulator.imports.exported_files import exported_tenant, load_exported
from graph.simulator.store.state import State, Tenant
from graph.simulator.writes import dispatch
from tests.support.restore_steps import made_ids
from tests.support.silent_differences import differences, is_told
from tests.support.simulated_tenant import REAL, collection_of

GROUPS = "groups"
# Blocked by what a person can do something about.
FOR_A_PERSON = {"secret_missing", "permission_missing", "unresolved", "guard", "unreadable"}
FILES = {"mobileApps", "groupPolicyUploadedDefinitionFiles", "agreements"}
# Every tenant has them, or Microsoft makes them; whether anybody can delete them is written nowhere.
UNTOLD = {"mobileAppCategories", "namedLocations"}
STAYS = re.compile("built-in|default", re.IGNORECASE)
OPTIONS = complete_options({"groups": GROUPS_WITH_MEMBERS, "deleted": MAKE_NEW}, own_tenant=True)
# What a person adds to a policy that comes back, by the words of the plan.
LEFT_TO_A_PERSON = {"to_be_entered", "lacks_setting", "assignment_left_out", "reference_kept"}
# What no write finishes, by the plan's own words.
FINISHED_BY_HAND = ("printed QR codes are void", "publish it in the", "it is made without")


@dataclass(frozen=True)
class Truth:
    """What became of a policy that was deleted, then restored. `why`: what a person was told to do, or why not."""

    verdict: str
    why: str = ""


@contextmanager
def simulator_here(port: int, *, with_real: bool = True) -> Iterator[State]:
    """A simulator in a thread of this process, with the demo's tenants and the real policies where they are."""
    state = State()
    for tenant in demo_tenants():
        state.add(tenant)
    state.add(own_directory())
    if with_real and REAL.exists():
        exported = exported_tenant()
        load_exported(exported, REAL)
        state.add(exported)
    server = make_server("127.0.0.1", port, create_app(state), threaded=True, request_handler=Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    enqueue, broker.enqueue = broker.enqueue, _leave_to_the_caller
    try:
        yield state
    finally:
        broker.enqueue = enqueue
        server.shutdown()
        graph_clients.clear_cache()


def _leave_to_the_caller(message, *, delay=None):
    return message


def connect(facts: Tenant) -> OurTenant:
    made = tenants.add(facts.name, facts.directory_id, facts.client_id, SYSTEM)
    tenants.set_credential(made, "secret", {"secret": facts.client_secret}, SYSTEM)
    return made


def driven(run: Run) -> Run:
    """Do the run in this thread, message by message, until it ends or waits for people in the tenant."""
    while (found := Run.get_by_id(run.id)).state in ACTIVE and APPROVAL_WAIT not in (found.waiting or ""):
        for active in Run.select().where(((Run.id == run.id) | (Run.parent == run.id)) & IS_ACTIVE):
            broker.get_actor(active.kind).fn(active.id)
    assert found.waiting or found.state in (RunState.SUCCEEDED, RunState.PARTIAL), (
        f"{found.kind}: {found.error_message}"
    )
    return found


class LoneDeletions:
    """Every policy of a tenant, each deleted alone and restored, with what readiness had said before."""

    def __init__(self, state: State, facts: Tenant) -> None:
        self._state, self.facts, self.tenant = state, facts, connect(facts)
        self._back_up()

    def again(self) -> "LoneDeletions":
        """After another backup."""
        self._back_up()
        return self

    def _back_up(self) -> None:
        facts = self.facts
        # They hold up themselves (learn.microsoft.com: Use access policies to require multi admin approval).
        facts.flags.setdefault("approval", [collection_of(POLICY_TYPES[APPROVAL_POLICIES])])
        driven(actors.backups.back_up.start(self.tenant, SYSTEM).run)
        self.judge()
        self._snapshots = {found.policy_id: found for found in snapshots.newest_of_present(self.tenant)}
        self._was = {path: dict(items) for path, items in facts.collections.items()}

    def judge(self) -> None:
        began, worked = time.perf_counter(), time.thread_time()
        driven(actors.readiness.assess.start(self.tenant, SYSTEM).run)
        self.seconds, self.processor_seconds = time.perf_counter() - began, time.thread_time() - worked

    def said(self) -> list[ReadinessItem]:
        query = ReadinessItem.select(ReadinessItem, Policy).join(Policy).where(ReadinessItem.tenant == self.tenant)
        return list(query.order_by(ReadinessItem.policy_type, ReadinessItem.name, ReadinessItem.id))

    def truth_of(self, line: ReadinessItem) -> Truth:
        """Delete the policy, restore it, look, and put everything back."""
        try:
            if self._refuses_deletion(line):
                return Truth("by_itself", "stays")
            return self._restored(line)
        finally:
            self.facts.collections = {path: dict(items) for path, items in self._was.items()}

    def _refuses_deletion(self, line: ReadinessItem) -> bool:
        """Delete a policy as its service would; where that refuses only because it is in use, behind its back."""
        key, (top, _, below) = line.policy_type, line.policy.graph_id.partition("/")
        path = collection_of(POLICY_TYPES[key])
        held = self.facts.collections[path]
        if below:
            left = [profile for profile in held[top]["enrollmentProfiles"] if profile["id"] != below]
            held[top] = {**held[top], "enrollmentProfiles": left}
            return False
        if line.policy.is_built_in and key in UNTOLD:
            return True
        permissions = self.facts.permissions
        reply = dispatch.write(self._state, self.facts, permissions, "DELETE", f"{path}/{top}", None, {})
        is_refused = reply.status >= 400 and (POLICY_TYPES[key].is_single or STAYS.search(json.dumps(reply.body)))
        if is_refused and key not in FILES:  # a file is taken away by an act of its own
            return True
        held.pop(top, None)
        return False

    def _restored(self, line: ReadinessItem) -> Truth:
        restore = drafts.from_snapshot(self._snapshots[line.policy_id], self.tenant, OPTIONS, SYSTEM)
        driven(actors.plans.preview.start(restore, SYSTEM).run)
        restore = Restore.get_by_id(restore.id)
        [item] = restore_items.items(restore)
        if item.action not in WRITTEN_OUTCOMES:
            return Truth(_of_blocked(item), item.message or "")
        is_held = bool(approvals.items_held_back(restore))
        if is_held:
            approvals.override_guard(restore, SYSTEM, "the test wants every policy")
        restore = Restore.get_by_id(restore.id)
        run = driven(actors.restores.live_restore.start(restore, SYSTEM, reason="ticket 4711").run)
        if run.waiting:  # for an approval in the tenant
            Run.update(state=RunState.CANCELLED, waiting=None).where(Run.id == run.id).execute()
            return Truth("by_hand", run.waiting)
        [item] = restore_items.items(restore)
        if not item.verified:
            return Truth("not", f"{item.outcome}: not verified")
        if is_held:
            return Truth("by_hand", item.message)
        return self._compared(item, restore)

    def _compared(self, item: RestoreItem, restore: Restore) -> Truth:
        for danger in item.dangers or ():
            if danger["code"] in LEFT_TO_A_PERSON:
                return Truth("by_hand", SHORTFALLS[danger["code"]].before.format(**danger["values"]))
        for note in item.notes or ():
            if any(words in note for words in FINISHED_BY_HAND):
                return Truth("by_hand", note)
        if item.policy_type == GROUPS and (lost := self._lost_of_group(item)):
            return Truth("by_hand", lost)
        places, _ = differences(item, self._was, self.facts.collections, made_ids(restore))
        untold = f"not as it was, and nobody said so: {', '.join(places)}"
        told = (note for note in item.notes or () if all(is_told(place, note) for place in places))
        return Truth("by_hand", next(told, untold)) if places else Truth("by_itself")

    def _lost_of_group(self, item: RestoreItem) -> str:
        was, now = (held[GROUPS][graph_id] for held, graph_id in
                    ((self._was, item.graph_id), (self.facts.collections, item.created_id)))  # fmt: skip
        return ", ".join(
            name for name in ("members", "membershipRuleProcessingState") if was.get(name) != now.get(name)
        )


def _of_blocked(item: RestoreItem) -> str:
    if item.reason == "cannot_create" and item.policy_type == GROUPS:
        return "not" if "Microsoft 365" in (item.message or "") else "by_hand"
    is_of_file = item.reason in ("cannot_create", "not_restorable") and item.policy_type in FILES
    return "by_hand" if is_of_file or item.reason in FOR_A_PERSON else "not"


def is_right(line: ReadinessItem, truth: Truth) -> bool:
    if truth.why == "stays":
        return line.why.startswith("Nobody can delete it")
    if line.policy_type == GROUPS:
        return line.verdict == truth.verdict
    if APPROVAL_WAIT in truth.why:
        return line.verdict == truth.verdict and "Multi Admin Approval" in line.why
    return (line.verdict, line.why) == (truth.verdict, truth.why)
