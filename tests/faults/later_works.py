"""Restores that others come in between: three days of waiting for an approval, and a retry of long ago."""

import time
from datetime import timedelta

import requests

from db.audit.audit import SYSTEM
from db.backups import backup_sets, retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.models import BackupSet, Content, Restore, RestoreItem, Run, Snapshot, Tenant, Write
from db.policies.snapshots import read_content
from db.states import ACTIVE, SetState
from tests.faults.stage import Stuck
from tests.faults.works import CATALOG, START_SECONDS, LiveRestore, items_of

THREE_DAYS = timedelta(days=3)
# What a tenant's times are, but for those that are no older for the wait: heartbeats, and when it looks again.
TIMES = {
    BackupSet: ("created_at", "completed_at"),
    Snapshot: ("captured_at", "confirmed_at"),
    Content: ("created_at",),
    Run: ("created_at", "started_at", "ended_at", "enqueued_at", "progressed_at"),
    Restore: ("created_at", "previewed_at", "started_at", "ended_at"),
}
EDIT = "edited by somebody in the tenant"


class _Edited(LiveRestore):
    """Somebody edits a policy in between. Whatever comes: no edit is overwritten that no snapshot holds."""

    policies = 9

    def edit(self, key):
        self.edited = key
        self.simulated.put(CATALOG, {**self.simulated.objects()[CATALOG][key], "description": EDIT})

    def check_edit(self):
        there = self.simulated.objects()[CATALOG]
        held = Snapshot.select().where(Snapshot.tenant == self.tenant)
        if there[self.edited]["description"] != EDIT and not any(_is_the_edit(one) for one in held):
            yield "an edit was overwritten that no snapshot holds"


def _is_the_edit(snapshot):
    return read_content(snapshot.content_id)["body"].get("description") == EDIT


class RestoreOnApproval(_Edited):
    """Every write needs an approval, which comes after three days. Meanwhile retention runs, and somebody edits."""

    def prepare(self):
        super().prepare()
        self.stage.read(self._make_sets_that_go)
        self._be_ready(approval=True)

    def _make_sets_that_go(self):
        """Make sets as the backup's own, and older; no rule keeps them."""
        [one] = BackupSet.select().where(BackupSet.tenant == self.tenant)
        values = {"tenant": self.tenant, "state": SetState.COMPLETE, "selection": {}, "types": one.types,
                  "problems": [], "manifest": one.manifest}  # fmt: skip
        self.going = [BackupSet.create(**values, created_at=utcnow() - timedelta(days=ago)).id for ago in (9, 8)]
        retention.set_rules(self.tenant, RetentionRules(last=1), SYSTEM)

    def _start_until_there_is_a_run(self):
        super()._start_until_there_is_a_run()
        self._wait(self._waits_for_approval, "a wait for approval")
        self.finish_one(f"/tenants/{self.tenant.id}/back-up", {"full": "yes"})
        self.stage.read(self._three_days_pass)
        self.edit(min(self.changed))
        self._wait(self._is_pruned, "retention", fails=False)
        self._wait(self._is_approved_to_the_end, "the end of the restore")

    def _wait(self, holds, what, *, fails=True):
        try:
            self.stage.wait_for(holds, what, START_SECONDS)
        except Stuck:
            if fails:
                raise

    def _waits_for_approval(self):
        self.stage.keep_up()
        return any("Approval" in str(one.waiting) or one.state not in ACTIVE for one in self.runs())

    def _three_days_pass(self):
        """All that is of the tenant becomes older, and retention's day has come."""
        for model, names in TIMES.items():
            for row in model.select().where(model.tenant == self.tenant):
                moved = {name: getattr(row, name) - THREE_DAYS for name in names if getattr(row, name)}
                model.update(moved).where(model.id == row.id).execute()
        of_restore = RestoreItem.select(RestoreItem.id).where(RestoreItem.restore == self.restore.id)
        for row in Write.select().where(Write.item.in_(of_restore)):
            Write.update(sent_at=row.sent_at - THREE_DAYS).where(Write.id == row.id).execute()
        RestoreItem.update(seen_at=utcnow() - THREE_DAYS).where(
            (RestoreItem.restore == self.restore.id) & RestoreItem.seen_at.is_null(False)
        ).execute()
        Tenant.update(pruned_at=None).where(Tenant.id == self.tenant.id).execute()

    def _is_pruned(self):
        self.stage.keep_up()
        return not self.stage.read(lambda: BackupSet.select().where(BackupSet.id.in_(self.going)).exists())

    def _is_approved_to_the_end(self):
        self.stage.keep_up()
        try:
            for one in self.simulated.approvals():
                if one["status"] == "needsApproval":
                    self.simulated.decide(one["id"])
        except requests.RequestException:
            time.sleep(0.2)  # the simulator is being started again
        return self.is_over()

    def check(self):
        for run in self.runs():
            yield from self.check_run(run)
        yield from self.check_edit()
        if BackupSet.select().where(BackupSet.id.in_(self.going)).exists():
            yield "retention let none of the sets go that no rule keeps"
        if not BackupSet.select().where(BackupSet.id == self.restore.backup_set_id).exists():
            yield "retention let the set go that a running restore is of"

    def _check_item(self, run, item, there):
        if item.graph_id != self.edited:
            yield from super()._check_item(run, item, there)

    def _check_safety_set(self, restore):
        """Check that what was to be overwritten is held as it was before, for as long as the restore can be undone."""
        held = backup_sets.snapshot_ids(restore.safety_set) if restore.safety_set else []
        there = Snapshot.select().where(Snapshot.id.in_(held)).count()
        if there != len(self.changed):
            yield f"the safety set holds {there} of the {len(self.changed)} policies that were to be overwritten"


class LateRetry(_Edited):
    """A first run could not write one policy, a second could; then somebody edits it, and retries the first."""

    def prepare(self):
        super().prepare()
        self.number_of_edit = min(self.changed)
        self.set_latency(0)
        self.simulated.fault(kind="lost_before", status=400, times=50, path=self.number_of_edit)
        self.first = self.finish_one(*self.request())
        self.simulated.clear_faults()
        self.before = self.finish_one(f"/runs/{self.first}/retry-failed", {})
        self.edit(self.number_of_edit)
        self._be_ready()
        self.asked = False

    def _start_until_there_is_a_run(self):
        """Or until it was refused, which is right."""
        deadline = time.monotonic() + START_SECONDS
        while not self.asked:
            try:
                self.asked = self.stage.person.post(f"/runs/{self.first}/retry-failed", {}).status_code < 500
            except requests.RequestException:
                time.sleep(0.1)
            if time.monotonic() > deadline:
                raise Stuck("nobody could ask for the retry")

    def runs(self):
        return [one for one in super().runs() if one.id > getattr(self, "before", 0)]

    def has_come(self, share):
        self.stage.keep_up()
        return self.asked and (not self.runs() or super().has_come(share))

    def is_over(self):
        return self.asked and all(one.state not in ACTIVE for one in self.runs())

    def check(self):
        yield from self.check_edit()
        settled = {row.state for row in self.stage.read(lambda: items_of(Run.get_by_id(self.first)))}
        if "failed" not in settled:
            yield f"the first run did not fail: {settled}"
