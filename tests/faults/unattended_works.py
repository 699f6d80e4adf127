"""Work that nobody starts: a backup whose time comes, and retention."""

import hashlib
from contextlib import suppress
from datetime import timedelta

import peewee as pw

from db.audit.audit import SYSTEM
from db.backups import backup_sets, retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.database import database
from db.models import AuditEvent, BackupSet, Content, Policy, Run, Schedule, Snapshot, Tenant
from db.policies import policies, snapshots
from db.runs import claims, completion, run_items, runs
from db.states import ACTIVE, Offer, RunKind
from db.tenants import schedules
from tests.faults.stage import Stuck
from tests.faults.works import KEY, START_SECONDS, Backup, Work


class ScheduledBackup(Backup):
    policies, latency_ms = 40, 150

    def prepare(self):
        self._seed()
        self.is_due = False
        self.schedule = self.stage.read(lambda: schedules.add(self.tenant, "0 2 * * *", "UTC", SYSTEM))
        self._be_ready()

    def _start_until_there_is_a_run(self):
        """Its time is now. Waits until somebody has moved it on."""
        due = Schedule.update(next_at=utcnow() - timedelta(seconds=1)).where(Schedule.id == self.schedule.id)
        self.stage.read(due.execute)
        self.is_due = True
        self.stage.wait_for(self._has_moved_on, "the schedule's time", START_SECONDS)

    def _has_moved_on(self):
        self.stage.keep_up()
        return self.is_due and self.stage.read(lambda: Schedule.get_by_id(self.schedule.id).next_at > utcnow())

    def has_come(self, share):
        """Also where it passed without a run: then no run will come."""
        return super().has_come(share) or (not self.runs() and self._has_moved_on())

    def is_over(self):
        return super().is_over() or (not self.runs() and self._has_moved_on())

    def check(self):
        made = self.runs()
        if len(made) != 1:
            yield f"the schedule's time passed with {len(made)} runs"
        yield from super().check()


