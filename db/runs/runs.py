"""The run's state machine; db/runs/claims.py claims a run, and db/runs/completion.py ends it.

Each change is one UPDATE that names the state it expects.

    queued --claim--> running --finish--> succeeded | partial | failed | cancelled
              ^          |
              |          +--wait--> running, unclaimed, resume_at set
              +-- the scheduler sends again whatever is queued, due or abandoned (db/recovery/lost_runs.py)
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db import observation
from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database
from db.models import IS_ACTIVE, Policy, Restore, Run, Tenant, User
from db.runs import notifications
from db.runs.run_items import NewRunItem, add_items
from db.sql.value_lists import is_in
from db.states import RunKind
from db.tenants import tenants

# May start in a tenant that is switched off: it has to be mended before it is switched on, and its sets are copied.
KINDS_ALLOWED_WHEN_OFF = (RunKind.CREDENTIAL, RunKind.CONNECT, RunKind.PUSH)
# Nobody loses so many races in a row.
START_TRIES = 20


@dataclass(frozen=True)
class StartedRun:
    run: Run
    is_new: bool


def start(
    *,
    tenant: Tenant,
    kind: RunKind,
    dedupe_key: str,
    items: Sequence[NewRunItem],
    actor: Actor,
    policy: Policy | None = None,
    retry_of: Run | None = None,
    restore_id: int | None = None,
    backup_set_id: int | None = None,
    is_quiet: bool = False,
    even_off: bool = False,
) -> StartedRun:
    """Make a run with its items, notifications and audit event, or find the active one of the same key.

    `is_quiet`: it is housekeeping, of which nobody is told, and no event says that it was asked for.
    `even_off`: it may be for a tenant that is switched off, as the kinds in KINDS_ALLOWED_WHEN_OFF always are.
    Raises SwitchedOff when nothing may start in the tenant.
    """
    columns = {
        "tenant": tenant,
        "kind": kind,
        "dedupe_key": dedupe_key,
        "policy": policy,
        "requested_by": actor.user_id,
        "origin": actor.origin,
        "total": len(items),
        "retry_of": retry_of,
        "restore_id": restore_id,
        "backup_set_id": backup_set_id,
        "asked_in": observation.request_id.get(),
        "trace": observation.observer().begins(kind),
    }
    # The winner may end between our INSERT and our SELECT: then the key is free again and we try once more.
    for _ in range(START_TRIES):
        with database.atomic():
            tenants.lock_switched_on(tenant, even_off=even_off or kind in KINDS_ALLOWED_WHEN_OFF)
            run = _insert(columns)
            if run:
                add_items(run, items)
                if not is_quiet:
                    _announce(run, actor)
                return StartedRun(run, is_new=True)
        active = find_active(dedupe_key)
        if active:
            add_follower(active, actor)
            return StartedRun(active, is_new=False)
    raise RuntimeError(f"{dedupe_key} neither starts nor runs")


def _announce(run: Run, actor: Actor) -> None:
    notifications.notify_recipients(run)
    audit.record(Action.RUN_REQUESTED, actor, f"run {run.id}", tenant=run.tenant, kind=run.kind, origin=actor.origin)


def _insert(columns: Mapping[str, Any]) -> Run | None:
    """Return the new run, or None while another one of its key is active."""
    # RETURNING tells an ignored insert from a real one; without it SQLite answers the previous row's id.
    rows = Run.insert(columns).on_conflict_ignore().returning(Run.id).tuples().execute()
    ids = [row[0] for row in rows]
    return Run.get_by_id(ids[0]) if ids else None


def add_follower(run: Run, actor: Actor) -> None:
    """Notify somebody who asked for a run and found it under way."""
    if actor.user_id is not None:
        notifications.notify_user(run, User.get_by_id(actor.user_id))


def find_active(dedupe_key: str) -> Run | None:
    return Run.get_or_none((Run.dedupe_key == dedupe_key) & IS_ACTIVE)


def mark_enqueued(run_ids: Collection[int]) -> None:
    """Record that these runs' messages are in a queue now."""
    if run_ids:
        Run.update(enqueued_at=utcnow()).where(Run.id.in_(list(run_ids)) & IS_ACTIVE).execute()


def is_active(run_id: int) -> bool:
    return Run.select().where((Run.id == run_id) & IS_ACTIVE).exists()


def active_ids(run_ids: Iterable[int]) -> set[int]:
    active: Any = Run.select(Run.id).where(is_in(Run.id, run_ids) & IS_ACTIVE)
    return {row[0] for row in active.tuples()}


def find_run(run_id: int) -> Run | None:
    """Return the run of this number, or None: a child run has none of its own."""
    run: Run | None = Run.get_or_none((Run.id == run_id) & Run.parent.is_null())
    return run


def set_total(run: Run, total: int) -> None:
    """Record how many items the run has, once that is known."""
    Run.update(total=total).where(Run.id == run.id).execute()


def set_restore(run: Run, restore: Restore) -> None:
    """Record the draft that an upload's run has made."""
    Run.update(restore_id=restore.id).where(Run.id == run.id).execute()
