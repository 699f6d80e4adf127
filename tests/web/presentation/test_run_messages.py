"""Messages of starts: what becomes of a run that was asked for, in one sentence."""

import pytest

from actors.queue.enqueue import EnqueuedRun
from db.models import Run
from db.states import RunState
from web.presentation.run_messages import start_sentence

RUN = Run(id=41, state=RunState.RUNNING)


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (EnqueuedRun(RUN, is_new=True, is_sent=True), "Run 41 started."),
        (EnqueuedRun(RUN, is_new=False, is_sent=True), "Run 41 is already running; here it is."),
        (
            EnqueuedRun(RUN, is_new=True, is_sent=False),
            "Run 41 is recorded. The queue cannot be reached; it starts by itself when it is back.",
        ),
        (
            EnqueuedRun(RUN, is_new=False, is_sent=True, does_less=True),
            "Run 41 is already running, and reads only what changed. Start the full backup when it has ended.",
        ),
    ],
)
def test_sentence_says_whether_the_run_is_new_sent_and_enough(start, sentence):
    assert start_sentence(start) == sentence
