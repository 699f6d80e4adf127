"""Works for the worst day: a push into a store of copies, and a rehearsal that writes into a lab and clears it."""

from datetime import timedelta

from actors.copies import layout
from actors.copies.stores.opening import open_store
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import signer, stores
from db.database import database
from db.models import AuditEvent, CopiedContent, CopiedSet, Rehearsal, RehearsalFinding, RehearsalSample, Run, Tenant
from db.rehearsals import rules
from db.states import ACTIVE, CopyState, RunKind, RunState
from tests.faults.stage import Stuck
from tests.faults.works import CATALOG, START_SECONDS, Work
from tests.support.copied import RECOVERY_KEY, read_copy
from tests.support.copy_stores import folder
from tests.support.simulated_tenant import SimulatedTenant

# Bytes a second: a set takes some seconds, so that a fault strikes on its way.
SLOW = stores.MIN_RATE


class Push(Work):
    """A set that waits for a store from before: the store is added, and the scheduler begins to push it."""

    kind = RunKind.PUSH
    policies, latency_ms = 30, 0

    def prepare(self):
        self._seed()
        self._be_ready()
        self.finish_one(f"/tenants/{self.tenant.id}/back-up", {})
        self.folder = self.stage.folder / "stores" / str(self.number)
        self.place = folder(self.folder)
        self.store = None

    def _start_until_there_is_a_run(self):
        self.store = self.stage.read(self._add_store)
        self.stage.wait_for(self._is_begun, "a push", START_SECONDS)

    def _add_store(self):
        with database.atomic():
            store = stores.add(
                f"Store {self.number}", self.place.address, {}, SYSTEM, copy_days=9, needs_lock=False,
                recipients=[str(RECOVERY_KEY.to_public())], bytes_per_second=SLOW,
            )  # fmt: skip
            # The sets of earlier rounds would go before it.
            CopiedSet.delete().where(CopiedSet.tenant != self.tenant).execute()
        return store

    def _is_begun(self):
        self.stage.keep_up()
        return bool(self.runs())

    def is_over(self):
        """Or so long that it waits for its next try."""
        return super().is_over() and self._copied().state == CopyState.COMPLETE

    def _copied(self):
        mine = (CopiedSet.store == self.store) & (CopiedSet.tenant == self.tenant)
        return self.stage.read(lambda: CopiedSet.get(mine))

    def check(self):
        """Check that the set is a copy, once, that opens with the recovery key alone: all else may have been tried."""
        try:
            self.stage.wait_for(self._is_copied, "the copy", START_SECONDS)
        except Stuck:
            yield f"the set is {self._copied().state}: {self._copied().message}"
            return
        runs = self.runs()
        if [run.state for run in runs].count(RunState.SUCCEEDED) != 1:
            yield f"the pushes ended {[run.state for run in runs]}"
        copied = self._copied()
        told = (AuditEvent.action == "backup-set:copied") & (AuditEvent.tenant_id == self.tenant.id)
        if AuditEvent.select().where(told).count() != 1:
            yield "the copy is told more or less often than once"
        yield from self._check_store(copied)
        there = self.simulated.objects()[CATALOG]
        documents = read_copy(self.place, copied)
        if not {one["name"] for one in there.values()} <= documents.keys():
            yield f"the copy holds {len(documents)} of {len(there)} policies"
        stores.remove(self.store, SYSTEM)

    def _on_record(self):
        self.stage.keep_up()
        is_there = (CopiedContent.store == self.store) & CopiedContent.on_its_way_since.is_null()
        rows = self.stage.read(lambda: list(CopiedContent.select().where(is_there)))
        return {layout.content_path(row.name) for row in rows}

    def _is_copied(self):
        self.stage.keep_up()
        return self.is_over()

    def _check_store(self, copied):
        store = open_store(self.place.address, {})
        on_record = self._on_record()
        found = {one.name for one in store.list("contents/")}
        if not on_record <= found or len(found) < copied.contents:
            yield f"{len(found)} contents are there, {len(on_record)} on record, {copied.contents} in the set"
        try:
            # What no set has comes beside it (actors/copies/loose.py): it is there before the record says so.
            self.stage.wait_for(lambda: found <= self._on_record(), "all that is there on record", START_SECONDS)
        except Stuck:
            yield "contents are there that nobody has on record"
        path = layout.manifest_path(copied)
        if not signer.is_signed(
            signer.own_signer().public_key, path, copied.manifest_checksum, store.get(layout.signature_path(path))
        ):
            yield "the manifest is not signed"


