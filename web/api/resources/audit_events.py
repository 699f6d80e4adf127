"""`/audit`: the audit log, as far as the token's person may read it."""

from datetime import UTC, datetime

from flask import Blueprint
from pydantic import AwareDatetime, Field

from db.audit import audit
from db.models import AuditEvent, Tenant
from db.states import Result, Scope
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, page
from web.api.problems import ProblemError
from web.api.representations import audit_events
from web.api.representations.audit_events import AuditEventJson
from web.security.access import allowed_tenant_ids, fetch
from web.security.permissions import Permission

routes = Blueprint("audit", __name__)


class AuditQuery(PageQuery):
    """The query of the audit log: the filters of its page, but for words."""

    tenant: int | None = Field(None, ge=1, lt=2**63, description="Only events of this tenant.")
    action: str = Field("", max_length=40, description="Only this act, as `run:requested`.")
    actor: str = Field("", max_length=255, description="Only acts of this actor: a person's e-mail address, say.")
    result: Result | None = Field(None, description="Only acts that ended so.")
    since: AwareDatetime | None = Field(None, description="Only events from then on.")
    until: AwareDatetime | None = Field(None, description="Only events before then.")


@routes.get("/audit")
@endpoint(Permission.AUDIT, Scope.AUDIT, returns=PageJson[AuditEventJson], query=AuditQuery, problems=(404,))
def list_audit_events(query: AuditQuery) -> ApiAnswer:
    """List events of the audit log, the newest first."""
    tenant_ids = allowed_tenant_ids(Permission.AUDIT)
    # Who audits every tenant asks for those that are removed, too.
    if query.tenant is not None and tenant_ids is not None:
        fetch(Tenant, query.tenant, Permission.AUDIT)
    select = audit.search(
        tenant_ids=tenant_ids,
        tenant_id=query.tenant,
        action=query.action,
        actor=query.actor,
        result=query.result or "",
        since=_naive(query.since),
        until=_naive(query.until),
    )
    return page(select, AuditEvent.id, query, audit_events.many)


def _naive(at: datetime | None) -> datetime | None:
    """Return the time as the database keeps it: UTC, without saying so."""
    try:
        return None if at is None else at.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as e:
        raise ProblemError(400, "The address asks for a time before all times, or after.") from e
