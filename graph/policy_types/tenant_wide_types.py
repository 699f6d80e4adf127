"""The policy types of a tenant as a whole: what enrollment, apps and Conditional Access stand on, and the services
beside Intune. Rows as in graph/policy_types/table.py, which joins them.

Paths and permissions: Microsoft's own package msgraph-beta-sdk 1.66.0 and the permissions reference. What its model
does not say stands at its row.
"""

from collections.abc import Mapping

from graph.policy_types.permissions import (
    AGREEMENTS,
    APPS,
    BRANDING,
    CLEANUP,
    CLOUD_PC,
    CONFIGURATION,
    GROUPS,
    RBAC,
    SITE_LISTS,
    WINDOWS_UPDATES,
)
from graph.policy_types.policy_type import EXPANDED, Body, Child, PolicyType, has_value

DM = "/deviceManagement"
DAM = "/deviceAppManagement"
CLOUD_PCS = f"{DM}/virtualEndpoint"
UPDATES = "/admin/windows/updates"

# In every tenant, under the same ids and in English (deploymenttheory/terraform-provider-microsoft365).
BUILT_IN_CATEGORIES: Mapping[str, str] = {
    "0720a99e-562b-4a77-83f0-9a7523fcf13e": "Other apps",
    "f1fc9fe2-728d-4867-9a72-a61e18f8c606": "Books & Reference",
    "046e0b16-76ce-4b49-bf1b-1cc5bd94fb47": "Data management",
    "ed899483-3019-425e-a470-28e901b9790e": "Productivity",
    "2b73ae71-12c8-49be-b462-3dae769ccd9d": "Business",
    "79bc98d4-7ddf-4841-9bc1-5c84a26d7ee8": "Development & Design",
    "5dcd7a90-0306-4f09-a75d-6b97a243f04e": "Photos & Media",
    "f79135dc-8e41-48c1-9a59-ab9a7259c38e": "Collaboration & Social",
    "981deed8-6857-4e78-a50e-c3f61d312737": "Computer management",
}
# The one for whoever's language has none of its own (learn.microsoft.com: List localizations of a branding).
DEFAULT_LOCALE = "0"
# Of a branding: each has an address of its own, and is there where its …RelativeUrl is.
BRANDING_FILES = (
    "backgroundImage", "bannerLogo", "customCSS", "favicon", "headerLogo", "squareLogo", "squareLogoDark",
)  # fmt: skip
# The kind of a group whose members follow from a rule.
DYNAMIC = "DynamicMembership"
# They let whoever has them enroll a device: never kept.
ENROLLMENT_TOKENS = ("tokenValue", "qrCodeContent", "qrCodeImage")


def _locale(body: Body) -> str:
    return "Company branding" + ("" if body.get("id") == DEFAULT_LOCALE else f" ({body.get('id')})")


