"""The words of Conditional Access: what its values stand for, in parts of sentences.

The values are from Microsoft's model; what they mean is from learn.microsoft.com/graph/api/resources, at
conditionalaccessusers, conditionalaccessapplications, conditionalaccessconditionset, conditionalaccesssessioncontrols.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.display.clauses import Clause, Part


@dataclass(frozen=True)
class Kind:
    """A sort of list of ids. `template`: for one of them; `special`: values that are no ids."""

    template: str
    templates: str
    special: Mapping[str, Clause] = field(default_factory=dict)


STATES = {
    "enabled": Clause("It is on."),
    "disabled": Clause("It is off."),
    "enabledForReportingButNotEnforced": Clause("It only reports: it blocks nothing and asks for nothing."),
}

# --- who -------------------------------------------------------------------------------------------------------------

_GUESTS_AND_EXTERNALS = Clause("guests and external users")
ANY_GUESTS = Clause("guests and external users")
USERS = {
    "Users": Kind("the user {}", "the users {}", {
        "All": Clause("all users"), "None": Clause("no users"), "GuestsOrExternalUsers": _GUESTS_AND_EXTERNALS,
    }),
    "Groups": Kind("the group {}", "the groups {}"),
    "Roles": Kind("the role {}", "the roles {}"),
}  # fmt: skip
SERVICE_PRINCIPALS = {
    "ServicePrincipals": Kind("the service principal {}", "the service principals {}", {
        "ServicePrincipalsInMyTenant": Clause("all service principals of the tenant"),
        "All": Clause("all service principals"), "None": Clause("no service principals"),
    }),
    "AgentIdServicePrincipals": Kind("the agent identity {}", "the agent identities {}", {
        "All": Clause("all agent identities"), "None": Clause("no agent identities"),
    }),
}  # fmt: skip
AGENTS = {
    "AgentUsers": Kind("the agent user {}", "the agent users {}", {
        "All": Clause("all agent users"), "None": Clause("no agent users"),
    }),
}  # fmt: skip
AGENT_CONTEXTS = {"AgentContexts": Kind("the agent context {}", "the agent contexts {}")}
GUESTS = {
    "internalGuest": Clause("local guest users"),
    "b2bCollaborationGuest": Clause("guests who are invited (B2B collaboration)"),
    "b2bCollaborationMember": Clause("members who are invited (B2B collaboration)"),
    "b2bDirectConnectUser": Clause("users of B2B direct connect"),
    "otherExternalUser": Clause("other external users"),
    "serviceProvider": Clause("users of service providers"),
}

# --- what ------------------------------------------------------------------------------------------------------------

APPS = {
    "Applications": Kind("the app {}", "the apps {}", {
        "All": Clause("all cloud apps"), "None": Clause("no cloud app"), "Office365": Clause("the apps of Office 365"),
        "MicrosoftAdminPortals": Clause("the admin portals of Microsoft"),
        "AllAgentIdResources": Clause("all resources of agents"),
    }),
    "UserActions": Kind("the action {}", "the actions {}", {
        "urn:user:registersecurityinfo": Clause("registering security information"),
        "urn:user:registerdevice": Clause("registering or joining devices"),
    }),
    "AuthenticationContextClassReferences": Kind("the authentication context {}", "the authentication contexts {}"),
}  # fmt: skip

# --- when ------------------------------------------------------------------------------------------------------------

_SYSTEMS = {"android": "Android", "iOS": "iOS", "windows": "Windows", "windowsPhone": "Windows Phone", "macOS": "macOS",
            "linux": "Linux"}  # fmt: skip
PLATFORMS = {
    "Platforms": Kind("on the platform {}", "on the platforms {}", {
        "all": Clause("on any platform"),
        **{value: Clause("on {}", (name,)) for value, name in _SYSTEMS.items()},
    }),
}  # fmt: skip
LOCATIONS = {
    "Locations": Kind("from the location {}", "from the locations {}", {
        "All": Clause("from any location"), "AllTrusted": Clause("from all trusted locations"),
        "00000000-0000-0000-0000-000000000000": Clause("from the trusted addresses of multifactor authentication"),
    }),
}  # fmt: skip
CLIENTS = {
    "all": Clause("any client app"),
    "browser": Clause("the browser"),
    "mobileAppsAndDesktopClients": Clause("mobile apps and desktop clients"),
    "exchangeActiveSync": Clause("clients of Exchange ActiveSync"),
    "easSupported": Clause("supported clients of Exchange ActiveSync"),
    "other": Clause("other clients with legacy authentication"),
}
DEVICES = {
    "Devices": Kind("on the device {}", "on the devices {}", {"All": Clause("on all devices")}),
    "DeviceStates": Kind("on devices in the state {}", "on devices in the states {}"),
}
DEVICE_STATES = {
    "States": Kind("in the device state {}", "in the device states {}", {
        "All": Clause("in any device state"), "Compliant": Clause("on compliant devices"),
        "DomainJoined": Clause("on hybrid joined devices"),
    }),
}  # fmt: skip
RISKS = {
    "signInRiskLevels": "at a sign-in risk of {}",
    "userRiskLevels": "at a user risk of {}",
    "servicePrincipalRiskLevels": "at a service principal risk of {}",
    "agentIdRiskLevels": "at an agent risk of {}",
    "insiderRiskLevels": "at an insider risk of {}",
}
LEVELS = {level: Clause(level) for level in
          ("low", "medium", "high", "none", "hidden", "minor", "moderate", "elevated")}  # fmt: skip
TRANSFERS = {
    "deviceCodeFlow": Clause("device code flow"),
    "authenticationTransfer": Clause("authentication transfer"),
}

# --- then ------------------------------------------------------------------------------------------------------------

BLOCKED = Clause("access is blocked")
OPERATORS = {"OR": "access needs one of these: {}", "AND": "access needs all of these: {}"}
GRANTS = {
    "mfa": Clause("multifactor authentication"),
    "compliantDevice": Clause("the device to be marked as compliant"),
    "domainJoinedDevice": Clause("the device to be Microsoft Entra hybrid joined"),
    "approvedApplication": Clause("an approved client app"),
    "compliantApplication": Clause("an app protection policy"),
    "passwordChange": Clause("the password to be changed"),
    "riskRemediation": Clause("the risk to be remediated"),
}
TERMS = Kind("consent to the terms of use {}", "consent to the terms of use {}")
CUSTOM_CONTROLS = Kind("the custom control {}", "the custom controls {}")

Named = Callable[[Any], str]
Session = Callable[[dict[str, Any], Named], Iterator[Clause]]


def _frequency(held: dict[str, Any], _named: Named) -> Iterator[Clause]:
    whose: Part = _METHODS.get(str(held.get("authenticationType"))) or Clause("signing in")
    if str(held.get("authenticationType")) in _METHODS:
        held.pop("authenticationType")
    if held.get("frequencyInterval") == "everyTime":
        held.pop("frequencyInterval")
        yield Clause("{} is asked for every time", (whose,))
        return
    unit, value = held.get("type"), held.get("value")
    if unit in _EVERY and value is not None:
        for name in ("type", "value", *(["frequencyInterval"] if held.get("frequencyInterval") == "timeBased" else [])):
            held.pop(name, None)
        yield Clause(_EVERY[unit][value != 1], (whose, str(value)))


_METHODS = {"primaryAndSecondaryAuthentication": Clause("signing in with all factors"),
            "secondaryAuthentication": Clause("the second factor")}  # fmt: skip
_EVERY = {
    "hours": ("{} is asked for again after {} hour", "{} is asked for again after {} hours"),
    "days": ("{} is asked for again after {} day", "{} is asked for again after {} days"),
}


def _browser(held: dict[str, Any], _named: Named) -> Iterator[Clause]:
    yield from _mode(held, "mode", {
        "always": Clause("the browser always stays signed in"),
        "never": Clause("the browser never stays signed in"),
    })  # fmt: skip


def _cloud_app_security(held: dict[str, Any], _named: Named) -> Iterator[Clause]:
    yield from _mode(held, "cloudAppSecurityType", {
        "mcasConfigured": Clause("Defender for Cloud Apps controls the session by its own policies"),
        "monitorOnly": Clause("Defender for Cloud Apps only watches the session"),
        "blockDownloads": Clause("Defender for Cloud Apps blocks downloads"),
    })  # fmt: skip


def _evaluation(held: dict[str, Any], _named: Named) -> Iterator[Clause]:
    yield from _mode(held, "mode", {
        "strictEnforcement": Clause("access is evaluated continuously and strictly"),
        "strictLocation": Clause("access is evaluated continuously and locations are enforced strictly"),
        "disabled": Clause("access is not evaluated continuously"),
    })  # fmt: skip


def _mode(held: dict[str, Any], name: str, table: Mapping[str, Clause]) -> Iterator[Clause]:
    """Tell a mode, and take it from what is held. One that has no words stays there."""
    if clause := table.get(str(held.get(name))):
        held.pop(name)
        yield clause


def _network_profile(held: dict[str, Any], named: Named) -> Iterator[Clause]:
    if profile := held.pop("profileId", None):
        yield Clause("Global Secure Access filters by the profile {}", (named(profile),))


def _always(template: str) -> Session:
    def tell(_held: dict[str, Any], _named: Named) -> Iterator[Clause]:
        yield Clause(template)

    return tell


# Session controls that are no switch: their mode says all.
WITHOUT_SWITCH = frozenset({"continuousAccessEvaluation"})
# What a session control says; each takes what it told from what is held.
SESSIONS: Mapping[str, Session] = {
    "signInFrequency": _frequency,
    "persistentBrowser": _browser,
    "applicationEnforcedRestrictions": _always("the apps enforce their own restrictions"),
    "cloudAppSecurity": _cloud_app_security,
    "continuousAccessEvaluation": _evaluation,
    "disableResilienceDefaults": _always("sessions are not extended during an outage"),
    "globalSecureAccessFilteringProfile": _network_profile,
    "secureSignInSession": _always("the token is bound to the device"),
}
