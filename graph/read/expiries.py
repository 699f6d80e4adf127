"""Certificates, tokens and connectors of a tenant, which run out or stop answering. Read once a day, never written.

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
ABSENT = ("notBound", "notSetUp", "neverConfigured", "notOnboarded", "terminated", "unavailable")


@dataclass(frozen=True)
class ExpiryKind:
    """A sort of object that expires, and the properties in which Graph says so.

    The first of `name_properties` that an object has is its name. `good_states`: the states in which nothing is wrong;
    empty means any. `last_seen_property` says when it last answered.
    """

    key: str
    title: str
    path: str
    access: Access
    name_properties: tuple[str, ...] = ("displayName",)
    end_property: str = ""
    state_property: str = ""
    good_states: tuple[str, ...] = ()
    last_seen_property: str = ""
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
        end_property="tokenExpirationDateTime",
        select="id,displayName,tokenExpirationDateTime",
    ),
    ExpiryKind(
        "managedPlay",
        "Managed Google Play",
        f"{DM}/androidManagedStoreAccountEnterpriseSettings",
        CONFIGURATION,
        ("ownerOrganizationName", "ownerUserPrincipalName"),
        state_property="bindStatus",
        good_states=("boundAndValidated",),
        is_single=True,
    ),
    ExpiryKind(
        "threatDefense",
        "Mobile threat defense connector",
        f"{DM}/mobileThreatDefenseConnectors",
        SERVICE_CONFIG,
        ("partnerDisplayName",),
        state_property="partnerState",
        good_states=("enabled", "available"),
        last_seen_property="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "compliancePartners",
        "Compliance partner",
        f"{DM}/complianceManagementPartners",
        SERVICE_CONFIG,
        state_property="partnerState",
        good_states=("enabled",),
        last_seen_property="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "managementPartners",
        "Device management partner",
        f"{DM}/deviceManagementPartners",
        SERVICE_CONFIG,
        state_property="partnerState",
        good_states=("enabled",),
        last_seen_property="lastHeartbeatDateTime",
    ),
    ExpiryKind(
        "assistancePartners",
        "Remote assistance partner",
        f"{DM}/remoteAssistancePartners",
        SERVICE_CONFIG,
        state_property="onboardingStatus",
        good_states=("onboarded",),
        last_seen_property="lastConnectionDateTime",
    ),
    ExpiryKind(
        "ndesConnectors",
        "NDES connector",
        f"{DM}/ndesConnectors",
        CONFIGURATION,
        ("displayName", "machineName"),
        state_property="state",
        good_states=("active",),
        last_seen_property="lastConnectionDateTime",
    ),
    ExpiryKind(
        "certificateConnectors",
        "Certificate connector",
        f"{DM}/certificateConnectorDetails",
        CONFIGURATION,
        ("connectorName", "machineName"),
        last_seen_property="lastCheckinDateTime",
    ),
    ExpiryKind(
        "cloudPki",
        "Cloud PKI certification authority",
        f"{DM}/cloudCertificationAuthority",
        Access("DeviceManagementCloudCA.Read.All", ("DeviceManagementCloudCA.ReadWrite.All",), is_optional=True),
        end_property="validityEndDateTime",
        state_property="certificationAuthorityStatus",
        good_states=("active",),
    ),
)
EXPIRY_KINDS: Mapping[str, ExpiryKind] = {kind.key: kind for kind in _KINDS}


@dataclass(frozen=True)
class ExpiringObject:
    """One object that expires. `state` is in Graph's words, with when it was heard of.

    `is_well`: its state asks for nothing to be done.
    """

    kind: str
    object_id: str
    name: str
    expires_at: datetime | None
    state: str = ""
    is_well: bool = True


def read_expiries() -> RequestSteps[tuple[dict[str, list[ExpiringObject]], dict[str, GraphError]]]:
    """Return ({kind: its objects}, {kind: why it could not be read}). Raises the error that another try may mend."""
    answers = yield [kind.path + (f"?$select={kind.select}" if kind.select else "") for kind in _KINDS]
    expiries: dict[str, list[ExpiringObject]] = {}
    refused: dict[str, GraphError] = {}
    for kind, answer in zip(_KINDS, answers, strict=True):
        if isinstance(answer.error, NotFound | NotAvailable):
            expiries[kind.key] = []
        elif isinstance(answer.error, Throttled | Unavailable):
            raise answer.error
        elif answer.error is not None:
            refused[kind.key] = answer.error
        else:
            try:
                expiries[kind.key] = _expiries(kind, answer.require_body())
            except Malformed as e:
                refused[kind.key] = e
    return expiries, refused


def _expiries(kind: ExpiryKind, body: dict[str, Any]) -> list[ExpiringObject]:
    """Return each object once: one without an id is known by its name."""
    expiries = [one for each in _objects(kind, body) if (one := _expiry(kind, each))]
    return list({expiry.object_id: expiry for expiry in expiries}.values())


def _objects(kind: ExpiryKind, body: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the objects on the first page, which is enough: nobody has a thousand of them."""
    return [body] if kind.is_single else page_items(body)


def _expiry(kind: ExpiryKind, item: Mapping[str, Any]) -> ExpiringObject | None:
    """Return the object's expiry; None when it was never set up."""
    state = (
        str(item.get(kind.state_property)) if kind.state_property and item.get(kind.state_property) is not None else ""
    )
    if state in ABSENT:
        return None
    name = next((str(item[name]) for name in kind.name_properties if item.get(name)), kind.title)
    last_seen = parse_time(item.get(kind.last_seen_property)) if kind.last_seen_property else None
    heard = f"last heard of {last_seen:%Y-%m-%d}" if last_seen else "never heard of"
    parts = (state, heard if kind.last_seen_property else "")
    return ExpiringObject(
        kind.key,
        storable(str(item.get("id") or name))[:200],
        storable(name)[:1000],
        parse_time(item.get(kind.end_property)) if kind.end_property else None,
        storable(" · ".join(filter(None, parts)))[:200],
        not kind.good_states or not state or state in kind.good_states,
    )
