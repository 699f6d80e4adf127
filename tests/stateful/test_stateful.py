"""Thousands of steps in any order, on both engines: `make steps STEPS=…` plays more of them, and others each time."""

from datetime import timedelta

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from db import clock
from db.runs import child_runs
from db.tenants import schedules
from tests.stateful.machine import Installation

STEPS_OF_EXAMPLE = 100
MUST_COME = (
    "backup_set.capture succeeded", "restore.live succeeded", "retention.prune succeeded", "begun by schedule",
    "begun by retention", "retried", "sets that went", "item updated", "copy.push succeeded",
    "readiness.assess succeeded", "deletions taken back", "restored from a set that waits",
)  # fmt: skip
# A short walk may pass these by.
RARE = ("restore.live partial", "taken back", "claim lost", "item conflict", "item unknown")
SOME_STEPS, MANY_STEPS = 1000, 4000


@pytest.fixture
def time_stands(monkeypatch):
    """Stop the clock: what happens hangs on no time and no tenant's id; a backup has more child runs than go side by
    side.
    """
    monkeypatch.setattr(clock, "_machine_time", Installation.time)
    monkeypatch.setattr(clock, "_ahead", timedelta(0))
    monkeypatch.setattr(schedules, "jitter", lambda *_: timedelta(0))
    monkeypatch.setattr(child_runs, "CHILDREN_AT_ONCE", 2)


@pytest.fixture
def settings(request):
    steps, seed = (request.config.getoption(f"--stateful-{name}") for name in ("steps", "seed"))
    if seed is not None:
        hypothesis.seed(seed)(Installation)
    return hypothesis.settings(
        max_examples=max(1, steps // STEPS_OF_EXAMPLE),
        stateful_step_count=STEPS_OF_EXAMPLE,
        derandomize=seed is None,
        # What went wrong is read from the steps; making them fewer takes minutes.
        phases=[hypothesis.Phase.generate],
    )


def test_whatever_comes_the_installation_is_as_the_model_says(
    database, redis_url, time_stands, settings, record_property
):
    Installation.steps.clear()
    Installation.came.clear()
    run_state_machine_as_test(Installation, settings=settings)
    record_property("steps", Installation.steps.total())
    print(Installation.came)
    steps = Installation.steps.total()
    wanted = (MUST_COME if steps >= SOME_STEPS else ()) + (RARE if steps >= MANY_STEPS else ())
    missing = [one for one in wanted if not Installation.came[one]]
    assert not missing, f"none of these came by, so nothing is known of them: {missing}"
