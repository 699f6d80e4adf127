"""What of a tenant runs out, or has to answer: certificates, tokens, connectors. Read once a day, and never written.

No token is kept: of each object only its name, its end and its state. Routes and properties: Microsoft's own package,
msgraph-beta-sdk 1.66.0; which values are good, where no source is named, is read from their names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.content.timestamps import parse_time
from graph.errors import GraphError, Malformed, NotAvailable, NotFound, Throttled, Unavailable
from graph.policy_types.permissions import CONFIGURATION, SERVICE_CONFIG, Access
from graph.policy_types.policy_type import storable
from graph.transport.batch_driver import RequestSteps
from graph.transport.pages import page_items

DM, DAM = "/deviceManagement", "/deviceAppManagement"
# Never set up, or let go of again: nothing that could run out.
_ABSENT = ("notBound", "notSetUp", "neverConfigured", "notOnboarded", "terminated", "unavailable")


@dataclass(frozen=True)
class ExpiryKind:
    """`names`: the first of these properties that is there names it; `ends` says when, `state` how it is.

    `good`: the states in which nothing is wrong; none: any. `seen`: when it was heard of last.
    """

    key: str
    title: str
    path: str
    access: Access
    names: tuple[str, ...] = ("displayName",)
    ends: str = ""
    state: str = ""
    good: tuple[str, ...] = ()
    seen: str = ""
    is_single: bool = False
    select: str = ""


_KINDS = (
    ExpiryKind(
        "applePush",
        "Apple push certificate",
        f"{DM}/applePushNotificationCertificate",
        CONFIGURATION,
        ("appleIdentifier", "topicIdentifier"),
        "expirationDateTime",
        is_single=True,
        select="id,appleIdentifier,topicIdentifier,expirationDateTime,lastModifiedDateTime",
    ),
    ExpiryKind(
        "vppTokens",
        "Apple VPP token",
        f"{DAM}/vppTokens",
        SERVICE_CONFIG,
        ("displayName", "organizationName", "appleId"),
        "expirationDateTime",
        "state",
        ("valid", "assignedToExternalMDM"),
        select="id,displayName,organizationName,appleId,expirationDateTime,state,lastSyncStatus",
    ),
    ExpiryKind(
        "depTokens",
        "Apple automated enrollment token",
        f"{DM}/depOnboardingSettings",
        SERVICE_CONFIG,
        ("tokenName", "appleIdentifier"),
        "tokenExpirationDateTime",
        "lastSyncErrorCode",
        ("0",),
    ),
    ExpiryKind(
        "androidTokens",
        "Android enrollment token",
        f"{DM}/androidDeviceOwnerEnrollmentProfiles",
        CONFIGURATION,
        ends="tokenExpirationDateTime",
        select="id,displayName,tokenExpirationDateTime",
    ),
    ExpiryKind(
        "managedPlay",
        "Managed Google Play",
        f"{DM}/androidManagedStoreAccountEnterpriseSettings",
        CONFIGURATION,
        ("ownerOrganizationName", "ownerUserPrincipalName"),
        state="bindStatus",
        good=("boundAndValidated",),
        is_single=True,
    ),
    ExpiryKind(
        "threatDefense",
        "Mobile threat defense connector",
        f"{DM}/mobileThreatDefenseConnectors",
        SERVICE_CONFIG,
        ("partnerDisplayName",),
        state="partnerState",
        good=("enabled", "available"),
        seen="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "compliancePartners",
        "Compliance partner",
        f"{DM}/complianceManagementPartners",
        SERVICE_CONFIG,
        state="partnerState",
        good=("enabled",),
        seen="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "managementPartners",
        "Device management partner",
        f"{DM}/deviceManagementPartners",
        SERVICE_CONFIG,
        state="partnerState",
        good=("enabled",),
        seen="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "assistancePartners",
        "Remote assistance partner",
        f"{DM}/remoteAssistancePartners",
        SERVICE_CONFIG,
        state="onboardingStatus",
        good=("onboarded",),
        seen="lastConnectionDateTime",
    ),
    ExpiryKind(
        "ndesConnectors",
        "NDES connector",
        f"{DM}/ndesConnectors",
        CONFIGURATION,
        ("displayName", "machineName"),
        state="state",
        good=("active",),
        seen="lastConnectionDateTime",
    ),
    ExpiryKind(
        "certificateConnectors",
        "Certificate connector",
        f"{DM}/certificateConnectorDetails",
        CONFIGURATION,
        ("connectorName", "machineName"),
        seen="lastCheckinDateTime",
    ),
    ExpiryKind(
        "cloudPki",
        "Cloud PKI certification authority",
        f"{DM}/cloudCertificationAuthority",
        Access("DeviceManagementCloudCA.Read.All", ("DeviceManagementCloudCA.ReadWrite.All",), is_optional=True),
        ends="validityEndDateTime",
        state="certificationAuthorityStatus",
        good=("active",),
    ),
)
EXPIRY_KINDS: Mapping[str, ExpiryKind] = {one.key: one for one in _KINDS}


@dataclass(frozen=True)
class Expiry:
    """`state`: in Graph's words; `is_well`: nothing has to be done about it, as far as its state goes."""

    kind: str
    object_id: str
    name: str
    expires_at: datetime | None
    state: str = ""
    is_well: bool = True


def read_expiries() -> RequestSteps[tuple[dict[str, list[Expiry]], dict[str, GraphError]]]:
    """By kind what there is, and why what may not be read cannot be. Raises what another try may mend."""
    answers = yield [one.path + (f"?$select={one.select}" if one.select else "") for one in _KINDS]
    found: dict[str, list[Expiry]] = {}
    refused: dict[str, GraphError] = {}
    for kind, answer in zip(_KINDS, answers, strict=True):
        if isinstance(answer.error, NotFound | NotAvailable):
            found[kind.key] = []
        elif isinstance(answer.error, Throttled | Unavailable):
            raise answer.error
        elif answer.error is not None:
            refused[kind.key] = answer.error
        else:
            try:
                found[kind.key] = _expiries(kind, answer.require_body())
            except Malformed as e:
                refused[kind.key] = e
    return found, refused


def _expiries(kind: ExpiryKind, body: dict[str, Any]) -> list[Expiry]:
    """Each once: what has no id is told by its name."""
    found = [one for each in _objects(kind, body) if (one := _expiry(kind, each))]
    return list({one.object_id: one for one in found}.values())


def _objects(kind: ExpiryKind, body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """A first page is enough: nobody has a thousand of them."""
    return [body] if kind.is_single else page_items(body)


def _expiry(kind: ExpiryKind, one: Mapping[str, Any]) -> Expiry | None:
    """None for one that was never set up."""
    state = str(one.get(kind.state)) if kind.state and one.get(kind.state) is not None else ""
    if state in _ABSENT:
        return None
    name = next((str(one[name]) for name in kind.names if one.get(name)), kind.title)
    heard = parse_time(one.get(kind.seen)) if kind.seen else None
    said = state + (f", last heard of {heard:%Y-%m-%d}" if heard else ", never heard of" if kind.seen else "")
    return Expiry(
        kind.key,
        storable(str(one.get("id") or name))[:200],
        storable(name)[:1000],
        parse_time(one.get(kind.ends)) if kind.ends else None,
        storable(said.lstrip(", "))[:200],
        not kind.good or not state or state in kind.good,
    )
