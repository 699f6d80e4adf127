"""The answer to every start of a run: a message with a link to it, at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from flask import flash, jsonify, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from actors.queue.enqueue import EnqueuedRun
from db.audit.audit import Actor
from db.errors import SwitchedOff
from db.models import Run, User
from db.names.work_names import Name, name_of
from db.states import RunKind, RunState
from web.presentation.links import name_html
from web.security.access import current_actor, wants_json
from web.translation.sentences import translated_markup

Row = TypeVar("Row")


def answer_start(start: EnqueuedRun, back_to: str) -> Response:
    address = url_for("runs.page", run_id=start.run.id)
    if wants_json():
        response: Response = jsonify(run=start.run.id, is_new=start.is_new, url=address)
        response.status_code = 202
        return response
    flash_run_started(start)
    return redirect(back_to, 303)


def flash_run_started(start: EnqueuedRun) -> None:
    flash(
        # The script puts its end in place of the words when it has ended.
        translated_markup('<span data-started="{}">{}</span> <a class="alert-link" href="{}">View run</a>').format(
            start.run.id, name_html(start_sentence(start)), url_for("runs.page", run_id=start.run.id)
        ),
        "info" if start.is_sent and not start.does_less else "warning",
    )


def start_for_each(rows: Iterable[Row], start: Callable[[Row, Actor], EnqueuedRun], kind: RunKind) -> None:
    """Start a run of that kind for each ticked row of a list."""
    acts = [partial(start, row, current_actor()) for row in rows]
    start_all(acts, url_for("run_list.index_view", tenant="all", kind=kind))


def start_all(acts: Sequence[Callable[[], EnqueuedRun]], runs_address: str) -> None:
    """Start many together, but for those of tenants that are switched off; say how many, with a link to their list."""
    if not acts:
        flash("Nothing was started: tick at least one row.", "warning")
    starts, refusals = [], []
    for act in acts:
        try:
            starts.append(act())
        except SwitchedOff as e:
            refusals.append(str(e))
    for sentence_of_one in dict.fromkeys(refusals):
        flash(sentence_of_one, "warning")
    if starts:
        _flash_runs_started(starts, runs_address)


def _flash_runs_started(starts: Sequence[EnqueuedRun], runs_address: str) -> None:
    if len(starts) == 1:
        flash_run_started(starts[0])
        return
    new = sum(start.is_new for start in starts)
    already_running = f" {len(starts) - new} of them were already running." if new < len(starts) else ""
    unsent = (
        "" if all(start.is_sent for start in starts) else " The queue cannot be reached; they start when it is back."
    )
    flash(
        translated_markup('{} runs are under way.{}{} <a class="alert-link" href="{}">View runs</a>').format(
            len(starts), already_running, unsent, runs_address
        ),
        "warning" if unsent else "success",
    )


def start_sentence(start: EnqueuedRun) -> Name:
    """Return what became of the start, as a sentence around the name of the run."""
    name = name_of(start.run)
    return replace(name, sentence=_start_words(start), values={"run": name})


def _start_words(start: EnqueuedRun) -> str:
    if not start.is_sent:
        return "Recorded: {run}. The queue cannot be reached; it starts by itself when it is back."
    is_queued = start.run.state == RunState.QUEUED
    if start.does_less:
        return (
            "Waiting to start already: {run}. It reads only what changed. Start the full backup when it has ended."
            if is_queued
            else "Already running: {run}. It reads only what changed. Start the full backup when it has ended."
        )
    if not start.is_new:
        return "Waiting to start already: {run}." if is_queued else "Already running: {run}."
    return "Started: {run}."


def started_by(run: Run, person: User | None) -> str:
    """Say who started the run, as words that follow the time."""
    if person is None:
        return starter(run, person)
    if run.origin == "command":
        return gettext("by %(name)s, from the command line", name=person.name)
    return gettext("by %(name)s", name=person.name)


def starter(run: Run, person: User | None) -> str:
    """Name who started the run, or say how it was started, for a column of its own."""
    if person is None:
        return gettext("from the command line") if run.origin == "command" else gettext("automatically")
    return gettext("%(name)s, from the command line", name=person.name) if run.origin == "command" else person.name
