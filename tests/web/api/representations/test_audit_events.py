"""An event keeps the name that its tenant had then."""

from db.audit.audit import SYSTEM
from db.models import AuditEvent
from db.tenants import tenants
from web.api.representations import audit_events


def test_an_event_has_the_tenants_name_of_its_time_and_its_place_in_the_chain(cast):
    tenants.rename(cast.contoso, "Renamed", SYSTEM)
    event = AuditEvent.get((AuditEvent.action == "tenant:added") & (AuditEvent.tenant_id == cast.contoso.id))
    [document] = audit_events.many([event])
    assert document["tenant"] == {"id": cast.contoso.id, "name": "Contoso"}
    assert (document["hash"], document["details"]["client_id"]) == (event.hash, cast.contoso.client_id)
