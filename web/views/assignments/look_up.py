"""`/assignments/look-up/`: which policies one person or one device gets, found by a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from actors.assignments import look_up
from actors.facade.csv_rows import csv_row
from db.assignments import look_ups
from db.encryption import SealError
from db.errors import Invalid
from db.models import Run
from db.states import ACTIVE, RunKind
from web.assignment_words.findings import COLUMNS, LookUpFindings, csv_values
from web.inputs import form_text, without_nul
from web.lists.list_view import stream_download
from web.lists.tenant_field import proposed_names, typed_tenant
from web.presentation.run_messages import flash_run_started
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission

pages = Blueprint("look_up", __name__, url_prefix="/assignments/look-up")

# Policies of one verdict: the page stays as short as others.
MOST_SHOWN = 6
KINDS = {"person": "A person, by user name or object id", "device": "A device, by name or object id"}


@dataclass(frozen=True)
class LookUpForm:
    """The fields as they were typed, so that a mistake loses nothing."""

    tenant: str
    kind: str
    name: str

    @property
    def kinds(self) -> dict[str, str]:
        return KINDS

    @property
    def tenants(self) -> list[str]:
        return proposed_names(Permission.OPERATE)


@dataclass(frozen=True)
class LookUpPage:
    """`findings`: None when what was asked is kept no longer."""

    run: Run
    findings: LookUpFindings | None

    @property
    def is_active(self) -> bool:
        return self.run.state in ACTIVE

    @property
    def most_shown(self) -> int:
        return MOST_SHOWN

    @property
    def days_kept(self) -> int:
        return look_ups.KEPT.days


@pages.get("/")
@requires(Permission.SEE)
def index() -> str:
    tenant = without_nul(request.args.get("tenant", ""))[:200]
    return _form(LookUpForm(tenant, "person", ""))


def _form(form: LookUpForm) -> str:
    return render_template("assignments/look_up_form.html", page=form)


@pages.post("/")
@requires(Permission.SEE)
def start() -> Any:
    form = LookUpForm(form_text("tenant"), form_text("kind", 10), form_text("name"))
    try:
        tenant = typed_tenant(form.tenant, Permission.OPERATE)
        started = look_up.start(tenant, form.kind, form.name, current_actor())
    except Invalid as e:
        flash(str(e), "warning")
        return _form(form), 400
    flash_run_started(started)
    return redirect(url_for("look_up.page", run_id=started.run.id), 303)


@pages.get("/<run_id>")
@requires(Permission.OPERATE)
def page(run_id: str) -> Any:
    run: Run = fetch(Run, run_id, Permission.OPERATE)
    if run.kind != RunKind.LOOK_UP:
        return redirect(url_for("runs.page", run_id=run.id), 303)
    return render_template("assignments/look_up.html", page=LookUpPage(run, _findings(run)))


@pages.get("/<run_id>/export.csv")
@requires(Permission.OPERATE)
def export(run_id: str) -> Any:
    run: Run = fetch(Run, run_id, Permission.OPERATE)
    findings = _findings(run)
    if findings is None or findings.found is None:
        return redirect(url_for("look_up.page", run_id=run.id), 303)
    return stream_download("look-up.csv", _lines(findings))


def _lines(findings: LookUpFindings) -> Iterator[str]:
    yield csv_row(COLUMNS)
    for row in findings.policies:
        yield csv_row(csv_values(row))


def _findings(run: Run) -> LookUpFindings | None:
    try:
        document = look_ups.find(run.id)
    except SealError:
        return None
    return LookUpFindings(run.tenant_id, document) if document else None
