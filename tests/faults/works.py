"""The works that faults strike: each has a tenant of its own, is started through the web, and knows the truth after.

`prepare` may let runs go before the fault: a restore needs a backup set. `check` says where what Tenantkeep tells of
the work is not what the simulator and the snapshots hold.
"""

import time
from contextlib import contextmanager
from threading import Thread

import requests

from actors.plans import drafts
from db.accounts import users
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import AuditEvent, BackupSet, Policy, Restore, Run, RunItem, Snapshot, Tenant, User, Write
from db.policies.snapshots import read_content
from db.restores import restore_items
from db.states import ACTIVE, ItemState, PolicyState, RestoreState, Role, RunKind, RunState, SetState
from db.tenants import tenants
from graph.policy_types.table import POLICY_TYPES
from tests.faults.stage import EMAIL, SUBSCRIBER, Stuck
from tests.support.restore_steps import options
from tests.support.simulated_tenant import WRITE, SimulatedTenant, catalog_policy

KEY = "configurationPolicies"
CATALOG = POLICY_TYPES[KEY].path.strip("/")
SECRET = "fault client secret"
GROUP = "00000000-0000-4000-8000-00000000000a"
START_SECONDS = 180


class Work:
    """One work in one tenant. `runs` are those that it made, whoever asked twice."""

    kind: RunKind
    policies, latency_ms = 60, 300

    def __init__(self, stage, number, dice):
        self.stage, self.number, self.dice = stage, number, dice
        self.guid = f"{number:08x}-1111-4111-8111-111111111111"
        self.simulated = SimulatedTenant(stage.simulator, self.guid)
        self.tenant = None
        self.is_ready = self.may_be_cancelled = False
        # How the web answered the last start, for whoever reads why nobody could.
        self._answered = "it was not asked"

    def prepare(self):
        self._seed()
        self._be_ready()

    def _be_ready(self, **flags):
        self.set_latency(self.latency_ms, **flags)
        self.is_ready = True

    def _seed(self):
        there = {f"{self.number:08x}-{one:04x}-4000-8000-000000000000": f"Policy {one}" for one in range(self.policies)}
        found = {key: {**catalog_policy(key, name, 3), "assignments": [_assigned(key)]} for key, name in there.items()}
        groups = {GROUP: {"id": GROUP, "displayName": "All"}}
        self.stage.control("POST", "tenants", {
            "name": f"Tenant {self.number}", "directory_id": self.guid, "client_id": self.guid, "client_secret": SECRET,
            "permissions": WRITE, "collections": {CATALOG: found, "groups": groups},
        })  # fmt: skip
        self.tenant = self.stage.read(self._connect)

    def _connect(self):
        tenant = tenants.add(f"Tenant {self.number}", self.guid, self.guid, SYSTEM)
        tenants.set_credential(tenant, "secret", {"secret": SECRET}, SYSTEM)
        for email, role in ((EMAIL, Role.MANAGER), (SUBSCRIBER, Role.READER)):
            users.set_member(User.get(User.email == email), tenant, role, SYSTEM)
        users.set_subscribed(User.get(User.email == SUBSCRIBER).id, tenant, True)
        return Tenant.get_by_id(tenant.id)

    def set_latency(self, milliseconds, **flags):
        self.simulated.change(flags={"latency_ms": milliseconds, **flags})

    # --- starting ----------------------------------------------------------------------------------------------------

    @contextmanager
    def started(self):
        """Somebody starts it, and tries again until there is a run; meanwhile the fault strikes."""
        failed = []

        def person():
            try:
                self._start_until_there_is_a_run()
            except Stuck as e:
                failed.append(e)

        thread = Thread(target=person)
        thread.start()
        try:
            yield self
        finally:
            thread.join()
        if failed:
            raise failed[0]

    def _start_until_there_is_a_run(self):
        deadline = time.monotonic() + START_SECONDS
        while not (self._ask() or self.runs()):
            if time.monotonic() > deadline:
                raise Stuck(f"nobody could start it in {START_SECONDS} s: {self._answered}")
            time.sleep(0.1)

    def _ask(self):
        """Tell whether the web said that there is a run."""
        path, form = self.request()
        try:
            answer = self.stage.person.post(path, form)
        except requests.RequestException as e:
            self._answered = repr(e)
            return False
        self._answered = f"{answer.status_code} {answer.text[:500]}, {answer.headers}"
        return answer.status_code == 202

    def finish_one(self, path, form):
        """A run of the preparation, to its end."""
        answer = self.stage.person.post(path, form)
        if not answer.ok:
            raise Stuck(f"{path} was answered with {answer.status_code} {answer.text[:500]}, {answer.headers}")
        run_id = answer.json()["run"]
        self.stage.wait_for(lambda: self._has_ended(run_id), f"run {run_id}", START_SECONDS)
        return run_id

    def _has_ended(self, run_id):
        self.stage.keep_up()
        return self.stage.read(lambda: Run.get_by_id(run_id).state not in ACTIVE)

    # --- looking at it -----------------------------------------------------------------------------------------------

    def runs(self):
        mine = (Run.tenant == self.tenant.id) & (Run.kind == self.kind)
        return self.stage.read(lambda: list(Run.select().where(mine).order_by(Run.id)))

    def progress(self):
        """From 0 to 1, by the items of its last run; 1 once it has ended."""
        runs = self.runs()
        if not runs:
            return 0.0
        if runs[-1].state not in ACTIVE:
            return 1.0
        rows = self.stage.read(lambda: items_of(runs[-1]))
        return sum(one.state != ItemState.PENDING for one in rows) / len(rows) if rows else 0.0

    def has_come(self, share):
        """It is claimed, and so much of its items is done."""
        self.stage.keep_up()
        return any(one.state != RunState.QUEUED for one in self.runs()) and self.progress() >= share

    def is_over(self):
        runs = self.runs()
        return bool(runs) and all(one.state not in ACTIVE for one in runs)

    def check(self):
        """Sentences; none when all of it is true."""
        for run in self.runs():
            if self.may_be_cancelled and run.state == RunState.CANCELLED:
                continue
            if run.state != RunState.SUCCEEDED:
                yield f"run {run.id} ended {run.state}: {run.error_message}"
            yield from self.check_run(run)


