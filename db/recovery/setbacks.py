"""Setbacks: what the scheduler could not do is set aside, tried later, shown, and deleted once it succeeds."""

from collections import Counter
from collections.abc import Collection
from datetime import timedelta

from db.clock import utcnow
from db.database import database
from db.models import Setback
from db.states import Sweep

# The subject of a setback of the step as a whole; otherwise it is the id of a row.
WHOLE_STEP = 0
# Twice as long after every failure: a defect must not fill the log, and what was mended must not wait for hours.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=5)
MAX_DOUBLINGS = 10
# The names of a step's rows, unless they are runs.
_ROW_TITLES: dict[str, str] = {Sweep.SCHEDULES: "schedule", Sweep.REMOVE: "tenant"}


def all_setbacks() -> list[Setback]:
    """Return all setbacks, the longest first."""
    return list(Setback.select().order_by(Setback.since))


def is_postponed(setback: Setback) -> bool:
    """Return whether the next try is still to come.

    One that is too far off was set by a clock that was set back since.
    """
    return utcnow() < setback.again_at <= utcnow() + LONGEST_PAUSE


def count_by_step() -> dict[str, int]:
    """Return step -> setbacks; also for steps that only the scheduler of a later version knows."""
    return dict.fromkeys(Sweep, 0) | Counter(str(setback.step) for setback in all_setbacks())


def record(step: Sweep, subject: int, sentence: str) -> Setback:
    """Record that a row of the step, or the step as a whole, failed once more."""
    now = utcnow()
    with database.atomic():
        before = Setback.get_or_none((Setback.step == step) & (Setback.subject == subject))
        times = before.times + 1 if before else 1
        new = {
            Setback.last_at: now,
            Setback.again_at: now + min(FIRST_PAUSE * 2 ** min(times - 1, MAX_DOUBLINGS), LONGEST_PAUSE),
            Setback.times: times,
            Setback.sentence: sentence[:500],
        }
        Setback.insert({Setback.step: step, Setback.subject: subject, Setback.since: now, **new}).on_conflict(
            conflict_target=[Setback.step, Setback.subject], update=new
        ).execute()
        # While it is ours: another scheduler, which goes on as one that led before, may find that it goes well.
        return Setback.get((Setback.step == step) & (Setback.subject == subject))


def delete(step: Sweep, subjects: Collection[int]) -> None:
    if subjects:
        Setback.delete().where((Setback.step == step) & Setback.subject.in_(list(subjects))).execute()


def describe(setback: Setback) -> str:
    """Say what fails, since when, how often, and how it failed last."""
    what = "" if setback.subject == WHOLE_STEP else f" for {_ROW_TITLES.get(setback.step, 'run')} {setback.subject}"
    since = setback.since.isoformat(sep=" ", timespec="minutes")
    return f"“{setback.step}” fails{what} since {since} UTC, {setback.times} ×. Last: {setback.sentence}"
