"""What a run's page decides, without a worker: its bar, its badges, when it is late, and who approves a retry."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Restore, Run, RunItem
from db.restores import retries
from db.states import ItemState, Outcome, RunKind, RunState
from web.lists.folded_list import FoldedList, ListWish
from web.views.backups.run_page import ItemRow, RunPage

COUNTS = {"total": 4, "done": 2, "skipped": 0, "failed": 1, "uncertain": 0}


def page_of(run, counts=COUNTS, **values):
    listed = FoldedList(ListWish(), {}, lambda **_: "")
    given = {"choices": {}, "listed": listed, "items": [], "retry": None, **values}
    return RunPage(run=run, counts=counts, **given)


def test_bar_has_one_tally_for_each_state_that_items_are_in():
    tallies = page_of(Run(kind=RunKind.SYNC)).tallies
    assert [(tally.word, tally.number, tally.x, tally.width) for tally in tallies] == [
        (ItemState.DONE, 2, 0, 500),
        (ItemState.FAILED, 1, 500, 250),
    ]


def test_items_without_permission_are_called_so_and_not_skipped(app):
    counts = {"total": 5, "done": 1, "skipped": 4, "failed": 0, "uncertain": 0}
    page = page_of(Run(kind=RunKind.SYNC), counts, choices={"forbidden": 4, "listed": 1})
    assert [tally.word for tally in page.tallies] == ["done", "no permission"]
    assert [(sort.show, sort.label) for sort in page.sorts[1:]] == [
        ("forbidden", "no permission 4"), ("listed", "listed 1")]  # fmt: skip
    with app.test_request_context("/", headers={"Accept-Language": "de"}):
        assert [sort.label for sort in page.sorts[1:]] == ["keine Berechtigung 4", "aufgelistet 1"]
    assert ItemRow(RunItem(state=ItemState.SKIPPED, outcome=Outcome.FORBIDDEN)).badge_word == "no permission"


def test_bar_of_a_run_without_items_is_empty():
    assert page_of(Run(kind=RunKind.SYNC), dict.fromkeys(COUNTS, 0)).tallies == []


@pytest.mark.parametrize(
    ("state", "outcome", "badge", "beside"),
    [
        (ItemState.DONE, Outcome.CAPTURED, "captured", ""),
        (ItemState.PENDING, None, "pending", ""),
        (ItemState.FAILED, Outcome.ERROR, "failed", ""),
        (ItemState.SKIPPED, Outcome.CONFLICT, "skipped", "conflict"),
        (ItemState.SKIPPED, Outcome.FORBIDDEN, "skipped", ""),
    ],
)
def test_badge_says_the_state_where_that_needs_a_look_and_else_the_outcome(state, outcome, badge, beside):
    row = ItemRow(RunItem(state=state, outcome=outcome))
    assert row.badge == badge
    assert row.beside_badge == beside


@pytest.mark.parametrize(("seconds", "is_late"), [(14, False), (16, True)])
def test_run_is_late_after_half_as_long_again_as_usual(seconds, is_late):
    began = utcnow()
    page = page_of(Run(kind=RunKind.SYNC, started_at=began, ended_at=began + timedelta(seconds=seconds)))
    page.__dict__["usual_seconds"] = 10.0
    assert page.is_late is is_late


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_page_of_a_failed_live_run_has_the_form_that_approves_its_retry(client, sign_in, cast, monkeypatch):
    restore = Restore.create(
        tenant=cast.contoso, source_directory_id=cast.contoso.directory_id, source_name="a set", options={},
        created_by=cast.ada, state="finished", asks_four_eyes=True,
    )  # fmt: skip
    run = Run.create(
        tenant=cast.contoso, kind=RunKind.RESTORE, dedupe_key="of this test", state=RunState.FAILED,
        failed=1, total=1, restore_id=restore.id,
    )  # fmt: skip
    facts = {"policy_type": "configurationPolicies", "name": "Ring 1", "message": "It was refused."}
    RunItem.create(run=run, state=ItemState.FAILED, **facts)
    monkeypatch.setattr(retries, "lacks_only_approval", lambda run, hours: True)
    sign_in(client, cast.max)
    page = client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert "Approve this retry" in page
    assert 'data-copy="Ring 1: It was refused."' in page
    assert "what happened to Ring 1" in page
    assert f'action="/runs/{run.id}/approve-retry"' in page