TENANT_TYPES = (
    PolicyType(
        "groups",
        "Group",
        "/groups",
        GROUPS,
        select="id,displayName,description,groupTypes,mailEnabled,mailNickname,securityEnabled,securityIdentifier,"
        "membershipRule,membershipRuleProcessingState,isAssignableToRole,isManagementRestricted,"
        "onPremisesSyncEnabled,assignedLicenses,visibility,createdDateTime",
        volatile=frozenset({"securityIdentifier", "isManagementRestricted", "visibility"}),
        is_referred=True,
        never_returned="What a group gives beside its policies: app roles, licences, access packages",
    ),
    PolicyType(
        "mobileAppCategories",
        "App category",
        f"{DAM}/mobileAppCategories",
        APPS,
        is_built_in=has_value("id", *BUILT_IN_CATEGORIES),
        trusts_list=True,
    ),
    PolicyType(
        "androidDeviceOwnerEnrollmentProfiles",
        "Android enrollment profile",
        f"{DM}/androidDeviceOwnerEnrollmentProfiles",
        CONFIGURATION,
        volatile=frozenset(
            {
                "accountId",
                "enrolledDeviceCount",
                "enrollmentTokenUsageCount",
                "tokenCreationDateTime",
                "tokenExpirationDateTime",
                *ENROLLMENT_TOKENS,
            }
        ),
        never_returned="The Wi-Fi password. Its enrollment token and QR code are not kept: they let devices enroll",
        match_on=("enrollmentMode",),
    ),
    PolicyType(
        "managedDeviceCleanupRules",
        "Device clean-up rule",
        f"{DM}/managedDeviceCleanupRules",
        CLEANUP,
        trusts_list=True,
        match_on=("deviceCleanupRulePlatformType",),
    ),
    # Its list does not give the approvers (microsoft/zerotrustassessment, Test-Assessment 51015).
    PolicyType(
        "operationApprovalPolicies",
        "Multi Admin Approval policy",
        f"{DM}/operationApprovalPolicies",
        RBAC,
    ),
    PolicyType(
        "deviceManagementSettings",
        "Tenant-wide device settings",
        f"{DM}/settings",
        CONFIGURATION,
        is_single=True,
        is_built_in=lambda body: True,
        has_defaults=True,
        named=lambda body: "Compliance and diagnostics settings",
    ),
    # With the files in the list, one agreement without its PDF makes the whole list a 500 (Micke-K/IntuneManagement).
    PolicyType(
        "agreements",
        "Terms of use",
        "/identityGovernance/termsOfUse/agreements",
        AGREEMENTS,
        expand=("files",),
        volatile=frozenset({"isMajorVersion", "acceptances"}),
        never_returned="Who has accepted them",
    ),
    PolicyType(
        "organizationalBranding",
        "Company branding",
        "/organization/{directory}/branding/localizations",
        BRANDING,
        volatile=frozenset({"cdnList", *(f"{name}RelativeUrl" for name in BRANDING_FILES)}),
        is_built_in=has_value("id", DEFAULT_LOCALE),
        has_defaults=True,
        named=_locale,
    ),
    PolicyType(
        "provisioningPolicies",
        "Windows 365 provisioning policy",
        f"{CLOUD_PCS}/provisioningPolicies",
        CLOUD_PC,
        EXPANDED,
        # Read-only by Microsoft's descriptions; windowsSettings says what windowsSetting says, and is deprecated.
        volatile=frozenset(
            {
                "alternateResourceUrl",
                "cloudPcGroupDisplayName",
                "createdBy",
                "gracePeriodInHours",
                "imageDisplayName",
                "lastModifiedBy",
                "scopeIds",
                "windowsSettings",
                "geographicLocationType",
                "assignedUsers",
            }
        ),
    ),
    PolicyType(
        "cloudPcUserSettings",
        "Windows 365 user setting",
        f"{CLOUD_PCS}/userSettings",
        CLOUD_PC,
        EXPANDED,
    ),
    PolicyType(
        "browserSiteLists",
        "Edge site list",
        "/admin/edge/internetExplorerMode/siteLists",
        SITE_LISTS,
        children=(Child("sites"), Child("sharedCookies")),
        volatile=frozenset(
            {"history", "lastModifiedBy", "publishedBy", "publishedDateTime", "revision", "status", "deletedDateTime"}
        ),
    ),
    PolicyType(
        "windowsUpdatePolicies",
        "Windows Autopatch policy",
        f"{UPDATES}/policies",
        WINDOWS_UPDATES,
        children=(Child("rings"), Child("approvals")),
        is_polymorphic=True,
    ),
    # Without a name of their own.
    PolicyType(
        "windowsUpdateDeployments",
        "Windows Autopatch update policy",
        f"{UPDATES}/updatePolicies",
        WINDOWS_UPDATES,
        expand=("audience",),
        children=(Child("complianceChanges"),),
        named=lambda body: f"Update policy of {str(body.get('createdDateTime') or 'unknown date')[:10]}",
    ),
)