def _assigned(key):
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}
    return {"id": f"{key}_{GROUP}", "target": target}


def items_of(run):
    return list(RunItem.select().where(RunItem.run == run.id).order_by(RunItem.id))


class Sync(Work):
    kind = RunKind.SYNC
    latency_ms = 500

    def request(self):
        return f"/tenants/{self.tenant.id}/sync", {}

    def check_run(self, run):
        there = self.simulated.objects()
        for item in items_of(run):
            count = len(there.get(POLICY_TYPES[item.policy_type].path.strip("/"), {}))
            said = f"{count} {'policy' if count == 1 else 'policies'}"
            if item.state != ItemState.DONE or not str(item.message).startswith(said):
                yield f"{item.policy_type} is {item.state}, “{item.message}”; there are {count}"
        present = (Policy.tenant == self.tenant) & (Policy.state == PolicyState.PRESENT) & (Policy.policy_type == KEY)
        if {one.graph_id for one in Policy.select().where(present)} != set(there[CATALOG]):
            yield "the list of policies is not the tenant's"


class Backup(Work):
    kind = RunKind.BACK_UP
    # Two parts, and the rest.
    policies = 100

    def request(self):
        return f"/tenants/{self.tenant.id}/back-up", {}

    def check_run(self, run):
        there = self.simulated.objects()[CATALOG]
        backup_set = backup_sets.find_of_run(run)
        if backup_set.state != SetState.COMPLETE:
            yield f"set {backup_set.id} is {backup_set.state}"
        kept = Snapshot.select().where(Snapshot.id.in_(backup_sets.snapshot_ids(backup_set)))
        held = [one for one in kept if one.policy.policy_type == KEY]  # not the groups that these refer to
        if sorted(one.policy.graph_id for one in held) != sorted(there):
            yield f"set {backup_set.id} holds {len(held)} snapshots of {len(there)} policies"
        for snapshot in held:
            yield from _is_content(snapshot.content_id, there.get(snapshot.policy.graph_id), f"snapshot {snapshot.id}")
        for item in items_of(run):
            if item.state != ItemState.DONE or item.snapshot is None or item.snapshot.policy_id != item.policy_id:
                yield f"item {item.id} ({item.name}) is {item.state} with snapshot {item.snapshot_id}"


def _is_content(content_id, there, where):
    """Yield the differences between a content that we keep and the simulator's object."""
    if there is None:
        yield f"{where} is of a policy that is not there"
        return
    content = read_content(content_id)
    kept, held = _essence(content["body"], content["assignments"]), _essence(there, there["assignments"])
    if kept != held:
        yield f"{where} is not what is there: {kept} and {held}"


def _essence(body, assignments):
    settings = [one["settingInstance"] for one in body["settings"]]
    return body["name"], body["description"], settings, _targets(assignments)


def _targets(assignments):
    return sorted(one["target"]["groupId"] for one in assignments or ())


