"""An installation without Graph: whatever people, workers, the scheduler and time may do, in any order.

Workers are the test's own: they claim runs by the product's verbs and write as the actors do, but may stop or die after
each of them. Beside it stands the model (tests/stateful/model.py); after each step both have to agree.
"""

import secrets
import uuid
from collections import Counter
from datetime import datetime, timedelta
from itertools import cycle
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import actors.backups.back_up
import actors.backups.capture
import actors.housekeeping.daily_prune
import actors.plans.preview
import actors.readiness.assess
import actors.restores.live_restore
import config
from actors import scheduler
from actors.plans import drafts
from db import clock
from db.accounts import users
from db.audit import audit_rows, chain
from db.audit.audit import SYSTEM, Actor
from db.backups import backup_sets, deletions, retention
from db.backups.retention import RetentionRules
from db.copies import copied_sets
from db.errors import Invalid
from db.models import (
    AuditHead,
    BackupSet,
    CopiedSet,
    CopyStore,
    Notification,
    Policy,
    Restore,
    Run,
    RunItem,
    Schedule,
    Snapshot,
    Tenant,
    User,
)
from db.policies import policies
from db.readiness import reports
from db.restores import approvals, restore_drafts, restore_items, restore_rules, restores, retries
from db.runs import claims, completion
from db.states import ACTIVE, ENDED, CopyState, ItemState, LockState, Role, RunKind, RunState, SetState
from db.tenants import schedules, tenants
from tests.stateful import model
from tests.stateful.worker import HOW, KEY, LOST, REFUSED, WELL, Worker
from tests.support.restore_steps import options

POLICIES = 3
PEOPLE = ("ada", "max")
PICK = st.integers(0, 2**16)
HOWS = st.lists(st.sampled_from(range(len(HOW))), min_size=1, max_size=4)
SECONDS = st.sampled_from([1, 4, 20, 120, 3600, 20 * 3600, 3 * 24 * 3600])


class Time:
    """Passes only when the test says so; a little with each look at it, so that no two moments are the same."""

    def __init__(self):
        self._now = datetime(2026, 1, 1)

    def begin_a_day(self):
        """Each example begins at the same hour, after whatever the one before left due."""
        self._now = self._now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=3)

    def pass_by(self, seconds):
        self._now += timedelta(seconds=seconds)

    def __call__(self):
        self._now += timedelta(microseconds=1)
        return self._now