class Retention(Work):
    """Retention of twelve nightly sets: the last two stay, and one that is pinned; with what they list, and nothing
    else.
    """

    kind = RunKind.PRUNE
    policies, nights, last = 5, 12, 2

    def prepare(self):
        self.tenant = self.stage.read(self._connect)
        self.stage.read(self._make_sets)
        self.is_ready = True

    def _make_sets(self):
        listed = [_row(f"{self.number:08x}-{one:04x}-4000-8000-000000000000") for one in range(self.policies)]
        policies.record_listing(self.tenant, KEY, listed)
        for night in range(self.nights):
            self._make_set(night, utcnow() - timedelta(days=2 + self.nights - night))
        oldest = BackupSet.get(BackupSet.tenant == self.tenant)
        retention.pin(oldest, "before the migration", None, SYSTEM)
        self.unread = self._read(Policy.get(Policy.tenant == self.tenant), self.nights)
        snapshots.save_content(self.tenant.id, _content(self.nights), self.unread.fingerprint)
        Content.update(created_at=utcnow() - timedelta(days=40)).where(Content.tenant == self.tenant).execute()
        retention.set_rules(self.tenant, RetentionRules(last=self.last), SYSTEM)

    def _make_set(self, night, made_at):
        """One policy changed in it; the others are as they were the night before."""
        key = f"{RunKind.BACK_UP}:{self.tenant.id}:all"
        run = runs.start(tenant=self.tenant, kind=RunKind.BACK_UP, dedupe_key=key, items=[], actor=SYSTEM).run
        claim = claims.take_claim(run.id, run.kind)
        found = list(Policy.select().where(Policy.tenant == self.tenant).order_by(Policy.id))
        with database.atomic():
            backup_set = backup_sets.begin(run, {}, True, [KEY])
            backup_sets.record_type(backup_set, KEY, Offer.OFFERED, len(found))
            run_items.add_items(run, [run_items.NewRunItem(KEY, one.name, one.id, one.graph_id) for one in found])
            changed = [self._read(one, night - (night - at) % self.policies) for at, one in enumerate(found)]
            kept = snapshots.save(run, changed)
            for item in run_items.unsettled_items(run):
                one = kept[item.policy_id]
                run_items.finish_captured_items(claim, one.outcome, {item.id: one.snapshot_id})
            completion.finish(claim)
            BackupSet.update(created_at=made_at, completed_at=made_at).where(BackupSet.id == backup_set.id).execute()
            Snapshot.update(captured_at=made_at, confirmed_at=made_at).where(Snapshot.run == run).execute()

    def _read(self, policy, version):
        return snapshots.SnapshotDraft.of(
            policy, _content(version), hashlib.sha256(f"{policy.id} {version}".encode()).hexdigest(),
            assignments_mark="", name=policy.name, modified_at=None, proof={}, references={}, read_at=utcnow(),
        )  # fmt: skip

    def a_run(self):
        return Run.get(Run.tenant == self.tenant)

    def pin_one_that_goes(self):
        """Through the web; whether it was in time, the audit log says."""
        newest = BackupSet.select().where(BackupSet.tenant == self.tenant).order_by(BackupSet.id.desc())
        [backup_set] = self.stage.read(lambda: list(newest.offset(self.last).limit(1)))
        self.stage.person.post(f"/backup-sets/{backup_set.id}/pin", {"reason": "just in time"})

    # --- its day comes -----------------------------------------------------------------------------------------------

    def _start_until_there_is_a_run(self):
        self.stage.read(Tenant.update(pruned_at=None).where(Tenant.id == self.tenant.id).execute)
        self.wait_until_over()

    def wait_until_over(self):
        """Or so long that it will not come today."""
        with suppress(Stuck):
            self.stage.wait_for(self.is_over, "retention", START_SECONDS)

    def is_over(self):
        self.stage.keep_up()
        left = self.stage.read(lambda: BackupSet.select().where(BackupSet.tenant == self.tenant).count())
        is_active = any(one.state in ACTIVE for one in self.runs())
        return left <= self.last + len(self._pins()) and not is_active

    def _pins(self):
        """The sets whose pin was answered with yes."""
        said = (AuditEvent.action == "backup-set:pinned") & (AuditEvent.tenant_id == self.tenant.id)
        return {int(one.subject.split()[-1]) for one in self.stage.read(lambda: list(AuditEvent.select().where(said)))}

    def check(self):
        sets = list(BackupSet.select().where(BackupSet.tenant == self.tenant).order_by(BackupSet.id.desc()))
        ids, pins = {one.id for one in sets}, self._pins()
        if missing := pins - ids:
            yield f"the pinned sets {sorted(missing)} are gone"
        if left := ids - pins - {one.id for one in sets[: self.last]}:
            yield f"the sets {sorted(left)} are there still, for no rule"
        listed = {one for backup_set in sets for one in backup_sets.snapshot_ids(backup_set)}
        newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.tenant == self.tenant).group_by(Snapshot.policy)
        listed |= {row[0] for row in newest.tuples()}
        there = {one.id for one in Snapshot.select().where(Snapshot.tenant == self.tenant)}
        if listed != there:
            yield f"the snapshots {sorted(listed - there)} are gone, and {sorted(there - listed)} left for no set"
        if Tenant.get_by_id(self.tenant.id).retention != {"last": self.last, "daily": 0, "weekly": 0, "monthly": 0}:
            yield "its rules are others"
        # The next round's retention is its own.
        retention.set_rules(self.tenant, None, SYSTEM)


def _row(graph_id):
    return {"graph_id": graph_id, "name": f"Policy {graph_id[:13]}", "odata_type": None, "platform": "windows10",
            "is_built_in": False, "modified_at": None}  # fmt: skip


def _content(version):
    return {"body": {"name": "Policy", "version": version}, "assignments": []}
