"""Setbacks are tried later each time, told in a sentence, and deleted once it goes well."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Setback
from db.recovery import setbacks
from db.states import Sweep


def test_each_failure_doubles_the_pause_up_to_the_longest(database):
    pauses = []
    for _ in range(12):
        setback = setbacks.record(Sweep.SEND, 7, "Redis is away.")
        pauses.append(setback.again_at - setback.last_at)
    assert pauses[:3] == [setbacks.FIRST_PAUSE, 2 * setbacks.FIRST_PAUSE, 4 * setbacks.FIRST_PAUSE]
    assert pauses[-1] == setbacks.LONGEST_PAUSE
    assert Setback.select().count() == 1


def test_setback_is_postponed_until_its_next_try(database):
    setback = setbacks.record(Sweep.SEND, 7, "Redis is away.")
    assert setbacks.is_postponed(setback)
    setback.again_at = utcnow() - timedelta(seconds=1)
    assert not setbacks.is_postponed(setback)
    setback.again_at = utcnow() + setbacks.LONGEST_PAUSE + timedelta(hours=1)
    assert not setbacks.is_postponed(setback), "a clock was set back since"


def test_description_names_the_row_or_the_step_as_a_whole(database):
    row = setbacks.record(Sweep.SCHEDULES, 7, "No such time zone.")
    step = setbacks.record(Sweep.PRUNE, setbacks.WHOLE_STEP, "It broke.")
    setbacks.record(Sweep.PRUNE, setbacks.WHOLE_STEP, "It broke again.")
    assert f"“{Sweep.SCHEDULES}” fails for schedule 7 since" in setbacks.describe(row)
    assert setbacks.describe(row).endswith("1 ×. Last: No such time zone.")
    [step] = [setback for setback in setbacks.all_setbacks() if setback.step == Sweep.PRUNE]
    assert f"“{Sweep.PRUNE}” fails since" in setbacks.describe(step)
    assert setbacks.describe(step).endswith("2 ×. Last: It broke again.")


def test_deleted_setbacks_count_no_more(database):
    setbacks.record(Sweep.SEND, 7, "It broke.")
    setbacks.record(Sweep.SEND, 8, "It broke.")
    assert setbacks.count_by_step()[Sweep.SEND] == 2
    setbacks.delete(Sweep.SEND, [7])
    setbacks.delete(Sweep.SEND, [])
    assert setbacks.count_by_step()[Sweep.SEND] == 1
