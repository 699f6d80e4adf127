"""What of a run's end may be told: once, when it has ended, and nothing of what is quiet."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Occurrence, Restore, Run, Tenant
from db.notices import run_occurrences
from db.restores import restore_drafts
from db.runs import completion, confirmation_requests, runs
from db.runs.run_items import NewRunItem
from db.states import NoticeEvent, RestoreState, RunKind, RunState
from tests.support.claimed_runs import claimed
from tests.support.restore_steps import as_previewed, options, person

pytestmark = pytest.mark.usefixtures("lock_order")


@pytest.mark.parametrize(
    ("kind", "state", "event"),
    [
        (RunKind.BACK_UP, RunState.FAILED, NoticeEvent.RUN_FAILED),
        (RunKind.BACK_UP, RunState.PARTIAL, NoticeEvent.RUN_PARTIAL),
        (RunKind.BACK_UP, RunState.SUCCEEDED, None),
        (RunKind.BACK_UP, RunState.CANCELLED, None),
        (RunKind.PRUNE, RunState.FAILED, NoticeEvent.RUN_FAILED),
        (RunKind.WATCH, RunState.FAILED, None),
        (RunKind.PREVIEW, RunState.FAILED, None),
        (RunKind.RESTORE, RunState.SUCCEEDED, NoticeEvent.RESTORE_DONE),
        (RunKind.RESTORE, RunState.PARTIAL, NoticeEvent.RESTORE_DONE),
    ],
)
def test_the_end_of_a_run_is_one_occurrence_or_none(cast, kind, state, event):
    run = Run.create(tenant=cast.contoso, kind=kind, state=state, dedupe_key="x")
    for _ in range(2):
        run_occurrences.on_run_ended(run, state, {"done": 3, "failed": 1})
    assert [(row.event, row.run_id, row.facts["state"]) for row in Occurrence.select()] == (
        [(event, run.id, state)] if event else []
    )


def test_a_run_that_fails_is_noted_in_the_transaction_that_ends_it(cast):
    started = runs.start(
        tenant=cast.contoso,
        kind=RunKind.SYNC,
        dedupe_key="sync",
        items=[NewRunItem("configurationPolicies", "Ring")],
        actor=SYSTEM,
    )
    completion.fail(claimed(started), "sign_in", "Refused.")
    assert [(row.event, row.run_id) for row in Occurrence.select()] == [(NoticeEvent.RUN_FAILED, started.run.id)]


def test_a_plan_waits_for_a_second_person_and_somebody_asks_for_one(cast, captured):
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "a snapshot")
    items = restore_drafts.new_items_from_snapshots([captured[0][2]])
    made = restore_drafts.create(cast.contoso, source, items, options(), person(cast.ada.id))
    restore = as_previewed(made)
    preview = Run.create(
        tenant=cast.contoso, kind=RunKind.PREVIEW, state="succeeded", restore_id=restore.id, dedupe_key="x"
    )
    run_occurrences.on_run_ended(preview, RunState.SUCCEEDED, {})
    assert not Occurrence.select().exists(), "this tenant asks for no second person"
    Tenant.update(four_eyes=True).execute()
    run_occurrences.on_run_ended(preview, RunState.SUCCEEDED, {})
    assert confirmation_requests.ask(restore, [cast.max], person(cast.ada.id))
    told = [(row.event, row.restore_id) for row in Occurrence.select().order_by(Occurrence.id)]
    assert told == [(NoticeEvent.RESTORE_WAITING, restore.id), (NoticeEvent.RESTORE_ASKED, restore.id)]
    Restore.update(state=RestoreState.DRAFT).execute()
    run_occurrences.on_run_ended(Run.create(**dict(preview.__data__, id=None)), RunState.FAILED, {})
    assert Occurrence.select().count() == 2
