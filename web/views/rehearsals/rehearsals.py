"""`/tenants/<id>/rehearsals` and `/rehearsals/<id>`: what was rehearsed, what was found, and in which lab."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for

from actors.facade import policy_type_names
from actors.rehearsals import rehearse, report
from db.backups import disclosures
from db.clock import utcnow
from db.errors import SwitchedOff
from db.models import Rehearsal, RehearsalFinding, RehearsalSample, Restore, Run, Tenant
from db.rehearsals import rehearsals, rules
from db.restores import restores
from db.runs import run_items, runs
from db.states import DocumentFormat, RehearsalState
from web.inputs import page_number
from web.lists import tenant_field
from web.lists.numbered_page import NumberedPage
from web.presentation import run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated

pages = Blueprint("rehearsals", __name__)

SHOWN, LAST_PAGE = 20, 999
FINDINGS_SHOWN, REMARKS_SHOWN, SAMPLES_SHOWN = 10, 5, 10
# Tenants that a lab's page names as rehearsed there.
TENANTS_SHOWN = 20
# A tenant that passed none for longer is told so: twice the month that a schedule proposes.
OLD_AFTER = timedelta(days=62)


@dataclass(frozen=True)
class RehearsalsPage(NumberedPage):
    tenant: Tenant
    rows: list[Rehearsal]
    number: int
    has_more: bool

    def address_of(self, number: int) -> str:
        return url_for("rehearsals.index", tenant_id=self.tenant.id, page=number)

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)

    @property
    def counts(self) -> dict[tuple[int, bool], int]:
        return rehearsals.count_findings([row.id for row in self.rows])

    @property
    def is_lab(self) -> bool:
        return bool(rules.of_tenant(self.tenant).is_lab)

    @property
    def lab(self) -> Tenant | None:
        """The lab, for whoever may see that tenant."""
        lab = rules.lab_of(self.tenant)
        return lab if lab is not None and can(Permission.SEE, lab.id) else None

    @property
    def has_hidden_lab(self) -> bool:
        return self.lab is None and rules.of_tenant(self.tenant).lab_id is not None

    @property
    def lab_refusal(self) -> str:
        """Say why the lab may not be written to now; "" when it may."""
        return rules.refusal(self.tenant, self.lab) if self.lab is not None else ""

    @property
    def lab_names(self) -> list[str]:
        return tenant_field.proposed_names(Permission.MANAGE)

    @property
    def rehearsed_here(self) -> list[Tenant]:
        """The tenants that are rehearsed in this one and that the person may see."""
        found = rules.rehearsed_in(self.tenant, TENANTS_SHOWN)
        return [tenant for tenant in found if can(Permission.SEE, tenant.id)]

    @property
    def newest_passed(self) -> Rehearsal | None:
        return rehearsals.newest_passed(self.tenant)

    @property
    def is_overdue(self) -> bool:
        """Tell whether it was rehearsed, and none passed for long."""
        newest = self.newest_passed
        has_ended = any(row.state != RehearsalState.RUNNING for row in self.rows)
        return has_ended and (newest is None or newest.created_at < utcnow() - OLD_AFTER)


@pages.get("/tenants/<tenant_id>/rehearsals")
@requires(Permission.SEE)
def index(tenant_id: str) -> str:
    tenant, number = fetch(Tenant, tenant_id, Permission.SEE), page_number(LAST_PAGE)
    rows = rehearsals.of_tenant(tenant, SHOWN + 1, number * SHOWN)
    page = RehearsalsPage(tenant, rows[:SHOWN], number, len(rows) > SHOWN)
    return render_template("rehearsals/index.html", page=page)


@pages.post("/tenants/<tenant_id>/rehearsals")
@requires(Permission.MANAGE)
def start(tenant_id: str) -> Any:
    """Rehearse now. It may write to the lab: that takes who may execute a live restore."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    back_to = url_for("rehearsals.index", tenant_id=tenant.id)
    try:
        return run_messages.answer_start(rehearse.start(tenant, current_actor()), back_to)
    except SwitchedOff as e:
        flash(str(e), "danger")
        return redirect(back_to, 303)