class _OfRestore(Work):
    """Work on a restore of a backup set: a third is gone since, a third is otherwise, a third is as it was."""

    policies = 40

    def prepare(self):
        self._seed()
        run_id = self.finish_one(f"/tenants/{self.tenant.id}/back-up", {})
        self._change_the_tenant()
        draft = self.stage.read(lambda: self._draft(run_id))
        self.restore = draft
        self._be_ready()

    def _change_the_tenant(self):
        self.wanted = self.simulated.objects()[CATALOG]
        keys = sorted(self.wanted)
        self.dice.shuffle(keys)
        third = len(keys) // 3
        self.gone, self.changed = set(keys[:third]), set(keys[third : 2 * third])
        for key in self.gone:
            self.simulated.delete(CATALOG, key)
        for key in self.changed:
            self.simulated.put(CATALOG, {**self.wanted[key], "description": "changed since", "assignments": []})
        self.live = self.simulated.objects()[CATALOG]

    def _draft(self, run_id):
        backup_set = BackupSet.get(BackupSet.run == run_id)
        return drafts.from_backup_set(backup_set, self.tenant, options(), SYSTEM)

    def action_of(self, item):
        if item.graph_id in self.gone:
            return "recreate"
        return "update" if item.graph_id in self.changed else "matches"

    def runs(self):
        return [one for one in super().runs() if one.restore_id == self.restore.id]


class Preview(_OfRestore):
    kind = RunKind.PREVIEW

    def request(self):
        return f"/restores/{self.restore.id}/preview", {}

    def check_run(self, run):
        restore = Restore.get_by_id(self.restore.id)
        if restore.state != RestoreState.PREVIEWED:
            yield f"restore {restore.id} is {restore.state}"
        for item in restore_items.items(restore):
            if item.action != self.action_of(item):
                yield f"the plan of {item.name} is {item.action}, not {self.action_of(item)}"
            if item.live_content_id:
                yield from _is_content(item.live_content_id, self.live[item.graph_id], f"the plan of {item.name}")
        for row in items_of(run):
            if row.state != ItemState.DONE:
                yield f"item {row.id} ({row.name}) is {row.state}"
        if self.simulated.objects()[CATALOG] != self.live:
            yield "a preview has changed the tenant"


class LiveRestore(_OfRestore):
    kind = RunKind.RESTORE
    latency_ms = 250

    def prepare(self):
        super().prepare()
        self.set_latency(0)
        self.finish_one(f"/restores/{self.restore.id}/preview", {})
        self._be_ready(lost_answers=self.stage.lost_answers, lost_answers_seed=self.number)

    def request(self):
        plan = self.stage.read(lambda: Restore.get_by_id(self.restore.id).planned_mark)
        return f"/restores/{self.restore.id}/execute", {"name": self.tenant.name, "reason": "ticket 4711", "plan": plan}

    def check_run(self, run):
        restore = Restore.get_by_id(self.restore.id)
        if restore.state != RestoreState.FINISHED:
            yield f"restore {restore.id} is {restore.state}"
        there = self.simulated.objects()[CATALOG]
        names = sorted(one["name"] for one in there.values())
        if names != sorted(one["name"] for one in self.wanted.values()):
            yield f"of {len(self.wanted)} policies {len(there)} are there, {len(names) - len(set(names))} of them twice"
        for item in restore_items.items(restore):
            yield from self._check_item(run, item, there)
        yield from self._check_safety_set(restore)

    def _check_item(self, run, item, there):
        row = RunItem.get((RunItem.run == run.id) & (RunItem.restore_item_id == item.id))
        outcome = {"recreate": "recreated", "update": "updated", "matches": "matches"}[self.action_of(item)]
        if (row.state, row.outcome) != (ItemState.DONE, outcome):
            yield f"{item.name} is {row.state} {row.outcome}, not {outcome}: {row.message}"
        key = item.created_id or item.target_id
        yield from _is_content(item.content_id, there.get(key), f"what {item.name} was written from")
        if row.snapshot_id:
            yield from _is_content(row.snapshot.content_id, there.get(key), f"what was read back of {item.name}")
        written = (AuditEvent.action == "policy:written") & (AuditEvent.tenant_id == self.tenant.id)
        told = [one for one in AuditEvent.select().where(written) if one.details["graph_id"] == key]
        if len(told) != (outcome != "matches"):
            yield f"{len(told)} audit events tell of {item.name}"
        if outcome != "matches" and not Write.select().where(Write.item == item.id).exists():
            yield f"no write of {item.name} is on record"

    def _check_safety_set(self, restore):
        held = backup_sets.snapshot_ids(restore.safety_set) if restore.safety_set else []
        kept = {one.policy.graph_id: one for one in Snapshot.select().where(Snapshot.id.in_(held))}
        if set(kept) != self.changed:
            yield f"the safety set holds {len(kept)} of the {len(self.changed)} policies that were overwritten"
        for key, snapshot in kept.items():
            yield from _is_content(snapshot.content_id, self.live[key], f"safety snapshot {snapshot.id}")
