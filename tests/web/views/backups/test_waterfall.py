"""Where the time of a run went: told in words for it and each part, and drawn together where parts are many."""

import re
from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Run, RunItem, Stint
from db.states import RunKind, RunState
from tests.support.large_tenant import insert
from web.views.backups.waterfall import MOST_LANES, WIDTH, waterfall

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BEGAN = utcnow().replace(microsecond=0) - timedelta(hours=2)
GRAPH, TRY = "Microsoft limit reached, continuing in 12 s.", "Microsoft Graph failed. Trying again in 4 s."


def at(seconds):
    return BEGAN + timedelta(seconds=seconds)


@pytest.fixture
def run(cast):
    return Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="x", state=RunState.SUCCEEDED, parts=7,
                      created_at=at(0), started_at=at(2), ended_at=at(100), total=1, done=1)  # fmt: skip


def stint(run, part, queued, began, ended, waits_for=None, seconds=0):
    return {"run": run.id, "part": part, "queued_at": at(queued), "began_at": began if began is None else at(began),
            "ended_at": at(ended), "waits_for": waits_for, "wait_seconds": seconds}  # fmt: skip


def words(run):
    return {lane.label: lane.words for lane in waterfall(run).lanes}


def test_each_part_says_what_it_waited_for(app, client, sign_in, cast, run):
    insert(Stint, [
        stint(run, None, 0, 2, 5),
        stint(run, 1, 5, 5, 10, GRAPH, 12),
        stint(run, 1, 5, 25, 30),
        stint(run, 3, 5, 6, 40, TRY, 4),
        stint(run, 3, 5, 44, 60),
        stint(run, 4, 60, 61, 70),
    ])  # fmt: skip
    RunItem.create(run=run, part=3, policy_type="x", name="x", state="failed", outcome="error")
    with app.test_request_context():
        assert words(run) == {
            "The run itself": "worked 3 s, waited for a worker 2 s, waited for other parts 1 min 35 s",
            "Part 1": "worked 10 s, waited for Microsoft Graph 12 s, waited for a worker 3 s",
            "Part 3": "worked 50 s, waited before another try 4 s, waited for a worker 1 s",
            "Part 4": "worked 9 s, waited for a worker 1 s, waited for part 3 55 s",
        }
    page = sign_in(client, cast.rita).get(f"/runs/{run.id}").get_data(as_text=True)
    shown = page.partition('id="waterfall"')[2]
    assert "worked 1 min 12 s, waited for Microsoft Graph 12 s, waited before another try 4 s" in shown
    assert ("1 not done" in shown, len(re.findall('<svg[^>]* aria-hidden="true"', shown))) == (True, 4)


def test_a_thousand_parts_are_drawn_together_within_the_width(app, run):
    insert(Stint, [stint(run, None, 0, 2, 5)])
    insert(Stint, [stint(run, n, 5 + n / 20, 6 + n / 20, 9 + n / 20) for n in range(1000)])
    with app.test_request_context():
        found = waterfall(run)
        assert len(found.lanes) == MOST_LANES + 1
        assert found.lanes[1].label == "Parts 0 to 49"
        assert found.lanes[1].words.startswith("worked 2 min 30 s, waited for a worker 50 s")
        assert max(bar.x + bar.width for lane in found.lanes for bar in found.bars(lane)) <= WIDTH + 1


def test_what_is_under_way_is_told_up_to_now_and_a_quick_run_has_no_picture(app, cast, run):
    with app.test_request_context():
        assert not waterfall(run).says_something, "it never waited, and has no parts"
        Run.update(state=RunState.RUNNING, ended_at=None).execute()
        part = Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP_PART, dedupe_key="p", parent=run, part=1,
                          state=RunState.RUNNING, created_at=at(5), started_at=at(6), waiting=GRAPH)  # fmt: skip
        insert(Stint, [stint(run, None, 0, 2, 5), stint(run, 1, 5, 6, 10, GRAPH, 86_400)])
        told = words(Run.get_by_id(run.id))["Part 1"]
        assert re.fullmatch(r"worked 4 s, waited for Microsoft Graph (2 h.*|1 h 59 min), waited for a worker 1 s", told)
        Run.update(claimed_by="a worker").where(Run.id == part.id).execute()
        Stint.update(wait_seconds=0).execute()
        assert re.match("worked (2 h|1 h 59 min)", words(Run.get_by_id(run.id))["Part 1"])
        assert waterfall(Run(started_at=None)) is None
