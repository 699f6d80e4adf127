"""`/runs/`: the list, a run's page that follows it, and cancelling."""

from typing import Any, ClassVar

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_admin import Admin
from flask_admin.contrib.peewee.filters import FilterEqual
from flask_login import current_user

import actors.back_up
import actors.restore
from db import notifications, run_ends, runs
from db.errors import Invalid
from db.models import BackupSet, Notification, Policy, Run, RunItem, Tenant, User
from db.states import ACTIVE, ItemState, RunKind, RunState
from web import starting
from web.access import can, current_actor, fetch, refuse, requires, wants_json
from web.permissions import Permission
from web.text import duration, moment, state_badge
from web.views.base import ListView
from web.views.links import link
from web.views.policies import TenantFilter

pages = Blueprint("runs", __name__, url_prefix="/runs")

KINDS = {
    RunKind.SYNC: "Sync policies",
    RunKind.CAPTURE_SNAPSHOT: "Capture snapshot",
    RunKind.BACK_UP: "Back up",
    RunKind.PREVIEW: "Preview restore",
    RunKind.RESTORE: "Restore",
}
# What a run of which kind has failed to do may be tried again, by whom.
RETRIES = {RunKind.BACK_UP: Permission.OPERATE, RunKind.RESTORE: Permission.MANAGE}
ITEMS_SHOWN = 500


class RunList(ListView):
    related = (Run.tenant, Run.policy, Run.requested_by)
    column_list = ("id", "kind", "tenant", "policy", "state", "requested_by", "created_at", "duration")
    column_labels: ClassVar = {"id": "Run", "requested_by": "Requested by", "created_at": "Started"}
    column_sortable_list = ("id",)
    column_searchable_list = (Policy.name,)
    column_formatters: ClassVar = {
        "id": lambda view, context, row, name: link("runs.page", f"Run {row.id}", run_id=row.id),
        "kind": lambda view, context, row, name: KINDS.get(row.kind, row.kind),
        "tenant": lambda view, context, row, name: link("tenants.page", row.tenant.name, tenant_id=row.tenant_id),
        "policy": lambda view, context, row, name: (
            link("policies.page", row.policy.name, policy_id=row.policy_id) if row.policy else ""
        ),
        "state": lambda view, context, row, name: state_badge(row.state),
        "requested_by": lambda view, context, row, name: row.requested_by.name if row.requested_by else row.origin,
        "created_at": lambda view, context, row, name: moment(row.created_at),
        "duration": lambda view, context, row, name: duration(row.started_at, row.ended_at),
    }
    column_filters: ClassVar = [
        TenantFilter(Run.tenant, "Tenant", options=list),
        FilterEqual(Run.state, "State", options=[(state, state) for state in RunState]),
        FilterEqual(Run.kind, "Kind", options=[(kind, KINDS[kind]) for kind in KINDS]),
    ]
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

    def _mentions(self, word: str) -> Any:
        # By the policies' names alone, and through their index: a run has no name of its own.
        named = Policy.select(Policy.id).where(Policy.name.contains(word))
        return Run.policy.in_(named)


def register(admin: Admin) -> None:
    admin.add_view(RunList(Run, name="Runs", endpoint="run_list", url="/runs"))


@pages.get("/<run_id>")
@requires(Permission.SEE)
def page(run_id: str) -> str:
    run = fetch(Run, run_id, Permission.SEE)
    told = Notification.get_or_none(user=current_user.id, run=run)
    if told and run.state not in ACTIVE:
        notifications.mark_read(current_user.id, [told.id])
    return render_template("run.html", **facts(run))


@pages.get("/<run_id>/progress")
@requires(Permission.SEE)
def progress(run_id: str) -> Any:
    """The moving part of the page, made by the page's own partial; JSON when asked for."""
    run = fetch(Run, run_id, Permission.SEE)
    if wants_json():
        return jsonify(state=run.state, waiting=runs.waiting(run), counts=runs.counts(run), outcomes=runs.outcomes(run))
    return render_template("partials/run_progress.html", **facts(run))


def facts(run: Run) -> dict[str, Any]:
    wanted = request.args.get("items", "")
    items = RunItem.select().where(RunItem.run == run).order_by(RunItem.id)
    if wanted in set(ItemState):
        items = items.where(RunItem.state == wanted)
    return {
        "run": run,
        "waiting": runs.waiting(run),
        "backup_set": BackupSet.get_or_none(BackupSet.run == run),
        "may_retry": may_retry(run),
        "tenant": Tenant.get_by_id(run.tenant_id),
        "policy": Policy.get_or_none(Policy.id == run.policy_id),
        "requester": User.get_or_none(User.id == run.requested_by_id),
        "kind": KINDS.get(run.kind, run.kind),
        "counts": runs.counts(run),
        "outcomes": runs.outcomes(run),
        "items": list(items.limit(ITEMS_SHOWN)),
        "wanted": wanted,
        "states": list(ItemState),
        "is_active": run.state in ACTIVE,
        "may_cancel": _may_cancel(run),
    }


def may_retry(run: Run) -> bool:
    is_bad = run.state not in ACTIVE and bool(run.failed or run.uncertain)
    return run.kind in RETRIES and is_bad and can(RETRIES[RunKind(run.kind)], run.tenant_id)


def _may_cancel(run: Run) -> bool:
    mine = run.requested_by_id == current_user.id
    return run.state in ACTIVE and can(Permission.OPERATE if mine else Permission.MANAGE, run.tenant_id)


@pages.post("/<run_id>/cancel")
@requires(Permission.OPERATE)
def cancel(run_id: str) -> Any:
    run = fetch(Run, run_id, Permission.OPERATE)
    if run.state in ACTIVE and not _may_cancel(run):
        refuse(Permission.MANAGE, run.tenant)
    asked = run_ends.request_cancel(run, current_actor())
    flash(
        "The run stops at its next item." if asked else "The run had ended, or was being cancelled already.", "success"
    )
    return redirect(url_for("runs.page", run_id=run.id), 303)


@pages.post("/<run_id>/retry-failed")
@requires(Permission.OPERATE)
def retry_failed(run_id: str) -> Any:
    run = fetch(Run, run_id, Permission.OPERATE)
    fetch(Run, run_id, RETRIES.get(run.kind, Permission.OPERATE))
    again = actors.restore.retry_failed if run.kind == RunKind.RESTORE else actors.back_up.retry_failed
    try:
        if run.kind not in RETRIES:
            raise Invalid("Only backups and live restores are tried again by item. Start this one anew.")
        start = again(run, current_actor())
    except Invalid as e:
        flash(str(e), "warning")
        return redirect(url_for("runs.page", run_id=run.id), 303)
    return starting.answer(start, url_for("runs.page", run_id=start.run.id))
