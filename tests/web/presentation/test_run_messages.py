"""Messages of starts: what becomes of a run that was asked for, in one sentence."""

from datetime import datetime

import pytest

from actors.queue.enqueue import EnqueuedRun
from db.models import Run
from db.states import RunKind, RunState
from web.presentation.run_messages import start_sentence

RUNNING, QUEUED = (
    Run(id=41, kind=RunKind.SYNC, state=state, created_at=datetime(2020, 11, 26, 0, 39))
    for state in (RunState.RUNNING, RunState.QUEUED)
)


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (EnqueuedRun(RUNNING, is_new=True, is_sent=True), "Started: Sync of 26 Nov 2020 00:39 UTC."),
        (EnqueuedRun(RUNNING, is_new=False, is_sent=True), "Already running: Sync of 26 Nov 2020 00:39 UTC."),
        (EnqueuedRun(QUEUED, is_new=False, is_sent=True), "Waiting to start already: Sync of 26 Nov 2020 00:39 UTC."),
        (
            EnqueuedRun(RUNNING, is_new=True, is_sent=False),
            "Recorded: Sync of 26 Nov 2020 00:39 UTC. "
            "The queue cannot be reached; it starts by itself when it is back.",
        ),
        (
            EnqueuedRun(RUNNING, is_new=False, is_sent=True, does_less=True),
            "Already running: Sync of 26 Nov 2020 00:39 UTC. It reads only what changed. "
            "Start the full backup when it has ended.",
        ),
    ],
)
def test_sentence_says_whether_the_run_is_new_sent_and_enough(started, start, sentence):
    assert str(start_sentence(start)) == sentence


@pytest.fixture
def started(database):
    """A name is looked up in the database."""
