"""The acts of connecting a tenant, as the audit log tells them: requests for consent, and what came of them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

TENANTS = "Tenants"

CONSENT_ACTS = {
    Action.CONSENT_ASKED: AuditAct(
        TENANTS,
        "Asked for consent",
        "{who} made a link that asks the administrator of {directory_id} for consent ({access})",
        varies_by="directory_id",
        variants={"None": "{who} made a link that asks an administrator for consent ({access})"},
    ),
    Action.CONSENT_LINK_MADE: AuditAct(
        TENANTS, "Made a new link for consent", "{who} made a new link for the {subject} ({access})"
    ),
    Action.CONSENT_ANSWERED: AuditAct(
        TENANTS,
        "Consent was answered",
        "Microsoft answered the {subject} ({access}): the directory {directory_id} agreed, it says",
        "Microsoft answered the {subject} ({access}) with a refusal: {refusal}",
    ),
    Action.CONSENT_CONFIRMED: AuditAct(
        TENANTS, "Confirmed a directory", "{who} confirmed that {directory_id} is meant by the {subject} ({access})"
    ),
    Action.CONSENT_REJECTED: AuditAct(
        TENANTS, "Rejected a directory", "{who} rejected the directory {directory_id} for the {subject} ({access})"
    ),
    Action.CONSENT_WITHDRAWN: AuditAct(
        TENANTS, "Withdrew a request for consent", "{who} withdrew the {subject} ({access})"
    ),
    Action.TENANT_CONNECTED: AuditAct(
        TENANTS, "Connected a tenant", "{tenant} is connected: its directory is called {organization} ({run})"
    ),
    Action.TENANT_NOT_CONNECTED: AuditAct(
        TENANTS, "Could not connect a tenant", "{tenant} was not connected: {code} ({run})"
    ),
    Action.TENANT_DISCONNECTED: AuditAct(
        TENANTS, "Disconnected a tenant", "{who} disconnected {tenant} and deleted its credentials"
    ),
}