class Rehearse(Work):
    """A rehearsal with a lab, which holds one policy of its own: it alone is there afterwards."""

    kind = RunKind.REHEARSE
    policies, latency_ms = 6, 60

    def prepare(self):
        self._seed()
        # A second tenant, by the same words: who seeds it keeps its simulated directory apart.
        own, self.guid = (self.guid, self.tenant, self.simulated), f"{self.number:08x}-2222-4222-8222-222222222222"
        self.number += 100_000
        self.simulated = SimulatedTenant(self.stage.simulator, self.guid)
        self.policies = 1
        self._seed()
        self.lab, self.lab_simulated = self.tenant, self.simulated
        self.number -= 100_000
        self.guid, self.tenant, self.simulated = own
        self.stage.read(self._name_lab)
        self.before = self.lab_simulated.objects()[CATALOG]
        self._be_ready()

    def _name_lab(self):
        rules.mark_lab(self.lab, True, SYSTEM)
        rules.name_lab(self.tenant, Tenant.get_by_id(self.lab.id), SYSTEM)

    def request(self):
        return f"/tenants/{self.tenant.id}/rehearsals", {}

    def check(self):
        rehearsal = Rehearsal.get(Rehearsal.tenant == self.tenant)
        for run in Run.select().where(Run.tenant.in_([self.tenant.id, self.lab.id])):
            is_own = run.kind == RunKind.REHEARSE and run.id == rehearsal.run_id
            if run.state != RunState.SUCCEEDED and not (is_own and self.may_be_cancelled):
                yield f"run {run.id} ({run.kind}) ended {run.state}: {run.error_message}"
        left = self.lab_simulated.objects()[CATALOG].keys() - self.before.keys()
        named = [row.message for row in RehearsalFinding.select().where(RehearsalFinding.rehearsal == rehearsal)]
        unnamed = [key for key in left if not any(key in message for message in named)]
        if unnamed:
            yield f"{unnamed} are left in the lab, and nobody says so"
        if left and not self._is_due(rehearsal):
            yield f"{left} are left in the lab, and nobody will remove them"
        if rehearsal.lab_restore_id and not left and rehearsal.lab_cleared_at is None:
            yield "the lab is as it was, and the rehearsal does not know"
        if self.simulated.requests()["writes"]:
            yield "the rehearsed tenant was written to"

    def _is_due(self, rehearsal):
        return rehearsal.removal_due_at is not None and rehearsal.removal_due_at < utcnow() + timedelta(hours=1)

    def is_over(self):
        """With the run that removes what a cancelled one left."""
        if not super().is_over():
            return False
        rehearsal = self.stage.read(lambda: Rehearsal.get(Rehearsal.tenant == self.tenant))
        is_left = rehearsal.lab_restore_id and rehearsal.lab_cleared_at is None
        return not is_left and not self._lab_is_busy()

    def has_written(self):
        """Tell whether its sample is in the lab."""
        rehearsal = Rehearsal.get_or_none(Rehearsal.tenant == self.tenant)
        return rehearsal is not None and RehearsalSample.select().where(RehearsalSample.rehearsal == rehearsal).exists()

    def _lab_is_busy(self):
        return self.stage.read(lambda: Run.select().where((Run.tenant == self.lab) & Run.state.in_(ACTIVE)).exists())
