"""The acts of connecting tenants, as the audit log tells them: credentials, and our own apps."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

TENANTS, INSTALLATION = "Tenants", "Installation"

CONNECTION_ACTS = {
    Action.CREDENTIAL_GIVEN: AuditAct(
        TENANTS,
        "Gave a credential",
        "{who} gave {tenant} a new {kind}, valid until {expires_at}",
        varies_by="expires_at",
        variants={"None": "{who} gave {tenant} a new {kind}"},
    ),
    Action.CREDENTIAL_TRIED: AuditAct(
        TENANTS, "Tried a credential", "The new {kind} of {tenant} did not sign in: {code} ({run})"
    ),
    Action.CREDENTIAL_IN_FORCE: AuditAct(
        TENANTS, "Put a credential in force", "The new {kind} of {tenant} signed in and is in force ({run})"
    ),
    Action.CREDENTIAL_SWITCHED_BACK: AuditAct(
        TENANTS, "Switched back to a credential", "{who} switched {tenant} back to its previous {kind}"
    ),
    Action.CREDENTIAL_FORGOTTEN: AuditAct(
        TENANTS, "Deleted a credential", "{who} deleted the {place} {kind} of {tenant}"
    ),
    Action.SHARED_APP_SET: AuditAct(INSTALLATION, "Named an app of ours", "{who} named {subject}: {client_id}"),
    Action.SHARED_APP_REMOVED: AuditAct(INSTALLATION, "Removed an app of ours", "{who} removed {subject}: {client_id}"),
    Action.SHARED_CREDENTIAL_GIVEN: AuditAct(
        INSTALLATION, "Gave an app of ours a credential", "{who} gave {subject} a new {kind}"
    ),
    Action.SHARED_CREDENTIAL_TRIED: AuditAct(
        INSTALLATION, "Tried a credential of an app of ours", "The new {kind} of {subject} did not sign in: {code}"
    ),
    Action.SHARED_CREDENTIAL_IN_FORCE: AuditAct(
        INSTALLATION,
        "Put a credential of an app of ours in force",
        "The new {kind} of {subject} signed in and is in force",
    ),
    Action.SHARED_CREDENTIAL_FORGOTTEN: AuditAct(
        INSTALLATION, "Deleted a credential of an app of ours", "{who} deleted the {place} {kind} of {subject}"
    ),
}
