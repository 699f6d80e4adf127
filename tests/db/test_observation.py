import pytest

from db import observation
from db.audit.audit import SYSTEM
from db.models import Run
from db.observation import RunObserver
from db.runs import claims, completion, runs
from db.states import RunKind


class Notebook(RunObserver):
    def __init__(self):
        self.ends = []

    def begins(self, kind):
        return f"trace of {kind}"

    def ended(self, kind, state, seconds):
        self.ends.append((kind, state))


@pytest.fixture
def notebook():
    before = observation.observer()
    notebook = Notebook()
    observation.observe(notebook)
    yield notebook
    observation.observe(before)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_keeps_its_trace_and_the_request_that_asked_for_it_and_its_end_is_told_once(cast, notebook):
    token = observation.request_id.set("a request")
    started = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=(), actor=SYSTEM)
    observation.request_id.reset(token)
    kept = Run.get_by_id(started.run.id)
    assert (kept.trace, kept.asked_in) == ("trace of policy.sync", "a request")
    completion.finish(claims.take_claim(kept.id, RunKind.SYNC))
    quiet = runs.start(tenant=cast.contoso, kind=RunKind.WATCH, dedupe_key="w", items=(), actor=SYSTEM, is_quiet=True)
    completion.leave_no_trace(claims.take_claim(quiet.run.id, RunKind.WATCH))
    assert notebook.ends == [("policy.sync", "succeeded"), ("change.watch", "succeeded")]
