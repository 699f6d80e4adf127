"""`/runs/`: the list, a run's page that follows it, and cancelling."""

from typing import Any, ClassVar

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_admin import Admin
from flask_login import current_user

import config
from db.errors import Invalid
from db.models import Run
from db.policies import search
from db.restores import retries
from db.runs import levels, notifications, run_progress
from db.states import ACTIVE, RunKind, RunState
from web.acts import run_acts
from web.lists import filters
from web.lists.cells import cell, moment_cell, name_cell, tenant_cell, text_cell
from web.lists.filters import FAILED_OR_PARTIAL, Filter
from web.lists.list_view import ListView
from web.presentation import run_messages
from web.presentation.formatters import duration
from web.presentation.links import link
from web.security.access import current_actor, fetch, parse_row_id, requires, wants_json
from web.security.permissions import Permission
from web.verdicts import verdicts
from web.views.backups.run_page import KINDS, run_page

pages = Blueprint("runs", __name__, url_prefix="/runs")

TROUBLED = (RunState.FAILED, RunState.PARTIAL)
NEEDS_ATTENTION = "attention"
STATES = {FAILED_OR_PARTIAL: "failed or partial", NEEDS_ATTENTION: "something is missing"}
STATES |= {str(state): str(state) for state in RunState}


def _is_in_state(value: str) -> Any:
    if value == NEEDS_ATTENTION:
        return levels.NEEDS_ATTENTION
    return levels.is_listed_in(TROUBLED if value == FAILED_OR_PARTIAL else [RunState(value)])


class RunListView(ListView):
    related = (Run.tenant, Run.policy, Run.requested_by)
    column_list = (
        "id", "tenant", "state", "requested_by", "created_at", "duration", "kind", "policy", "ended_at",
        "total", "failed", "error_message",
    )  # fmt: skip
    hidden_columns = ("kind", "policy", "ended_at", "total", "failed", "error_message")
    column_labels: ClassVar = {
        "id": "Run",
        "requested_by": "Started by",
        "created_at": "Started",
        "duration": "Took",
        "ended_at": "Ended",
        "total": "Items",
        "error_message": "Why",
    }
    column_sortable_list = ("id",)
    has_names = True
    search_hint = "Policy, its Graph id, or a run's number"
    search_cap = 200  # their names are in another table
    nothing_yet = "No runs yet. Whatever you start is shown here."
    day_field = Run.created_at
    column_formatters: ClassVar = {
        "id": name_cell,
        "kind": cell(lambda run: KINDS.get(run.kind, run.kind)),
        "tenant": tenant_cell,
        "policy": cell(
            lambda run: link("policies.page", run.policy.name, policy_id=run.policy_id) if run.policy else ""
        ),
        "state": cell(verdicts.run_badge),
        "requested_by": cell(lambda run: run_messages.starter(run, run.requested_by)),
        "created_at": moment_cell,
        "duration": cell(lambda run: duration(run.started_at, run.ended_at)),
        "ended_at": moment_cell,
        "error_message": text_cell,
    }
    filters = (
        Filter(
            "state",
            "State",
            lambda: STATES,
            _is_in_state,
        ),
        Filter(
            "kind", "Kind", lambda: {str(kind): title for kind, title in KINDS.items()}, lambda value: Run.kind == value
        ),
        filters.person_filter(Run.requested_by),
    )
    export_columns = (
        "id",
        "kind",
        "tenant",
        "policy",
        "state",
        "requested_by",
        "created_at",
        "ended_at",
        "error_message",
    )

    def _scoped(self, query: Any) -> Any:
        # The parts of a run are its own affair.
        return super()._scoped(query).where(Run.parent.is_null())

    def _matches_word(self, word: str) -> Any:
        of_policy = search.policy_name_matches(word, Run.policy, self.tenant_ids())
        # Not "no number, or of the policy": PostgreSQL would look for every policy of that name first.
        return super()._matches_word(word) | of_policy if parse_row_id(word) else of_policy


def register(admin: Admin) -> None:
    admin.add_view(RunListView(Run, name="Runs", endpoint="run_list", url="/runs"))


@pages.get("/mine")
@requires(Permission.SIGNED_IN)
def mine() -> str:
    """The part of every page that says what runs and what is unread: one cheap request for both."""
    return render_template("runs/_pulse.html")


@pages.get("/<run_id>")
@requires(Permission.SEE)
def page(run_id: str) -> str:
    run = fetch(Run, run_id, Permission.SEE)
    notification = notifications.find_of_run(current_user.id, run)
    if notification and run.state not in ACTIVE:
        notifications.mark_read(current_user.id, [notification.id])
    return render_template("runs/page.html", page=run_page(run, given=request.args))


@pages.get("/<run_id>/progress")
@requires(Permission.SEE)
def progress(run_id: str) -> Any:
    """The moving part of the page, made by the page's own partial; JSON when asked for."""
    run = fetch(Run, run_id, Permission.SEE)
    if wants_json():
        return jsonify(
            state=run.state,
            waiting=run_progress.waiting_reason(run),
            counts=run_progress.count_by_state(run),
            outcomes=run_progress.count_by_outcome(run),
        )
    return render_template("runs/_progress.html", page=run_page(run, given=request.args))


@pages.post("/<run_id>/cancel")
@requires(Permission.OPERATE)
def cancel(run_id: str) -> Any:
    run = fetch(Run, run_id, Permission.OPERATE)
    is_requested = run_acts.cancel(run, current_actor())
    flash(
        "The run stops at its next item." if is_requested else "The run had ended, or was being cancelled already.",
        "success",
    )
    return redirect(url_for("runs.page", run_id=run.id), 303)


@pages.post("/<run_id>/approve-retry")
@requires(Permission.MANAGE)
def approve_retry(run_id: str) -> Any:
    run = fetch(Run, run_id, Permission.MANAGE)
    form, hours = request.form, config.settings().plan_hours
    try:
        if run.kind != RunKind.RESTORE:
            raise Invalid("Only the retry of a live restore needs an approval.")
        retries.approve(run, current_actor(), form.get("reason", ""), hours, plan=form.get("plan", ""))
        flash("Approved: what failed can be retried once.", "success")
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("runs/page.html", page=run_page(run, form.get("reason", ""))), 400
    return redirect(url_for("runs.page", run_id=run.id), 303)


@pages.post("/<run_id>/retry-failed")
@requires(Permission.OPERATE)
def retry_failed(run_id: str) -> Any:
    run = fetch(Run, run_id, Permission.OPERATE)
    run_acts.require_may_retry(run)
    try:
        start = run_acts.retry_failed(run, current_actor())
    except Invalid as e:
        flash(str(e), "warning")
        return redirect(url_for("runs.page", run_id=run.id), 303)
    return run_messages.answer_start(start, url_for("runs.page", run_id=start.run.id))