@pages.post("/tenants/<tenant_id>/rehearsals/lab")
@requires(Permission.MANAGE)
def name_lab(tenant_id: str) -> Any:
    """Rehearse in the lab that was typed, or in none. Whoever names it manages both tenants."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        is_off = request.form.get("off") == "yes"
        lab = None if is_off else tenant_field.typed_tenant(request.form.get("lab", ""), Permission.MANAGE)
        rules.name_lab(tenant, lab, current_actor())
        if lab is None:
            flash(f"{tenant.name} is rehearsed without a lab from now on.", "success")
        else:
            flash(f"Rehearsals of {tenant.name} restore a sample into {lab.name} from now on.", "success")
    return redirect(url_for("rehearsals.index", tenant_id=tenant.id), 303)


@pages.post("/tenants/<tenant_id>/rehearsals/is-lab")
@requires(Permission.MANAGE)
def mark_lab(tenant_id: str) -> Any:
    """Say that rehearsals of other tenants may write to this one, or with `wanted` "no" that none may."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        is_lab = request.form.get("wanted", "yes") == "yes"
        rules.mark_lab(tenant, is_lab, current_actor())
        flash(f"{tenant.name} is a lab now." if is_lab else f"{tenant.name} is no lab any more.", "success")
    return redirect(url_for("rehearsals.index", tenant_id=tenant.id), 303)


@pages.get("/runs/<run_id>/rehearsal")
@requires(Permission.SEE)
def go(run_id: str) -> Any:
    """Lead from a run to its rehearsal; to the tenant's list where that is gone."""
    run = fetch(Run, run_id, Permission.SEE)
    rehearsal = rehearsals.find_of_run(run)
    if rehearsal is None:
        return redirect(url_for("rehearsals.index", tenant_id=run.tenant_id), 303)
    return redirect(url_for("rehearsals.page", rehearsal_id=rehearsal.id), 303)


@dataclass(frozen=True)
class LabSample:
    """A policy that went into the lab, with the title of its type."""

    row: RehearsalSample
    type_title: str


@dataclass(frozen=True)
class Remarks:
    """The first remarks of one sort: what the backup may not read, or what a restore leaves to people."""

    is_unread: bool
    rows: list[RehearsalFinding]
    count: int