class Installation(RuleBasedStateMachine):
    steps, time = Counter(), Time()
    # What came by, and how often: a test that never gets there proves nothing.
    came: ClassVar = Counter()

    def __init__(self):
        super().__init__()
        self.time.begin_a_day()
        self.model, self.workers = model.Model(), []
        self.people = [_person(name) for name in PEOPLE]
        self.places = [_place(four_eyes, self.people) for four_eyes in (False, True)]
        for policy in self._policies():
            self.model.live[policy.id] = 0
        self.next_version = 1
        head = AuditHead.get()
        self.chain, self.ends_told = chain.Chain(chain.load_keys()[0], (), head.last_id, head.hash), Counter()
        self.looked_at, self.copies_told = set(), Counter()
        self.store = CopyStore.create(
            name="Store", address="file:///nowhere", sealed=b"", recipients=[], copy_days=30, needs_lock=False,
            checked_at=clock.utcnow(), lock_state=LockState.MISSING, turn=1,
        )  # fmt: skip
        self._begin()

    def _begin(self):
        """Begin with a backup, policies that were edited since, a restore that failed, and one that may be approved."""
        for number, _ in enumerate(self.places):
            self.back_up(number, True)
            self.all_goes_well()
            for policy in range(POLICIES - 1):
                self.edit_in_the_tenant(number * POLICIES + policy)
            self.draft(number, number)
            self.preview(number)
            self.all_goes_well()
        self.execute(0, 0)
        # Each captured before it is written: one is refused, of the other nobody knows.
        self.all_goes_on([WELL, REFUSED, WELL, LOST])

    def _policies(self):
        return list(Policy.select().where(Policy.tenant.in_(self.places)).order_by(Policy.id))

    def _pick(self, things, number):
        return list(things)[number % len(things)]

    # --- people ------------------------------------------------------------------------------------------------------

    @rule(place=PICK, full=st.booleans())
    def back_up(self, place, full):
        tenant = self._pick(self.places, place)
        self._started(
            lambda: actors.backups.back_up.start(tenant, SYSTEM, is_full=full), RunKind.BACK_UP, f"{tenant.id}:all"
        )

    @rule(policy=PICK)
    def capture(self, policy):
        policy = self._pick(self._policies(), policy)
        key = f"{policy.tenant_id}:{policy.id}"
        self._started(lambda: actors.backups.capture.start(policy, SYSTEM), RunKind.CAPTURE_SNAPSHOT, key)

    @rule(policy=PICK)
    def edit_in_the_tenant(self, policy):
        policy = self._pick(self._policies(), policy)
        self.model.live[policy.id] = self.next_version
        self.next_version += 1

    @precondition(lambda self: self.model.runs)
    @rule(run=PICK, who=PICK)
    def cancel_run(self, run, who):
        """Cancel any id: of a run or a child run, whether it goes on or not. A child run's cancel is its parent's."""
        known = self._pick(self.model.runs.values(), run)
        row = Run.get_or_none(Run.id == known.id)
        if row is None:
            return
        whole = known.parent or known
        may = whole.is_active and not whole.is_cancelled
        asked = completion.request_cancel(row, self._actor(who))
        assert asked == may, f"a cancel of run {known.id} was answered with {asked}"
        if may:
            whole.is_cancelled = True
            if whole.holder is None:
                self._has_ended(whole)

    @precondition(lambda self: self.model.sets or self.model.gone_sets)
    @rule(chosen=PICK, is_pinned=st.booleans())
    def pin_or_unpin(self, chosen, is_pinned):
        set_id = self._pick([*self.model.sets, *self.model.gone_sets], chosen)
        backup_set = BackupSet.get_or_none(BackupSet.id == set_id) or BackupSet(id=set_id, tenant=self.places[0])
        try:
            if is_pinned:
                retention.pin(backup_set, "needed", None, SYSTEM)
            else:
                retention.unpin(backup_set, SYSTEM)
        except Invalid:
            assert set_id in self.model.gone_sets
            return
        assert set_id in self.model.sets, f"the pin of set {set_id} was answered with yes, and the set is gone"
        self.model.sets[set_id] = is_pinned
        if is_pinned:
            self.model.waiting.pop(set_id, None)

    @rule(place=PICK)
    def take_deletions_back(self, place):
        """Whatever waits in the tenant is protected, whoever marked it."""
        tenant = self._pick(self.places, place)
        wait = {one.id for one in BackupSet.select().where(BackupSet.tenant == tenant)} & self.model.waiting.keys()
        if self._may(bool(wait), lambda: deletions.take_back(tenant, "needed", SYSTEM)):
            for set_id in wait:
                self.model.sets[set_id] = True
                del self.model.waiting[set_id]
            self.came["deletions taken back"] += 1

    @rule(place=PICK)
    def assess(self, place):
        tenant = self._pick(self.places, place)
        self._started(lambda: actors.readiness.assess.start(tenant, SYSTEM), RunKind.READINESS, tenant.id)

    @rule()
    def tend_store(self):
        """As a worker that looks after the store: what no run pushes any more waits again."""
        copied_sets.release_stranded(self.store)

    # --- restores ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.model.sets)
    @rule(chosen=PICK, who=PICK)
    def draft(self, chosen, who):
        backup_set = BackupSet.get_by_id(self._pick(self.model.sets, chosen))
        try:
            made = drafts.from_backup_set(backup_set, backup_set.tenant, options(), self._actor(who))
        except Invalid:
            return  # it holds nothing
        wanted = {one.snapshot.policy_id: Worker.version_of(one.content_id) for one in restore_items.items(made)}
        self.came["restored from a set that waits"] += backup_set.id in self.model.waiting
        person = self._pick(self.people, who)
        place = next(one for one in self.places if one.id == made.tenant_id)
        self.model.restores[made.id] = model.Restore(
            made.id, place.id, place.four_eyes, wanted, {person.id}, backup_set.id
        )

    @precondition(lambda self: self.model.waiting)
    @rule(chosen=PICK, who=PICK)
    def draft_from_one_that_waits(self, chosen, who):
        """A set that waits for its deletion is as good as any other, and stays while the restore is unfinished."""
        self.draft(list(self.model.sets).index(self._pick(sorted(self.model.waiting), chosen)), who)

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK, who=PICK)
    def change_options(self, chosen, who):
        restore, row = self._restore(chosen)
        may = restore.state in model.CHANGEABLE and not self.model.active(restore_id=restore.id)
        if self._may(may, lambda: restore_drafts.change_options(row, options(), self._actor(who))):
            restore.state, restore.previewed_at = "draft", None
            restore.requesters.add(self._pick(self.people, who).id)

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK)
    def preview(self, chosen):
        restore, row = self._restore(chosen)
        if self.model.active(restore_id=restore.id, kind=RunKind.PREVIEW):
            self._started(lambda: actors.plans.preview.start(row, SYSTEM), RunKind.PREVIEW, restore.id, restore.id)
        elif self._may(restore.state in model.CHANGEABLE, lambda: self._preview(restore, row)):
            restore.state, restore.previewed_at = "draft", None

    def _preview(self, restore, row):
        self._started(lambda: actors.plans.preview.start(row, SYSTEM), RunKind.PREVIEW, restore.id, restore.id)

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK, who=PICK)
    def approve(self, chosen, who):
        restore, row = self._restore(chosen)
        person, hours = self._pick(self.people, who), self._hours()
        may = restore.may_be_approved(person.id, clock.utcnow(), hours)
        if self._may(may, lambda: approvals.approve(row, self._actor(who), "ticket", hours)):
            restore.state = "approved"

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK, who=PICK)
    def execute(self, chosen, who):
        restore, row = self._restore(chosen)
        active = self.model.of_key(f"{RunKind.RESTORE}:{restore.tenant_id}")
        may = restore.may_begin(clock.utcnow(), self._hours())
        may = active.restore_id == restore.id if active else may

        def start():
            return actors.restores.live_restore.start(row, self._actor(who), reason="ticket")

        person = self._pick(self.people, who)
        if self._may(may, lambda: self._started(start, *self._live(restore), by=person.id)) and not active:
            restore.state = "running"

    @precondition(lambda self: any(one.kind == RunKind.RESTORE for one in self.model.runs.values()))
    @rule(chosen=PICK)
    def retry(self, chosen):
        """Retry any live run, however old: only what no later run took up, by a plan that still holds."""
        known = self._pick([one for one in self.model.runs.values() if one.kind == RunKind.RESTORE], chosen)
        restore = self.model.restores[known.restore_id]
        bad = restore.may_be_retried(known.id)
        may = bool(bad) and restore.state == "finished" and restore.is_fresh(clock.utcnow(), self._hours())
        active = self.model.of_key(f"{RunKind.RESTORE}:{restore.tenant_id}")
        if may and not active and restore.four_eyes:
            may = self._retry_approved(Run.get_by_id(known.id), restore)
        may = active.restore_id == restore.id if active else may

        def start():
            return actors.restores.live_restore.retry_failed(Run.get_by_id(known.id), SYSTEM)

        made = []
        if self._may(may, lambda: made.append(self._started(start, *self._live(restore)))) and made[0]:
            again = {row.restore_item_id for row in RunItem.select().where(RunItem.run == made[0].id)}
            assert again == bad, f"of {bad} {again} is tried again"
            restore.state = "running"
            self.came["retried"] += 1

    def _retry_approved(self, run, restore):
        """Approve the retry as somebody who is no requester, where there is one."""
        assert retries.lacks_only_approval(run, self._hours()), "each try again is approved anew"
        for number, person in enumerate(self.people):
            may = person.id not in restore.requesters
            if self._may(may, lambda who=number: retries.approve(run, self._actor(who), "ticket", self._hours())):
                return True
        return False

    def _live(self, restore):
        return RunKind.RESTORE, restore.tenant_id, restore.id

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK, who=PICK)
    def go_on_with_restore(self, chosen, who):
        """Take a restore's next step, as its page offers it."""
        restore, _ = self._restore(chosen)
        if restore.state == "previewed" and restore.four_eyes:
            self.approve(chosen, who)
        elif restore.state in ("previewed", "approved"):
            self.execute(chosen, who)
        elif restore.state in ("draft", "expired"):
            self.preview(chosen)
        elif restore.state == "finished" and restore.newest:
            run_ids = [one.id for one in self.model.runs.values() if one.kind == RunKind.RESTORE]
            self.retry(run_ids.index(max(of_run for of_run, _, _ in restore.newest.values())))

    @precondition(lambda self: self.model.restores)
    @rule(chosen=PICK, who=PICK)
    def cancel_restore(self, chosen, who):
        restore, row = self._restore(chosen)
        if self._may(restore.state in model.CHANGEABLE, lambda: restores.cancel(row, self._actor(who))):
            restore.state = "cancelled"

    def _restore(self, chosen):
        restore = self._pick(self.model.restores.values(), chosen)
        return restore, Restore.get_by_id(restore.id)

    def _may(self, may, act):
        """Does it. It is refused, with a sentence, just when the model says that it may not be."""
        refused = None
        try:
            act()
        except Invalid as e:
            refused = str(e)
        assert (refused is None) == may, f"refused: {refused}"
        return may

    def _actor(self, who):
        return Actor.person(self._pick(self.people, who), "127.0.0.1")

    def _hours(self):
        return config.settings().plan_hours

    def _started(self, start, kind, of, restore_id=None, by=None):
        """The new run; None where one of the key goes on, which is answered. Who asks is told of either."""
        key = f"{kind}:{of}"
        known = self.model.of_key(key)
        made = start()
        assert made.is_new == (known is None), f"{key}: {made}, beside {known}"
        assert known is None or made.run.id == known.id
        run = known or self._add(made.run, restore_id)
        run.asked_by |= {by} - {None}
        return None if known else run

    def _add(self, row, restore_id=None):
        known = self.model.runs.get(row.id)
        assert known is None or known.state == "gone", f"run {row.id} has the id of one before it"
        run = model.Run(row.id, row.kind, row.dedupe_key, row.tenant_id, restore_id)
        self.model.add(run)
        backup_set = BackupSet.get_or_none(BackupSet.run == row.id)
        if backup_set:
            self.model.sets[backup_set.id] = False
            types = {KEY: {"state": "pending", "listed": 0, "message": None}}
            BackupSet.update(types=types).where(BackupSet.id == backup_set.id).execute()
        return run

    # --- workers -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(one.may_be_claimed for one in self.model.runs.values()))
    @rule(run=PICK)
    def message_comes(self, run):
        known = self._pick([one for one in self.model.runs.values() if one.may_be_claimed], run)
        self._deliver(known.id, known.kind)

    @rule(run=PICK, kind=st.sampled_from(sorted(RunKind)))
    def stray_message_comes(self, run, kind):
        """A duplicate, one of long ago, or one whose id is another's by now."""
        self._deliver(self._pick([*self.model.runs, 2**30], run), kind)

    def _deliver(self, run_id, kind):
        known = self.model.runs.get(run_id)
        may = known is not None and known.may_be_claimed and known.kind == kind
        claim = claims.take_claim(run_id, kind)
        assert (claim is not None) == may, f"a message of {kind} {'took' if claim else 'did not take'} {known}"
        if claim:
            worker = Worker(self, claim, known)
            known.state, known.holder = RunState.RUNNING, worker
            self.workers.append(worker)

    @precondition(lambda self: self.workers)
    @rule(worker=PICK, hows=HOWS)
    def work(self, worker, hows):
        worker = self._pick(self.workers, worker)
        for how in hows:
            if worker in self.workers:
                worker.work(how)

    @precondition(lambda self: any(one.may_be_claimed for one in self.model.runs.values()))
    @rule(hows=HOWS)
    def all_goes_on(self, hows):
        """For a while every message comes, and every new worker does what it has to, well or not."""
        turns = cycle(hows)
        while waiting := [one for one in self.model.active() if one.holder is None and not self.model.parts_of(one)]:
            self._deliver(waiting[0].id, waiting[0].kind)
            worker = self.workers[-1]
            while worker in self.workers:
                worker.work(next(turns))

    def all_goes_well(self):
        self.all_goes_on([WELL])

    @precondition(lambda self: self.workers)
    @rule(worker=PICK, trouble=st.sampled_from(["waits", "stumbles", "dies"]), seconds=SECONDS)
    def trouble(self, worker, trouble, seconds):
        """One that dies may only sleep: it may come back at any time."""
        worker = self._pick(self.workers, worker)
        if trouble == "waits":
            worker.wait(seconds)
        elif trouble == "stumbles":
            worker.stumble()
        else:
            worker.is_dead = True

    @precondition(lambda self: self.workers)
    @rule(worker=PICK, how=st.sampled_from(range(len(HOW))))
    def oversleep(self, worker, how):
        """Taken for dead, it wakes up, and goes on as if nothing had been."""
        worker = self._pick(self.workers, worker)
        worker.is_dead = True
        self.time_passes(60)
        self.sweep()
        if worker in self.workers:
            worker.work(how)

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(seconds=SECONDS)
    def time_passes(self, seconds):
        self.time.pass_by(seconds)
        claims.record_heartbeat([one.claim.token for one in self.workers if not one.is_dead])

    @rule(hows=HOWS)
    def a_day_passes(self, hows):
        """Its backups, its retention, and plans that are too old now."""
        self.time_passes(25 * 3600)
        self.sweep()
        self.all_goes_on(hows)

    @rule()
    def sweep(self):
        stale = self._stale()
        due = {one.id for one in self._schedules() if one.next_at <= clock.utcnow() and self._may_start(one)}
        scheduler.sweep()
        self._after_schedules(due)
        self._after_sweep(stale)

    def _stale(self):
        long_ago = clock.utcnow() - timedelta(seconds=claims.STALE_SECONDS)
        return {one.id for one in Run.select().where((Run.heartbeat_at < long_ago) & Run.state.in_(ACTIVE))}

    def _schedules(self):
        return Schedule.select().where(Schedule.tenant.in_(self.places))

    def _may_start(self, schedule):
        """While its last run goes on, it waits."""
        last = self.model.runs.get(schedule.last_run_id)
        return last is None or not last.is_active

    def _after_schedules(self, due):
        """Every time that came has its run, new or found under way."""
        for schedule in self._schedules():
            is_behind = schedule.id in due and schedule.next_at <= clock.utcnow()
            assert not is_behind, "a schedule's time came, and nobody took it"
            assert schedule.last_run_id or schedule.last_at is None, "a schedule's time passed without a run"
        for row in Run.select().where(Run.tenant.in_(self.places) & Run.state.in_(ACTIVE) & Run.parent.is_null()):
            known = self.model.runs.get(row.id)
            if known is None or known.state == "gone":
                assert row.origin in ("schedule", "retention", "copies")
                self.came[f"begun by {row.origin}"] += 1
                self._add(row)

    def _after_sweep(self, stale):
        """Change the model as a sweep does: what nobody holds is taken back, what was cancelled or has no child run
        left ends.
        """
        for run in self.model.active():
            if run.id not in stale:
                continue
            run.attempts += 1
            run.holder = None
            self.came["taken back"] += 1
            row = Run.get_or_none(Run.id == run.id)
            is_given_up = row is None or row.state not in ACTIVE
            assert is_given_up == (run.attempts >= claims.MAX_ATTEMPTS) or run.is_cancelled, f"{run} is {row}"
            self.came["given up"] += is_given_up
            if is_given_up and run.parent:
                run.state = "gone"
                self._begin_next(run.parent)
        for run in self.model.active(parent=None):
            if run.holder is None and (run.is_cancelled or (run.parts and not self.model.parts_of(run))):
                self._has_ended(run)
        expires = clock.utcnow() - timedelta(hours=self._hours())
        for restore in self.model.restores.values():
            if restore.state in ("previewed", "approved") and restore.previewed_at < expires:
                restore.state = "expired"

    def _begin_next(self, whole):
        row = Run.get_or_none((Run.parent == whole.id) & (Run.part == whole.begun + 1))
        if row:
            self.begin_part(whole, row)

    def begin_part(self, whole, row):
        whole.begun += 1
        assert row.part == whole.begun
        self.model.add(model.Run(row.id, row.kind, row.dedupe_key, row.tenant_id, parent=whole))

    @rule(place=PICK)
    def prune(self, place):
        tenant = self._pick(self.places, place)
        self._started(lambda: actors.housekeeping.daily_prune.start(tenant, SYSTEM), RunKind.PRUNE, tenant.id)

    @precondition(lambda self: self.model.sets)
    @rule(place=PICK, chosen=PICK, who=PICK, act=st.sampled_from(["pins", "drafts"]))
    def use_what_goes(self, place, chosen, who, act):
        """Retention has found what goes. Before it does, somebody pins a set of it, or begins to restore from one."""
        self.prune(place)
        known = self.model.of_key(f"{RunKind.PRUNE}:{self._pick(self.places, place).id}")
        if not known.may_be_claimed:
            return
        self._deliver(known.id, known.kind)
        worker = self.workers[-1]
        while worker in self.workers and not worker.has_found_sets():
            worker.work(WELL)
        if going := worker.found:
            index = list(self.model.sets).index(self._pick(going, chosen))
            self.pin_or_unpin(index, True) if act == "pins" else self.draft(index, who)
        while worker in self.workers:
            worker.work(WELL)

    def look_what_went(self, protected):
        """`protected`: the sets that had to stay."""
        there = {one.id: one for one in BackupSet.select().where(BackupSet.tenant.in_(self.places))}
        gone = self.model.sets.keys() - there.keys()
        assert not gone & protected, f"the sets {sorted(gone & protected)} had to stay, and are gone"
        for set_id in gone:
            assert set_id in self.model.waiting, f"set {set_id} went, and nobody was told"
            due_at = self.model.waiting.pop(set_id)
            assert due_at <= clock.utcnow(), f"set {set_id} went, and was to go {due_at}"
            del self.model.sets[set_id]
        self.model.gone_sets |= gone
        self.came["sets that went"] += len(gone)
        held = {one for backup_set in there.values() for one in backup_sets.snapshot_ids(backup_set)}
        rows = {one.id for one in Snapshot.select(Snapshot.id).where(Snapshot.tenant.in_(self.places))}
        assert held <= rows, f"the snapshots {sorted(held - rows)} of sets that are there are gone"
        captured = {policy_id for policy_id, _ in self.model.kept}
        left = {one.policy_id for one in Snapshot.select(Snapshot.policy).where(Snapshot.tenant.in_(self.places))}
        assert left == captured, f"of the policies {sorted(captured - left)} no snapshot is left"

    def look_what_waits(self, tenant):
        """Each set that nothing keeps has its day, two days after somebody found so, and keeps it."""
        there = {one.id: one.deletion_due_at for one in BackupSet.select().where(BackupSet.tenant == tenant)}
        found = {set_id: due_at for set_id, due_at in there.items() if due_at}
        for set_id, due_at in found.items():
            known = self.model.waiting.get(set_id)
            assert known in (None, due_at), f"set {set_id} goes {due_at}, not {known}"
            is_fair = due_at > clock.utcnow() + timedelta(days=1, hours=23)
            assert known or is_fair, f"set {set_id} is found to go at once"
        assert not found.keys() & self.model.protected(), "a set that has to stay waits for its deletion"
        self.model.waiting = {set_id: at for set_id, at in self.model.waiting.items() if set_id not in there} | found

    # --- what holds after each step ----------------------------------------------------------------------------------

    def _has_ended(self, run):
        row = Run.get_or_none(Run.id == run.id)
        if row is None:
            assert run.kind == RunKind.PRUNE
            run.state, run.holder = "gone", None
            return
        assert row.state in ENDED, f"{run} should have ended, and is {row.state}"
        self.model.ended(run, row.state)
        self.came[f"{run.kind} {row.state}"] += 1
        if run.kind == RunKind.PREVIEW:
            self._previewed(run, row)
        if run.kind == RunKind.READINESS and row.state == RunState.SUCCEEDED:
            report = reports.newest(Tenant.get_by_id(run.tenant_id))
            assert (report.run_id, sum(report.counts.values())) == (run.id, POLICIES)
        if run.kind == RunKind.RESTORE:
            items = RunItem.select(RunItem.restore_item_id, RunItem.state, RunItem.outcome).where(RunItem.run == row)
            # One that was cancelled before an item did not take it up.
            for item_id, state, outcome in items.where(RunItem.outcome != "cancelled").tuples():
                self.model.restores[run.restore_id].newest[item_id] = (run.id, state, outcome)

    def _previewed(self, run, row):
        restore = self.model.restores[run.restore_id]
        if row.state in ("succeeded", "partial") and restore.state == "draft":
            restore.state, restore.previewed_at = "previewed", Restore.get_by_id(restore.id).previewed_at

    @invariant()
    def runs_are_as_the_model_says(self):
        self.steps[type(self).__name__] += 1
        rows = {one.id: one for one in Run.select().where(Run.tenant.in_(self.places))}
        for run in self.model.runs.values():
            row = rows.get(run.id)
            if run.state == "gone":
                assert row is None, f"part {run.id} is left over, {row.state}"
                continue
            token = run.holder.claim.token if run.holder else None
            assert (row.state, row.claimed_by) == (run.state, token), f"{run} is {row.state}, held by {row.claimed_by}"
        assert rows.keys() <= self.model.runs.keys(), "a run that nobody started"
        active = [one for one in rows.values() if one.state in ACTIVE]
        assert len({one.dedupe_key for one in active}) == len(active), "two active runs of one key"
        for row in active:
            goes_on = row.state == "queued" or row.claimed_by or row.resume_at or row.parts is not None
            assert goes_on, f"nothing will ever go on with run {row.id}"

    @invariant()
    def restores_are_as_the_model_says(self):
        said = {one.id: one.state for one in self.model.restores.values()}
        found = Restore.select(Restore.id, Restore.state).where(Restore.tenant.in_(self.places))
        assert dict(found.tuples()) == said

    @invariant()
    def every_end_is_told_once(self):
        head = audit_rows.read_head()
        for event in audit_rows.events_after(self.chain.last_id, head.last_id, 10_000):
            assert not list(self.chain.follow(event))
            if event.action == "run:ended":
                self.ends_told[event.subject] += 1
            if event.action == "backup-set:copied":
                self.copies_told[event.subject] += 1
        assert not list(self.chain.end(head))
        self._each_set_is_copied_once()
        for run in self.model.runs.values():
            is_ended = run.state in ENDED
            assert self.ends_told[f"run {run.id}"] == is_ended, f"{run} is told as ended {self.ends_told}"
            if is_ended and run.id not in self.looked_at:
                self.looked_at.add(run.id)
                self._totals_are_right(run)

    def _totals_are_right(self, run):
        row = Run.get_by_id(run.id)
        counted = Counter(one.state for one in RunItem.select(RunItem.state).where(RunItem.run == row))
        said = {state: getattr(row, state) for state in ("done", "skipped", "failed", "uncertain")}
        assert said == {state: counted[state] for state in said}, f"run {run.id} tells {said} of {counted}"
        assert row.total == sum(counted.values())
        assert not counted[ItemState.PENDING] + counted[ItemState.WORKING]
        told = sorted(one.user_id for one in Notification.select().where(Notification.run == row))
        is_pruned = row.kind == RunKind.PRUNE and row.origin == "retention" and row.state != RunState.FAILED
        is_quiet = is_pruned or row.kind == RunKind.PUSH
        asked = set() if is_quiet else run.asked_by | {self.people[0].id}
        assert told == sorted(asked), f"run {run.id} was told to {told}, not to {asked}"
        assert not BackupSet.select().where((BackupSet.run == row) & (BackupSet.state == SetState.RUNNING)).exists()

    def _each_set_is_copied_once(self):
        rows = CopiedSet.select(CopiedSet.set_number).where(CopiedSet.state == CopyState.COMPLETE).tuples()
        assert self.copies_told == Counter(f"backup set {number}" for (number,) in rows)

    def teardown(self):
        """Whatever was left where: sweeps and messages alone bring everything to its end."""
        for worker in self.workers:
            worker.is_dead = True
        for _ in range(40):
            self.time_passes(60)
            self.sweep()
            self.all_goes_well()
            if not self.model.active():
                break
        self.runs_are_as_the_model_says()
        self.every_end_is_told_once()
        assert not self.model.active(), f"these never end: {self.model.active()}"
        self._all_is_copied()
        Schedule.delete().where(Schedule.tenant.in_(self.places)).execute()
        Tenant.update(is_active=False).where(Tenant.id.in_(self.places)).execute()

    def _all_is_copied(self):
        """What a store refused, or a run left, is pushed by the next look and try: sets that are there still."""
        for _ in range(8):
            self.time_passes(1200)
            self.tend_store()
            self.sweep()
            self.all_goes_well()
        self.every_end_is_told_once()
        left = CopiedSet.select().where(CopiedSet.state != CopyState.COMPLETE, CopiedSet.backup_set.is_null(False))
        assert not left.exists(), f"these are never copied: {[one.set_number for one in left]}"
        CopyStore.delete().execute()


def _person(name):
    email = f"{name}@stateful.example"
    return User.get_or_none(User.email == email) or User.create(email=email, name=name, password_hash="none")


def _place(four_eyes, people):
    """One tenant, of which one person hears; two people work there."""
    guid = str(uuid.UUID(bytes=secrets.token_bytes(16)))
    tenant = tenants.add(f"Tenant {guid}", guid, guid, SYSTEM)
    restore_rules.change(tenant, four_eyes, "", SYSTEM)
    for person in people:
        users.set_member(person, tenant, Role.MANAGER, SYSTEM)
    users.set_subscribed(people[0].id, tenant, True)
    listed = [
        {"graph_id": str(uuid.uuid5(uuid.UUID(guid), str(number))), "name": f"Policy {number}", "odata_type": None,
         "platform": "windows10", "is_built_in": False, "modified_at": None}
        for number in range(POLICIES)
    ]  # fmt: skip
    policies.record_listing(tenant, KEY, listed)
    schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    retention.set_rules(tenant, RetentionRules(last=1), SYSTEM)
    return Tenant.get_by_id(tenant.id)
