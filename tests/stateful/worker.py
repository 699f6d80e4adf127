"""A worker that stops wherever the test wants it to. It writes what the actors write, and reads from the model."""

import hashlib

from actors.copies import push
from actors.housekeeping import daily_prune
from actors.readiness import assess
from actors.restores import safety_backup
from db.backups import backup_sets, deletions
from db.clock import utcnow
from db.copies import copied_sets
from db.database import database
from db.housekeeping.daily_prune import STEPS, Ages, delete_rows
from db.models import BackupSet, Policy, Restore, RestoreItem, Tenant
from db.policies import snapshots
from db.readiness import reports
from db.readiness.reports import PolicyVerdict
from db.recovery import write_log
from db.recovery.write_log import WriteAnswer, WriteIntent
from db.restores import four_eyes, plan_fingerprint, restore_items, restores
from db.runs import child_runs, claims, completion, run_items
from db.runs.claims import ClaimLost
from db.runs.run_items import NewRunItem
from db.states import CopyState, ItemState, Offer, Outcome, ReadinessVerdict, RunKind, WriteState

KEY = "configurationPolicies"
AGES = Ages(runs=730, restores=730, names=365, deletions=2)
# How a kind of run ends well, and how for good: as its actor ends it.
FINISH = {RunKind.PUSH: push._finish}
FAIL = {RunKind.PUSH: push._fail, RunKind.READINESS: assess._fail}
# How an item ends, or a write: well, as often as all else together.
HOW = ("well", "well", "well", "refused", "lost", "lost before")
WELL, REFUSED, LOST = 0, 3, 5


