"""The doer of a change: a person in a portal, an app, or the service itself, in the words of both logs."""

import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from graph.simulator.store.state import Object, Tenant

# The portal's own id, the same in every tenant: learn.microsoft.com, Use audit logs to track and monitor events in
# Microsoft Intune.
INTUNE_PORTAL = ("5926fc8e-304e-4f59-8bed-58ca97cc39a4", "Microsoft Intune portal extension")
PERSON, APP, SERVICE = "person", "app", "service"


@dataclass(frozen=True)
class RecordedDoer:
    """`id`: of the user, or of the service principal; `name`: what a person signs in with, or an app is called."""

    kind: str = PERSON
    id: str = ""
    name: str = ""
    app_id: str = ""
    address: str = ""


def from_json(raw: dict[str, Any]) -> RecordedDoer:
    doer = RecordedDoer(**raw)
    return doer if doer.id else RecordedDoer(doer.kind, made_id(doer.name), doer.name, doer.app_id, doer.address)


# The client id in the token of the request at work, where there is one.
signed_in_app: ContextVar[str] = ContextVar("signed_in_app", default="")


def own_app(tenant: Tenant, client_id: str = "") -> RecordedDoer:
    """The app that signed in to the tenant, as the directory knows it where it holds its service principal."""
    client_id = client_id or signed_in_app.get() or tenant.client_id
    known = tenant.collections.get("servicePrincipals", {}).values()
    row = next((item for item in known if item.get("appId") == client_id), {})
    name = row.get("displayName") or "Tenantkeep"
    return RecordedDoer(APP, str(row.get("id") or made_id(f"{tenant.directory_id} {client_id}")), name, client_id)


def made_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def actor(doer: RecordedDoer) -> Object:
    """Intune's. A person has the portal's application beside the name, and never an address: rknightion/graph2otel.

    What an app alone is called there was read in tests of others only: `auditActorType`.
    """
    nobody: Object = {
        "auditActorType": None, "userPermissions": [], "applicationId": None, "applicationDisplayName": None,
        "userPrincipalName": None, "servicePrincipalName": None, "ipAddress": None, "userId": None,
    }  # fmt: skip
    if doer.kind == PERSON:
        application_id, name = INTUNE_PORTAL
        return nobody | {
            "auditActorType": "ItPro",
            "userPermissions": ["*"],
            "applicationId": doer.app_id or application_id,
            "applicationDisplayName": name,
            "userPrincipalName": doer.name,
            "userId": doer.id,
        }
    if doer.kind == APP:
        return nobody | {
            "auditActorType": "Application",
            "userPermissions": ["*"],
            "applicationId": doer.app_id,
            "applicationDisplayName": doer.name,
        }
    return nobody


def initiator(doer: RecordedDoer) -> Object:
    """Entra's: a user or an app, the other null; the app's `appId` is null on every record that was read
    (rknightion/graph2otel).
    """
    if doer.kind == PERSON:
        user = {"id": doer.id, "displayName": None, "userPrincipalName": doer.name, "ipAddress": doer.address,
                "homeTenantId": None, "homeTenantName": None}  # fmt: skip
        return {"app": None, "user": user}
    name = doer.name if doer.kind == APP else "Microsoft Azure AD Internal - Service"
    app = {"appId": None, "displayName": name, "servicePrincipalId": doer.id or None, "servicePrincipalName": None}
    return {"user": None, "app": app}
