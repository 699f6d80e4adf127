"""The lists that are sets, and what identifies an element of one.

A list of plain values is a set unless it is named here; a list of objects keeps its order unless it is named here.
Where no source stands beside a row, it is the model's own description of the property that says what the list is.
"""

from collections.abc import Mapping
from functools import cache

from graph.microsoft import model
from graph.microsoft.model import Property

# Lists of plain values whose order counts.
_ORDERED: Mapping[tuple[str, str], str] = {
    ("groupPolicyPresentationValueMultiText", "values"): "the lines of a REG_MULTI_SZ value, such as ECC curve order "
    "(learn.microsoft.com, Manage TLS)",
    ("windows10VpnConfiguration", "dnsSuffixes"): "a search list is used in order "
    "(learn.microsoft.com, VPN name resolution)",
    ("windowsPhone81VpnConfiguration", "dnsSuffixSearchList"): "the same",
    ("macOSKerberosSingleSignOnExtension", "preferredKDCs"): "“an ordered list of preferred Key Distribution Centers”",
    ("macOSDeviceFeaturesConfiguration", "contentCachingParents"): "a policy for choosing a parent is firstAvailable "
    "(enumeration macOSContentCachingParentSelectionPolicy)",
}

# Types of objects whose order means nothing, with the keys that identify one (the first that it has; () all of it).
_SETS: Mapping[str, tuple[str, ...]] = {
    # Children that Graph gives in any order (seen by exporters).
    "omaSetting": ("omaUri",),
    "deviceManagementConfigurationSetting": ("settingInstance",),
    "deviceManagementConfigurationSettingInstance": ("settingDefinitionId",),
    # Boxes that are ticked. (Simple values of a collection keep their order: it may be one of cipher suites.)
    "deviceManagementConfigurationChoiceSettingValue": ("value",),
    "deviceManagementSettingInstance": ("definitionId",),
    "groupPolicyDefinitionValue": ("definition",),
    "groupPolicyPresentationValue": ("presentation",),
    "managedMobileApp": ("mobileAppIdentifier",),
    "localizedNotificationMessage": ("locale",),
    "policySetItem": ("payloadId",),
    "deviceComplianceActionItem": (),
    "deviceManagementComplianceActionItem": (),
    "authenticationCombinationConfiguration": (),
    "rolePermission": (),
    "resourceAction": (),
    # Objects that are referred to.
    "mobileAppCategory": ("id",),
    "roleScopeTag": ("id",),
    "deviceConfiguration": ("id",),
    # Pairs of a name and a value.
    "keyValuePair": ("name",),
    "keyValue": ("key",),
    "keyTypedValuePair": ("key",),
    "appConfigurationSettingItem": ("appConfigKey",),
    "androidPermissionAction": ("permission",),
    # "A list of apps": hidden, allowed, blocked, exempt or targeted.
    "appListItem": ("appId", "appStoreUrl", "name"),
    "windows10AssociatedApps": ("identifier",),
    "macOSFirewallApplication": ("bundleId",),
    "macOSAssociatedDomainsItem": ("applicationIdentifier",),
    "macOSPrivacyAccessControlItem": ("identifier",),
    "macOSSystemExtension": (),
    "macOSKernelExtension": (),
    "windowsInformationProtectionApp": (),
    "macOSSystemExtensionTypeMapping": ("teamIdentifier",),
    "iosNotificationSettings": ("bundleID",),
    "androidDeviceOwnerSilentCertificateAccess": ("packageId",),
    "androidDeviceOwnerKioskModeApp": ("package",),
    "androidDeviceOwnerDelegatedScopeAppSetting": ("appDetail",),
    # Their own property says where each stands.
    "androidDeviceOwnerKioskModeAppPositionItem": (),
    "windowsPrivacyDataAccessControlItem": (),
    # Collections by their names, languages, owners and thumbprints.
    "windowsInformationProtectionIPRangeCollection": ("displayName",),
    "windowsInformationProtectionResourceCollection": ("displayName",),
    "windowsInformationProtectionProxiedDomainCollection": ("displayName",),
    "groupPolicyUploadedLanguageFile": ("languageCode",),
    "appleOwnerTypeEnrollmentType": ("ownerType",),
    "managementCertificateWithThumbprint": ("thumbprint",),
    "unsupportedDeviceConfigurationDetail": (),
    # Files by their languages, entries of a site list by their addresses.
    "agreementFileProperties": ("language",),
    "browserSite": ("webUrl",),
    "browserSharedCookie": (),
    # Ranges, windows of time, uses of a key: each applies by itself.
    "ipRange": (),
    "iPv4Range": (),
    "numberRange": (),
    "proxiedDomain": ("ipAddressOrFQDN",),
    "vpnRoute": (),
    "extendedKeyUsage": ("objectIdentifier",),
    "customSubjectAlternativeName": (),
    "customUpdateTimeWindow": (),
    "androidDeviceOwnerSystemUpdateFreezePeriod": (),
    "operatingSystemVersionRange": (),
    "wslDistributionConfiguration": ("distribution",),
    "airPrintDestination": (),
    "deviceManagementUserRightsLocalUserOrGroup": ("securityIdentifier", "name"),
    "companyPortalBlockedAction": (),
    "windowsQualityUpdateApprovalSetting": (),
    # Rules of an update policy: each applies by itself.
    "windowsUpdates.approvalRule": (),
    "windowsUpdates.complianceChangeRule": (),
    "windowsUpdates.safeguardProfile": ("category",),
    "windowsUpdates.monitoringRule": ("signal",),
    # All rules of an app have to hold; a return code is looked up by its number.
    "win32LobAppDetection": (),
    "win32LobAppRequirement": (),
    "win32LobAppRule": (),
    "win32LobAppReturnCode": ("returnCode",),
}

# Properties with objects of these types, whose order counts after all.
_ORDERED_OBJECTS = frozenset(
    {
        # The entries of an administrative template's list, numbered in the registry.
        ("groupPolicyPresentationValueList", "values"),
        # How the home screen shows them.
        ("androidDeviceOwnerGeneralDeviceConfiguration", "kioskModeApps"),
    }
)


@cache
def is_set_of_plain_values(holder: str, name: str) -> bool:
    return not any((ancestor, name) in _ORDERED for ancestor in model.lineage(holder))


@cache
def identity_keys(holder: str, list_property: Property) -> tuple[str, ...] | None:
    """Return the keys that identify an object of this list; None where its order counts."""
    if list_property.type is None or any(
        (ancestor, list_property.name) in _ORDERED_OBJECTS for ancestor in model.lineage(holder)
    ):
        return None
    if list_property.name == "assignments":
        return ("target",)
    return next((_SETS[ancestor] for ancestor in model.lineage(list_property.type) if ancestor in _SETS), None)
