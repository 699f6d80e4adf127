"""Stints of runs: what each waited for is kept, bounded, and gone with the items."""

from datetime import timedelta

from db.clock import utcnow
from db.housekeeping import old_rows
from db.models import Run, Stint
from db.recovery import lost_runs
from db.runs import child_runs, claims, completion
from db.states import RunKind, RunState
from db.waits import stints

MINUTE = timedelta(minutes=1)


def begun(cast, name="x", **columns):
    run = Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key=name, **columns)
    return claims.take_claim(run.id, run.kind)


def kept(run):
    return [(stint.part, stint.waits_for, stint.wait_seconds, stint.times) for stint in stints.of_run(run)]


def test_each_wait_is_kept_and_of_very_many_the_last_stands_for_the_rest(cast):
    claim = begun(cast)
    claims.wait(claim, "Microsoft limit reached.", 12)
    for n in range(stints.MOST_STINTS + 5):
        claim = claims.take_claim(claim.run.id, claim.run.kind)
        claims.schedule_retry(claim, f"Try {n}.", 1)
        Run.update(attempts=0).execute()
    found = kept(claim.run)
    assert (len(found), found[0]) == (stints.MOST_STINTS, (None, "Microsoft limit reached.", 12.0, 1))
    assert (found[-1][1], found[-1][3], found[-1][2] >= 7) == (f"Try {stints.MOST_STINTS + 4}.", 7, True)
    completion.finish(claims.take_claim(claim.run.id, claim.run.kind))
    assert kept(claim.run)[-1][1] is None, "the last one ends it"
    quick = begun(cast, "quick")
    completion.finish(quick)
    assert kept(quick.run) == [], "what never waited has its own times"


def test_parts_leave_their_stints_and_a_part_is_made_as_another_ends(cast):
    whole = begun(cast)
    parts = child_runs.create_children(whole, [[] for _ in range(child_runs.CHILDREN_AT_ONCE + 1)], with_rest=False)
    first = claims.take_claim(parts[0].id, parts[0].kind)
    claims.wait(first, "Microsoft limit reached.", 3)
    following = child_runs.end_child(claims.take_claim(parts[0].id, parts[0].kind))
    assert kept(whole.run) == [(None, None, 0, 1), (1, "Microsoft limit reached.", 3, 1), (1, None, 0, 1)]
    assert stints.of_run(whole.run)[-1].ended_at <= following.created_at
    assert [part.part for part in stints.parts_under_way(whole.run)] == [2, 3, 4, 5, 6, 7]


def test_a_worker_that_died_is_told_and_old_stints_go_with_the_items(cast):
    claim = begun(cast)
    Run.update(heartbeat_at=utcnow() - MINUTE).execute()
    lost_runs.take_back(Run.get())
    assert [(stint.waits_for, stint.began_at) for stint in stints.of_run(claim.run)] == [(stints.LOST, None)]
    long_ago = utcnow() - timedelta(days=91)
    Run.update(state=RunState.FAILED, created_at=long_ago, ended_at=long_ago).execute()
    assert (old_rows.delete_old_stints(92), old_rows.delete_old_stints(90), Stint.select().count()) == (0, 1, 0)
