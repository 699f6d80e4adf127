"""The model of what should be, in plain Python: runs and who holds them, restores, schedules, sets, and what the
tenant holds.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.states import ACTIVE, UNFINISHED, RestoreState, RunKind, RunState

CHANGEABLE = ("draft", "previewed", "approved", "expired")


@dataclass
class Run:
    id: int
    kind: str
    key: str
    tenant_id: int
    restore_id: int | None = None
    parent: "Run | None" = None
    state: str = RunState.QUEUED
    # The worker that may write it.
    holder: object = None
    is_cancelled: bool = False
    # The people who asked for it.
    asked_by: set = field(default_factory=set)
    attempts: int = 0
    # Of a backup: whether its items are made; how many parts it has, and how many were begun.
    is_planned: bool = False
    parts: int = 0
    begun: int = 0

    @property
    def is_active(self):
        return self.state in ACTIVE

    @property
    def may_be_claimed(self):
        return self.is_active and self.holder is None


@dataclass
class Restore:
    id: int
    tenant_id: int
    four_eyes: bool
    # Policy id -> the version that it wants there.
    wanted: dict
    requesters: set
    set_id: int
    state: str = RestoreState.DRAFT
    previewed_at: datetime | None = None
    # Policy id -> the version that the preview, or the restore itself, saw there last.
    seen: dict = field(default_factory=dict)
    # Item id -> (run id, state, outcome) of its newest run item of a live run.
    newest: dict = field(default_factory=dict)

    def is_fresh(self, now, hours):
        return self.previewed_at is not None and self.previewed_at >= now - timedelta(hours=hours)

    def may_be_approved(self, who, now, hours):
        is_other = not self.four_eyes or who not in self.requesters
        return self.state == RestoreState.PREVIEWED and is_other and self.is_fresh(now, hours)

    def may_begin(self, now, hours):
        ready = ("approved",) if self.four_eyes else ("previewed", "approved")
        return self.state in ready and self.is_fresh(now, hours)

    def may_be_retried(self, run_id):
        """The items that this run could not do, and no later one took up."""
        return {
            item_id
            for item_id, (of_run, state, outcome) in self.newest.items()
            if of_run == run_id and state in ("failed", "uncertain") and outcome != "conflict"
        }

    @property
    def is_unfinished(self):
        return self.state in UNFINISHED


@dataclass
class Model:
    runs: dict = field(default_factory=dict)
    restores: dict = field(default_factory=dict)
    # Set id -> whether it is pinned; of those that are there. `safety`: what was there before a restore.
    sets: dict = field(default_factory=dict)
    safety: set = field(default_factory=set)
    gone_sets: set = field(default_factory=set)
    # Set id -> when it goes, of those that wait for their deletion. Until then everything may be done with them.
    waiting: dict = field(default_factory=dict)
    # Policy id -> the version that the tenant has just now.
    live: dict = field(default_factory=dict)
    # (policy id, version) of which there is a snapshot.
    kept: set = field(default_factory=set)

    def add(self, run):
        self.runs[run.id] = run

    def active(self, **facts):
        return [one for one in self.runs.values() if one.is_active and _has(one, facts)]

    def of_key(self, key):
        return next((one for one in self.active() if one.key == key), None)

    def parts_of(self, whole):
        return [one for one in self.runs.values() if one.parent is whole and one.is_active]

    def ended(self, run, state):
        """Whoever held it, or a part of it, holds it no more."""
        for part in self.parts_of(run):
            part.state, part.holder = "gone", None
        run.state, run.holder = state, None
        restore = self.restores.get(run.restore_id)
        if restore and run.kind == RunKind.RESTORE and restore.state == RestoreState.RUNNING:
            restore.state = RestoreState.FINISHED

    def protected(self):
        """The sets that stay whatever the rules say."""
        pinned = {set_id for set_id, is_pinned in self.sets.items() if is_pinned}
        return pinned | self.safety | {one.set_id for one in self.restores.values() if one.is_unfinished}


def _has(one, facts):
    return all(getattr(one, name) == value for name, value in facts.items())
