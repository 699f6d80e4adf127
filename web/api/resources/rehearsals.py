"""`/rehearsals`: what was rehearsed and found, its report, and rehearsing now."""

import base64

from flask import Blueprint, abort
from pydantic import Field

from actors.rehearsals import rehearse, report
from db.backups import disclosures
from db.models import Rehearsal, Tenant
from db.sql import cursor_pages
from db.states import DocumentFormat, RehearsalState, Scope
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import RowId
from web.api.paging import PageJson, PageQuery, allowed_and_asked_for, page
from web.api.representations import rehearsals
from web.api.representations.rehearsals import RehearsalDetailsJson, RehearsalJson, RehearsalReportJson
from web.api.representations.starting import STARTS, start_once
from web.security.access import can, current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("rehearsals", __name__)

MOST_FINDINGS = 500
ENGLISH = "en"


class RehearsalQuery(PageQuery):
    """The filters of rehearsals."""

    tenant: RowId | None = Field(None, description="Only rehearsals of this tenant.")
    state: RehearsalState | None = Field(None, description="Only rehearsals in this state.")


class ReportQuery(Arguments):
    """The format of a report."""

    format: DocumentFormat = Field(DocumentFormat.MARKDOWN, description="The format of the file.")


@routes.get("/rehearsals")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[RehearsalJson], query=RehearsalQuery, problems=(404,))
def list_rehearsals(query: RehearsalQuery) -> ApiAnswer:
    """List rehearsals of restores, the newest first."""
    condition = allowed_and_asked_for(Rehearsal, query)
    return page(cursor_pages.select(Rehearsal, condition, Rehearsal.tenant), Rehearsal.id, query, rehearsals.listed)


@routes.get("/rehearsals/<rehearsal_id>")
@endpoint(Permission.SEE, Scope.READ, returns=RehearsalDetailsJson, has_etag=True)
def get_rehearsal(rehearsal_id: str) -> RehearsalDetailsJson:
    """Show a rehearsal: its findings, faults first, and what was restored into the lab."""
    return rehearsals.details(fetch(Rehearsal, rehearsal_id, Permission.SEE), MOST_FINDINGS)


@routes.get("/rehearsals/<rehearsal_id>/report")
@endpoint(Permission.SEE, Scope.READ, returns=RehearsalReportJson, query=ReportQuery)
def get_rehearsal_report(rehearsal_id: str, query: ReportQuery) -> RehearsalReportJson:
    """Hand out the report of a rehearsal as a file. One that is under way has none yet: 404."""
    rehearsal = fetch(Rehearsal, rehearsal_id, Permission.SEE)
    if rehearsal.state == RehearsalState.RUNNING:
        abort(404)
    shows_lab = rehearsal.lab_id is not None and can(Permission.SEE, rehearsal.lab_id)
    file = report.write(rehearsal, query.format, ENGLISH, str, shows_lab=shows_lab)
    disclosures.record_rehearsal_report(rehearsal, str(query.format), current_actor())
    is_text = query.format != DocumentFormat.DOCX
    return {
        "format": query.format,
        "file_name": f"rehearsal-{rehearsal.id}.{query.format}",
        "encoding": "utf-8" if is_text else "base64",
        "content": file.decode() if is_text else base64.b64encode(file).decode(),
    }


@routes.post("/tenants/<tenant_id>/rehearsals")
@endpoint(Permission.MANAGE, Scope.RESTORE, **STARTS)
def rehearse_tenant(tenant_id: str) -> ApiAnswer:
    """Rehearse a tenant's restore now. It may write to its lab. One that is under way is answered in its place."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    return start_once(lambda: rehearse.start(tenant, current_actor()))
