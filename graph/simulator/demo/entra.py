"""Conditional Access, its named locations, strengths and contexts."""

from typing import Any

from graph.simulator.demo.builder import CA, TYPE, Builder


def add_all(build: Builder) -> None:
    locations = _locations(build)
    strength = _strengths(build)
    _contexts(build)
    _directory(build)
    _policies(build, locations, strength)


def _locations(build: Builder) -> dict[str, str]:
    path = f"{CA}/namedLocations"
    times = {"createdDateTime": build.time(), "modifiedDateTime": build.time()}
    ranges = [
        {"@odata.type": f"{TYPE}iPv4CidrRange", "cidrAddress": "203.0.113.0/24"},
        {"@odata.type": f"{TYPE}iPv6CidrRange", "cidrAddress": "2001:db8::/32"},
    ]
    locations = {
        "office": build.add(path, "Head office", plain=True, **times, isTrusted=True, ipRanges=ranges,
                            **{"@odata.type": f"{TYPE}ipNamedLocation"}),
        "countries": build.add(path, "Countries we work in", plain=True, **times, countryLookupMethod="clientIpAddress",
                               includeUnknownCountriesAndRegions=False, countriesAndRegions=["AT", "DE", "CH"],
                               **{"@odata.type": f"{TYPE}countryNamedLocation"}),
        "compliant": build.add(path, "All Compliant Network locations", plain=True, **times,
                               **{"@odata.type": f"{TYPE}compliantNetworkNamedLocation"}),
    }  # fmt: skip
    return {name: item["id"] for name, item in locations.items()}


_BUILT_IN = (
    ("00000000-0000-0000-0000-000000000002", "Multifactor authentication", ["password,sms", "fido2", "windowsHelloForBusiness"]),
    ("00000000-0000-0000-0000-000000000003", "Passwordless MFA", ["deviceBasedPush", "fido2", "windowsHelloForBusiness"]),
    ("00000000-0000-0000-0000-000000000004", "Phishing-resistant MFA", ["fido2", "windowsHelloForBusiness"]),
)  # fmt: skip


def _strengths(build: Builder) -> dict[str, Any]:
    path = f"{CA}/authenticationStrength/policies"
    for fixed, name, combinations in _BUILT_IN:
        item = _strength(build, name, "builtIn", combinations)
        build.tenant.put(path, {**item, "id": fixed})
    custom = _strength(build, "Admins: security key only", "custom", ["fido2"])
    custom["combinationConfigurations"] = [
        {
            "@odata.type": f"{TYPE}fido2CombinationConfiguration",
            "id": build.guid("fido2"),
            "appliesToCombinations": ["fido2"],
            "allowedAAGUIDs": ["90a3ccdf-635c-4729-a248-9b709135078f"],
        }
    ]
    return build.tenant.put(path, custom)


def _strength(build: Builder, name: str, policy_type: str, combinations: list[str]) -> dict[str, Any]:
    return {
        "id": build.guid("strength", name),
        "createdDateTime": build.time(),
        "modifiedDateTime": build.time(),
        "displayName": name,
        "description": "",
        "policyType": policy_type,
        "requirementsSatisfied": "mfa",
        "allowedCombinations": combinations,
        "combinationConfigurations": [],
    }


def _contexts(build: Builder) -> None:
    for number, name in ((1, "Payroll"), (2, "Privileged roles")):
        build.tenant.put(
            f"{CA}/authenticationContextClassReferences",
            {"id": f"c{number}", "displayName": name, "description": f"Step-up for {name}", "isAvailable": True},
        )


# Name and application id of Microsoft's own applications, the same in all tenants.
_APPLICATIONS = (
    ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000"),
    ("Windows Azure Service Management API", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
    ("Microsoft Intune Enrollment", "d4ebce55-015a-49b5-a083-c84d1797ae8c"),
)


def _directory(build: Builder) -> None:
    """Add the objects that Conditional Access refers to and Intune does not hold."""
    for name, app_id in _APPLICATIONS:
        build.tenant.put("servicePrincipals", {"id": build.guid("principal", app_id), "appId": app_id,
                                               "displayName": name})  # fmt: skip
    domain = f"{build.tenant.name.split()[0].lower()}.example"
    for number in (1, 2):
        build.tenant.put("users", {"id": build.guid("break glass", number), "displayName": f"Break glass {number}",
                                   "userPrincipalName": f"breakglass{number}@{domain}"})  # fmt: skip


def _policies(build: Builder, locations: dict[str, str], strength: dict[str, Any]) -> None:
    mfa: dict[str, Any] = {"builtInControls": ["mfa"]}
    block: dict[str, Any] = {"builtInControls": ["block"]}
    report = "enabledForReportingButNotEnforced"
    _policy(build, "CA001 - Require MFA for all users", "enabled", mfa)
    _policy(build, "CA002 - Block legacy authentication", "enabled", block,
            clientAppTypes=["exchangeActiveSync", "other"])  # fmt: skip
    _policy(build, "CA003 - Block countries we do not work in", report, block,
            locations={"includeLocations": ["All"], "excludeLocations": [locations["countries"], locations["office"]]})  # fmt: skip
    _policy(build, "CA004 - Require compliant device for Office 365", "disabled",
            {"builtInControls": ["compliantDevice"]}, apps=["Office365", _APPLICATIONS[0][1]])  # fmt: skip
    _policy(build, "CA005 - Phishing-resistant MFA for admins", "enabled", {"authenticationStrength": strength},
            roles=["62e90394-69f5-4237-9190-012177145e10"])  # fmt: skip
    _policy(
        build, "CA006 - Step-up for payroll", report, {**mfa, "termsOfUse": [build.guid("agreement")]}, contexts=["c1"]
    )


def _policy(build: Builder, name: str, state: str, grant: dict[str, Any], *, locations: Any = None,
            clientAppTypes: list[str] | None = None, apps: list[str] | None = None, roles: list[str] | None = None,
            contexts: list[str] | None = None) -> None:  # fmt: skip
    break_glass = build.group("SG-Break-Glass-Accounts")
    build.add(
        f"{CA}/policies",
        name,
        plain=True,
        createdDateTime=build.time(),
        modifiedDateTime=build.time(),
        templateId=None,
        state=state,
        conditions={
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "servicePrincipalRiskLevels": [],
            "clientAppTypes": clientAppTypes or ["all"],
            "platforms": None,
            "locations": locations,
            "times": None,
            "deviceStates": None,
            "devices": None,
            "clientApplications": None,
            "authenticationFlows": None,
            "applications": {
                "includeApplications": [] if contexts else apps or ["All"],
                "excludeApplications": [],
                "includeUserActions": [],
                "includeAuthenticationContextClassReferences": contexts or [],
                "applicationFilter": None,
            },
            "users": {
                "includeUsers": [] if roles else ["All"],
                "excludeUsers": [build.guid("break glass", number) for number in (1, 2)],
                "includeGroups": [],
                "excludeGroups": [break_glass],
                "includeRoles": roles or [],
                "excludeRoles": [],
                "includeGuestsOrExternalUsers": None,
                "excludeGuestsOrExternalUsers": None,
            },
        },
        grantControls={
            "operator": "OR",
            "builtInControls": [],
            "customAuthenticationFactors": [],
            "termsOfUse": [],
            "authenticationStrength": None,
            **grant,
        },
        sessionControls=None,
    )
