"""One round: a work, a fault at a random moment of it, and the truth afterwards. What is random comes from the seed.

A fault at a seam is armed before the work starts, and comes when the work comes to the seam.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from db.models import RunItem
from tests.faults import truth
from tests.faults.faults import FAULTS
from tests.faults.later_works import LateRetry, RestoreOnApproval
from tests.faults.stage import Stuck
from tests.faults.unattended_works import Retention, ScheduledBackup
from tests.faults.works import START_SECONDS, Backup, LiveRestore, Preview, Sync
from tests.faults.worst_day_works import Push, Rehearse

WORKS = {
    "sync": Sync,
    "backup": Backup,
    "preview": Preview,
    "live restore": LiveRestore,
    "scheduled backup": ScheduledBackup,
    "retention": Retention,
    "restore on approval": RestoreOnApproval,
    "late retry": LateRetry,
    "push": Push,
    "rehearsal": Rehearse,
}
# When a fault strikes: with the start's own request, once the run is claimed, or once so much of its items is done.
MOMENTS = {"start": None, "claimed": 0.0, "a third": 0.33, "two thirds": 0.66, "end": 0.95}
SEAM = "its seam"


@dataclass(frozen=True)
class Plan:
    seed: int
    work: str
    fault: str
    moment: str
    delay: float
    lasts: float

    def __str__(self):
        when = f"{self.moment} + {self.delay:.2f} s for {self.lasts:.1f} s"
        return f"seed {self.seed}: {self.fault}, {when}, in a {self.work}"


@dataclass
class Figures:
    faults: Counter = field(default_factory=Counter)
    rounds: int = 0
    killed: int = 0
    runs: int = 0
    items: int = 0
    violations: list = field(default_factory=list)

    def __add__(self, other):
        return Figures(*(getattr(self, name) + getattr(other, name) for name in Figures.__dataclass_fields__))


def plan(seed, kind, *, work=None, fault=None, moment=None):
    """All that is not given by the dice, which are thrown whether it is given or not: the seed says the same again."""
    dice = random.Random(seed)
    thrown = dice.choice(
        sorted(name for name in of_engine(kind) if not (work and FAULTS[name].works) or work in FAULTS[name].works)
    )
    fault = fault or thrown
    thrown = dice.choice(sorted(FAULTS[fault].works or WORKS)), dice.choice(list(MOMENTS))
    work, moment = (given or one for given, one in zip((work, moment), thrown, strict=True))
    delay, lasts = dice.uniform(0, 0.6), dice.uniform(*FAULTS[fault].lasts)
    return Plan(seed, work, fault, SEAM if FAULTS[fault].is_at_a_seam else moment, delay, lasts)


def of_engine(kind):
    return [name for name, fault in FAULTS.items() if kind in fault.engines]


def play(stage, planned):
    """The figures of the round; its violations are sentences."""
    killed, stage.rounds, stage.has_struck = stage.killed, stage.rounds + 1, True
    work = stage.work = WORKS[planned.work](stage, stage.rounds, random.Random(planned.seed))
    try:
        work.prepare()
        fault = FAULTS[planned.fault].strike(stage)
        if planned.moment == SEAM:
            next(fault)
        with work.started():
            if planned.moment != SEAM:
                _wait_for_moment(stage, work, planned.moment)
                time.sleep(planned.delay)
                next(fault)
                time.sleep(planned.lasts)
            # Mended: the generator has nothing more to give.
            next(fault, None)
        stage.settle()
        found = truth.violations(stage, work)
    except Stuck as e:
        found = [f"stuck: {e}"]
    runs = work.runs() if work.is_ready else []
    items = stage.read(lambda: RunItem.select().where(RunItem.run.in_([one.id for one in runs])).count())
    came = "" if stage.has_struck else ", which did not come"
    return Figures(Counter({planned.fault + came: 1}), 1, stage.killed - killed, len(runs), items, found)


def _wait_for_moment(stage, work, moment):
    """Or until the work is done, which may be sooner."""
    share = MOMENTS[moment]
    if share is None:
        return
    stage.wait_for(lambda: work.has_come(share), f"{moment} of the work", START_SECONDS)