class Worker:
    """A worker. Only the holder of the claim may write; one that has lost it finds that out at its next write."""

    # Content id -> the version that it is of.
    _versions: dict = {}  # noqa: RUF012 - of all workers

    def __init__(self, installation, claim, run):
        self.installation, self.claim, self.run = installation, claim, run
        self.model = installation.model
        self.is_dead = False
        # By a step of retention: the ids of what may go.
        self.found = None

    def __repr__(self):
        return f"worker of run {self.run.id}"

    @classmethod
    def version_of(cls, content_id):
        return snapshots.read_content(content_id)["body"]["version"]

    @staticmethod
    def policy_of(restore_item_id):
        item = RestoreItem.get_by_id(restore_item_id)
        return Policy.get((Policy.graph_id == item.graph_id) & (Policy.policy_type == KEY)).id

    # --- steps -------------------------------------------------------------------------------------------------------

    def work(self, how):
        """The next thing that is to be done, ending with the run's end."""
        self._step(lambda: self._next(HOW[how]))

    def wait(self, seconds):
        if self._step(lambda: claims.wait(self.claim, "Graph asks us to wait.", seconds)):
            self._let_go()

    def stumble(self):
        """An attempt that failed; one too many ends the run, or the part."""
        left = {}
        if self._step(lambda: left.update(is_set_aside=claims.schedule_retry(self.claim, "It did not answer.", 5))):
            if left["is_set_aside"]:
                self.run.attempts += 1
                self._let_go()
            else:
                self._step(self._fail)

    def _step(self, step):
        holds = self.run.holder is self
        try:
            step()
        except ClaimLost:
            assert not holds, f"{self} lost a claim that nobody took"
            self.installation.workers.remove(self)
            self.installation.came["claim lost"] += 1
            return False
        assert holds, f"{self} wrote, and {self.run.holder} holds the run"
        return True

    def _let_go(self):
        self.run.holder = None
        self.installation.workers.remove(self)

    def _next(self, how):
        if claims.is_cancel_requested(self.claim) and self.run.parent is None and not self.run.parts:
            self._finish()
        else:
            self._of_kind()(how)

    def _of_kind(self):
        return {
            RunKind.BACK_UP: self._plan,
            RunKind.BACK_UP_PART: self._read_part,
            RunKind.CAPTURE_SNAPSHOT: self._capture,
            RunKind.PREVIEW: self._preview,
            RunKind.RESTORE: self._restore,
            RunKind.PRUNE: self._prune,
            RunKind.PUSH: self._push,
            RunKind.READINESS: self._assess,
        }[self.run.kind]

    def _finish(self):
        FINISH.get(self.run.kind, completion.finish)(self.claim)
        self.installation.workers.remove(self)
        self.installation._has_ended(self.run)

    def _fail(self):
        if self.run.parent is None:
            FAIL.get(self.run.kind, completion.fail)(self.claim, "unexpected_error", "It failed again and again.", None)
            self.installation.workers.remove(self)
            self.installation._has_ended(self.run)
        else:
            self._part_ended(
                child_runs.fail_child(self.claim, "unexpected_error", "It failed again and again.", None), "well"
            )

    # --- backups -----------------------------------------------------------------------------------------------------

    def _plan(self, how):
        if self.run.parts:  # this message came a second time
            claims.release(self.claim)
            self._let_go()
            self._close()
        elif not self.run.is_planned:
            self._make_items()
        else:
            self._hand_out()

    def _make_items(self):
        backup_set = BackupSet.get(BackupSet.run == self.run.id)
        found = list(Policy.select().where(Policy.tenant == self.run.tenant_id).order_by(Policy.id))
        with database.atomic():
            claims.assert_claim(self.claim)
            run_items.add_items(self.claim.run, [NewRunItem(KEY, one.name, one.id, one.graph_id) for one in found])
            backup_sets.record_type(backup_set, KEY, Offer.OFFERED, len(found))
        self.run.is_planned = True

    def _hand_out(self):
        items = [[one.id] for one in run_items.unsettled_items(self.claim.run)]
        begun = child_runs.create_children(self.claim, items, with_rest=False)
        self.run.parts = len(items)
        self._let_go()
        for row in begun:
            self.installation.begin_part(self.run, row)

    def _read_part(self, how):
        todo = run_items.unsettled_items(self.claim.run)
        if not todo or claims.is_cancel_requested(self.claim):
            self._part_ended(child_runs.end_child(self.claim), how)
        else:
            self._read(todo[0], how)

    def _read(self, item, how):
        if how != "well":
            run_items.finish_item(
                self.claim, item, ItemState.FAILED, Outcome.ERROR, reason="unavailable", message="Away."
            )
            return
        version = self.model.live[item.policy_id]
        with database.atomic():
            whole = self.claim.run.parent or self.claim.run
            one = snapshots.save(whole, [self._as_read(item.policy, version)])[item.policy_id]
            run_items.finish_captured_items(self.claim, one.outcome, {item.id: one.snapshot_id})
        self.model.kept.add((item.policy_id, version))

    def _as_read(self, policy, version):
        content, mark = _content(policy.id, version)
        return snapshots.SnapshotDraft.of(
            policy,
            content,
            mark,
            assignments_mark="",
            name=policy.name,
            modified_at=None,
            read_at=utcnow(),
            proof={},
            references={},
        )

    def _part_ended(self, following, how):
        whole = self.run.parent
        self.run.state = "gone"
        self._let_go()
        may = whole.is_active and not whole.is_cancelled and whole.begun < whole.parts
        assert (following is not None) == may, f"after a part of {whole} came {following}"
        if following:
            self.installation.begin_part(whole, following)
        elif how == "well":  # else it dies before it can close
            self._close()

    def _close(self):
        whole = self.run.parent or self.run
        may = whole.may_be_claimed and not self.model.parts_of(whole)
        assert child_runs.finish_parent_if_done(whole.id) == may
        if may:
            self.installation._has_ended(whole)

    def _capture(self, how):
        todo = run_items.unsettled_items(self.claim.run)
        if todo:
            self._read(todo[0], how)
        else:
            self._finish()

    # --- retention ---------------------------------------------------------------------------------------------------

    def has_found_sets(self):
        """Tell whether sets to let go were found, and the step that lets them go is still to come."""
        return bool(self.found) and run_items.unsettled_items(self.claim.run)[0].policy_type == "backup sets"

    def _prune(self, how):
        """Finds what may go in one step, and lets it go in the next: anything may come in between."""
        todo = run_items.unsettled_items(self.claim.run)
        if not todo or claims.is_cancel_requested(self.claim):
            daily_prune._finish(self.claim)
            self.installation.workers.remove(self)
            self.installation._has_ended(self.run)
            return
        item, tenant = todo[0], Tenant.get_by_id(self.run.tenant_id)
        if self.found is None:
            if item.policy_type == "backup sets":
                deletions.mark(tenant, AGES.deletions)
            self.found = list(STEPS[item.policy_type].find(tenant, AGES))
            if item.policy_type == "backup sets":
                self.installation.look_what_waits(tenant)
            return
        protected, found, self.found = self.model.protected(), self.found, None
        delete_rows(self.claim, item, tenant, AGES, found)
        self.installation.look_what_went(protected)
        run_items.finish_item(self.claim, item, ItemState.DONE, Outcome.UNCHANGED)

    # --- copies and readiness ----------------------------------------------------------------------------------------

    def _push(self, how):
        """Bring a set into the store: contents that nobody writes here, then the manifest, with which it is a copy."""
        copied, todo = copied_sets.of_run(self.claim.run), run_items.unsettled_items(self.claim.run)
        if not todo:
            self._finish()
        elif how in ("refused", "lost before") or copied is None or copied.backup_set_id is None:
            self._fail()
        else:
            with database.atomic():
                claims.assert_claim(self.claim)
                if todo[0].policy_type == push.MANIFEST:
                    assert copied.state == CopyState.PUSHING, f"set {copied.set_number} is {copied.state}, and pushed"
                    copied_sets.complete(copied, 1, copied_sets.kept_until(copied), None)
                run_items.finish_item(self.claim, todo[0], ItemState.DONE, Outcome.PUSHED)

    def _assess(self, how):
        """Judge each policy; the report is there with the end, or neither is."""
        if how != "well":
            self._fail()
            return
        found = Policy.select().where(Policy.tenant == self.run.tenant_id).order_by(Policy.id)
        lines = [PolicyVerdict(one.id, KEY, one.name, ReadinessVerdict.BY_ITSELF, "", "") for one in found]
        with database.atomic():
            claims.assert_claim(self.claim)
            reports.save(self.claim.run, lines, 1.0, 9)
        self._finish()

    # --- restores ----------------------------------------------------------------------------------------------------

    def _preview(self, how):
        restore = self.model.restores[self.run.restore_id]
        rows = {one.restore_item_id: one for one in run_items.unsettled_items(self.claim.run)}
        if not rows:
            self._finish()
            return
        with database.atomic():
            row = Restore.get_by_id(restore.id)
            restores.lock_restore(row)
            claims.assert_claim(self.claim)
            for item in restore_items.items(row):
                policy_id = self.policy_of(item.id)
                version = restore.seen[policy_id] = self.model.live[policy_id]
                action = Outcome.MATCHES if version == restore.wanted[policy_id] else Outcome.UPDATE
                content, mark = _content(policy_id, version)
                live = snapshots.save_content(restore.tenant_id, content, mark)
                plan = {"action": action, "target_id": item.graph_id, "live_content": live, "live_mark": mark}
                RestoreItem.update(plan).where(RestoreItem.id == item.id).execute()
                run_items.finish_item(self.claim, rows[item.id], ItemState.DONE, action)
            plan_fingerprint.save(row, (), four_eyes.break_glass_list(row))

    def _restore(self, how):
        restore = self.model.restores[self.run.restore_id]
        rows = run_items.unsettled_items(self.claim.run)
        if not rows:
            self._finish()
            return
        item = RestoreItem.get_by_id(rows[0].restore_item_id)
        policy_id = self.policy_of(item.id)
        wanted, live = restore.wanted[policy_id], self.model.live[policy_id]
        has_begun = write_log.may_have_been_applied(write_log.writes_by_item([item.id])[item.id])
        if item.action == Outcome.MATCHES:
            self._settle(restore, rows[0], policy_id, ItemState.DONE, Outcome.MATCHES)
        elif has_begun and live == wanted:
            self._settle(restore, rows[0], policy_id, ItemState.DONE, Outcome.UPDATED)
        elif live != restore.seen[policy_id]:
            self._settle(restore, rows[0], policy_id, ItemState.FAILED, Outcome.CONFLICT)
        elif item.safety_snapshot_id is None:
            self._capture_before(item, policy_id, live)
        else:
            self._write(restore, item, rows[0], policy_id, how)

    def _capture_before(self, item, policy_id, live):
        with database.atomic():
            claims.assert_claim(self.claim)
            policy = Policy.get_by_id(policy_id)
            kept = snapshots.save(self.claim.run, [self._as_read(policy, live)])[policy_id]
            RestoreItem.update(safety_snapshot=kept.snapshot_id).where(RestoreItem.id == item.id).execute()
        self.model.kept.add((policy_id, live))
        row = Restore.get_by_id(item.restore_id)
        if row.safety_set_id is None:
            safety_backup._complete_set(self.claim, row)
            self.model.sets[row.safety_set_id] = False
            self.model.safety.add(row.safety_set_id)

    def _write(self, restore, item, row, policy_id, how):
        overwritten = self.model.live[policy_id]
        assert (policy_id, overwritten) in self.model.kept, "what is overwritten was captured by nobody"
        [mark] = write_log.record(self.claim, [WriteIntent(item.id, "PATCH", f"/policies/{policy_id}", "0" * 64)])
        if how in ("well", "lost"):
            self.model.live[policy_id] = restore.seen[policy_id] = restore.wanted[policy_id]
        state = {"well": WriteState.ANSWERED, "refused": WriteState.REFUSED}.get(how, WriteState.UNKNOWN)
        write_log.record_answers([WriteAnswer(mark, state)])
        if how == "refused":
            self._settle(restore, row, policy_id, ItemState.FAILED, Outcome.ERROR)
        elif how == "lost before":
            self._settle(restore, row, policy_id, ItemState.UNCERTAIN, Outcome.UNKNOWN)
        # Else whoever comes next reads back what is there.

    def _settle(self, restore, row, policy_id, state, outcome):
        self.installation.came[f"item {outcome}"] += 1
        reason = None if state == ItemState.DONE else "conflict" if outcome == Outcome.CONFLICT else "error"
        RestoreItem.update(outcome=outcome).where(RestoreItem.id == row.restore_item_id).execute()
        run_items.finish_item(self.claim, row, state, outcome, reason=reason, message=reason)


def _content(policy_id, version):
    mark = hashlib.sha256(f"{policy_id} {version}".encode()).hexdigest()
    return {"body": {"policy": policy_id, "version": version}, "assignments": []}, mark
