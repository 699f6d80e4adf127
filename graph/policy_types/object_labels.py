"""Labels for the objects that policies refer to, as a sentence calls them."""

from graph.policy_types.table import POLICY_TYPES


def object_label(kind: str) -> str:
    """Return “the group”, “the settings catalog” and the like for a policy type or a kind of reference."""
    title = POLICY_TYPES[kind].title if kind in POLICY_TYPES else kind
    return OBJECT_LABELS.get(kind) or f"the {title[:1].lower()}{title[1:]}"


OBJECT_LABELS = {
    "groups": "the group",
    "users": "the user",
    "servicePrincipals": "the application",
    "agreements": "the terms of use",
    "groupPolicyDefinitions": "the administrative template setting",
    "groupPolicyPresentations": "the administrative template field",
    "managedAppProtections": "the app protection policy",
    "assignmentFilters": "the assignment filter",
    "roleScopeTags": "the scope tag",
    "mobileApps": "the app",
    "namedLocations": "the named location",
    "deviceConfigurations": "the device configuration",
    "depOnboardingTokens": "the Apple token",
    "servicePrincipalObjects": "the service principal",
    "agentIdentities": "the agent identity",
    "authenticationContextClassReferences": "the authentication context",
    "authenticationContextNumbers": "the authentication context",
    "networkProfiles": "the network profile",
    "vppTokens": "the Apple volume purchase token",
    "microsoftTunnelSites": "the Microsoft Tunnel site",
    "configManagerCollections": "the Configuration Manager collection",
    "mobileAppCategories": "the app category",
    "cloudPcOnPremisesConnections": "the Azure network connection",
    "cloudPcImages": "the Cloud PC image",
    "derivedCredentials": "the derived credential",
    "customControls": "the custom control",
    "filteringProfiles": "the Global Secure Access profile",
    "privateLinkPolicies": "the private link policy",
    "logAnalyticsWorkspaces": "the Log Analytics workspace",
    "managementConditionStatements": "the condition statement",
    "autopatchGroups": "the Windows Autopatch group",
    "directoryRoleTemplates": "the directory role",
    "externalDirectories": "the guests’ directory",
    "directories": "the directory id",
    "domains": "the domain",
}