@dataclass(frozen=True)
class RehearsalPage(NumberedPage):
    """`failures` is the page of failures that is shown."""

    rehearsal: Rehearsal
    failures: list[RehearsalFinding]
    number: int
    has_more: bool

    def address_of(self, number: int) -> str:
        return url_for("rehearsals.page", rehearsal_id=self.rehearsal.id, page=number)

    @property
    def run(self) -> Run | None:
        return runs.find_run(self.rehearsal.run_id) if self.rehearsal.run_id else None

    @property
    def is_moving(self) -> bool:
        return bool(self.rehearsal.state == RehearsalState.RUNNING)

    @property
    def report_formats(self) -> list[tuple[str, str]]:
        """The formats of the report, each with its name; none while it is under way."""
        return [] if self.is_moving else [(str(ending), name) for ending, (name, _) in REPORT_FORMATS.items()]

    @property
    def steps(self) -> list[Any]:
        """The steps as items of the run; none once those are gone."""
        return run_items.of_run(self.run) if self.run is not None else []

    @property
    def remarks(self) -> list[Remarks]:
        """The remarks, those that are no restore's apart; the sorts that there are."""
        counts, found = rehearsals.count_remarks(self.rehearsal), []
        for is_unread in (True, False):
            steps = [step for step in counts if (step in report.UNREAD) == is_unread]
            if steps:
                rows = rehearsals.findings_of(self.rehearsal, failures=False, limit=REMARKS_SHOWN, steps=steps)
                found.append(Remarks(is_unread, rows, sum(counts[step] for step in steps)))
        return found

    @property
    def keeps_all_failures(self) -> bool:
        return rehearsals.keeps_all_failures(self.rehearsal)

    @property
    def count_failures(self) -> int:
        return rehearsals.count_findings([self.rehearsal.id]).get((self.rehearsal.id, True), 0)

    @cached_property
    def _sampled(self) -> list[RehearsalSample]:
        return sorted(rehearsals.samples_of(self.rehearsal), key=lambda row: row.is_removed)

    @property
    def samples(self) -> list[LabSample]:
        """The first of the sample, those before that are still in the lab; the report has all."""
        return [LabSample(row, self.title_of(row.policy_type)) for row in self._sampled[:SAMPLES_SHOWN]]

    @property
    def count_samples(self) -> int:
        return len(self._sampled)

    def title_of(self, policy_type: str) -> str:
        return policy_type_names.title(policy_type, None)

    @property
    def may_see_lab(self) -> bool:
        lab_id = self.rehearsal.lab_id
        return lab_id is not None and can(Permission.SEE, lab_id)

    @property
    def lab(self) -> Tenant | None:
        """The lab, for whoever may see that tenant."""
        found: Tenant | None = Tenant.get_or_none(Tenant.id == self.rehearsal.lab_id) if self.may_see_lab else None
        return found

    @property
    def lab_restores(self) -> list[Restore]:
        """The restore into the lab and its undo, for whoever may see the lab, while they are kept."""
        ids = [self.rehearsal.lab_restore_id, self.rehearsal.lab_undo_id] if self.may_see_lab else []
        return restores.by_ids([number for number in ids if number])

    @property
    def plan_restore(self) -> Restore | None:
        found = restores.by_ids([self.rehearsal.plan_restore_id]) if self.rehearsal.plan_restore_id else []
        return found[0] if found else None

    @property
    def backup_run(self) -> Run | None:
        return runs.find_run(self.rehearsal.backup_run_id) if self.rehearsal.backup_run_id else None

    @property
    def seconds(self) -> float | None:
        ended = self.rehearsal.ended_at
        return (ended - self.rehearsal.created_at).total_seconds() if ended else None


# Format -> (its name on the button, the type of its file).
REPORT_FORMATS = {
    DocumentFormat.HTML: ("HTML", "text/html; charset=utf-8"),
    DocumentFormat.DOCX: ("Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    DocumentFormat.MARKDOWN: ("Markdown", "text/markdown; charset=utf-8"),
    DocumentFormat.CSV: ("CSV", "text/csv; charset=utf-8"),
}


@pages.get("/rehearsals/<rehearsal_id>/report.<ending>")
@requires(Permission.SEE)
def download_report(rehearsal_id: str, ending: str) -> Response:
    """Hand out the report as a file: it is small, and made of rows alone. A rehearsal under way has none yet."""
    rehearsal = fetch(Rehearsal, rehearsal_id, Permission.SEE)
    if ending not in list(DocumentFormat) or rehearsal.state == RehearsalState.RUNNING:
        abort(404)
    wanted = DocumentFormat(ending)
    shows_lab = rehearsal.lab_id is not None and can(Permission.SEE, rehearsal.lab_id)
    file = report.write(rehearsal, wanted, current_language(), translated, shows_lab=shows_lab)
    disclosures.record_rehearsal_report(rehearsal, ending, current_actor())
    headers = {"Content-Disposition": f'attachment; filename="rehearsal-{rehearsal.id}.{ending}"'}
    return Response(file, content_type=REPORT_FORMATS[wanted][1], headers=headers)


@pages.get("/rehearsals/<rehearsal_id>")
@requires(Permission.SEE)
def page(rehearsal_id: str) -> str:
    rehearsal, number = fetch(Rehearsal, rehearsal_id, Permission.SEE), page_number(LAST_PAGE)
    rows = rehearsals.findings_of(rehearsal, failures=True, limit=FINDINGS_SHOWN + 1, offset=number * FINDINGS_SHOWN)
    shown = RehearsalPage(rehearsal, rows[:FINDINGS_SHOWN], number, len(rows) > FINDINGS_SHOWN)
    return render_template("rehearsals/page.html", page=shown)
