"""Import blocks for the Terraform provider deploymenttheory/microsoft365.

Names of its resources: the provider's docs/resources pages and its table of supported resources, as of v0.50; each is
imported by the object's id there. Only what stands there is written as a block; the rest is named in a comment.
"""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import count

from graph.leaving.export import LeavingFile, LeavingPolicy, LeavingSource, on_one_line, readme
from graph.microsoft.model import bare_type

PREFIX = "microsoft365_graph_beta_"
_DM, _DAM = f"{PREFIX}device_management_", f"{PREFIX}device_and_app_management_"
_CA, _CLOUD_PC = f"{PREFIX}identity_and_access_", f"{PREFIX}windows_365_"
RESOURCES: Mapping[str, str] = {
    "configurationPolicies": f"{_DM}settings_catalog_configuration_policy_json",
    "compliancePolicies": f"{_DM}linux_device_compliance_policy",
    "groupPolicyConfigurations": f"{_DM}group_policy_configuration",
    "groupPolicyUploadedDefinitionFiles": f"{_DM}group_policy_uploaded_definition_files",
    "deviceComplianceScripts": f"{_DM}windows_device_compliance_script",
    "deviceManagementScripts": f"{_DM}windows_platform_script",
    "deviceShellScripts": f"{_DM}macos_platform_script",
    "deviceCustomAttributeShellScripts": f"{_DM}macos_custom_attribute_script",
    "deviceHealthScripts": f"{_DM}windows_remediation_script",
    "windowsAutopilotDeploymentProfiles": f"{_DM}windows_autopilot_deployment_profile",
    "windowsFeatureUpdateProfiles": f"{_DM}windows_feature_update_policy",
    "windowsQualityUpdateProfiles": f"{_DM}windows_quality_update_expedite_policy",
    "windowsQualityUpdatePolicies": f"{_DM}windows_quality_update_policy",
    "windowsDriverUpdateProfiles": f"{_DM}windows_driver_update_profile",
    "termsAndConditions": f"{_DM}terms_and_conditions",
    "roleScopeTags": f"{_DM}role_scope_tag",
    "roleDefinitions": f"{_DM}role_definition",
    "assignmentFilters": f"{_DM}assignment_filter",
    "notificationMessageTemplates": f"{_DM}device_compliance_notification_template",
    "deviceCategories": f"{_DM}device_category",
    "policySets": f"{_DM}policy_set",
    "reusablePolicySettings": f"{_DM}reuseable_policy_setting",
    "intuneBrandingProfiles": f"{_DM}intune_branding_profile",
    "managedDeviceCleanupRules": f"{_DM}managed_device_cleanup_rule",
    "operationApprovalPolicies": f"{_DM}operation_approval_policy",
    "mobileAppCategories": f"{_DAM}application_category",
    "conditionalAccessPolicies": f"{_CA}conditional_access_policy",
    "namedLocations": f"{_CA}named_location",
    "authenticationStrengths": f"{_CA}authentication_strength_policy",
    "authenticationContextClassReferences": f"{_CA}authentication_context",
    "agreements": "microsoft365_graph_identity_and_access_conditional_access_terms_of_use",
    "groups": f"{PREFIX}groups_group",
    "provisioningPolicies": f"{_CLOUD_PC}cloud_pc_provisioning_policy",
    "cloudPcUserSettings": f"{_CLOUD_PC}cloud_pc_user_setting",
    "browserSiteLists": f"{PREFIX}m365_admin_browser_site_list",
}
_MACOS_TEMPLATES = f"{_DM}macos_device_configuration_templates"
# (policy type, OData type) -> resource, where a collection has one for each of its subtypes.
SUBTYPE_RESOURCES: Mapping[tuple[str, str], str] = {
    ("deviceConfigurations", "windowsUpdateForBusinessConfiguration"): f"{_DM}windows_update_ring",
    ("deviceConfigurations", "macOSSoftwareUpdateConfiguration"): f"{_DM}macos_software_update_configuration",
    ("deviceConfigurations", "macOSCustomConfiguration"): _MACOS_TEMPLATES,
    ("deviceConfigurations", "macOSCustomAppConfiguration"): _MACOS_TEMPLATES,
    ("deviceConfigurations", "macOSTrustedRootCertificate"): _MACOS_TEMPLATES,
    ("deviceConfigurations", "macOSScepCertificateProfile"): _MACOS_TEMPLATES,
    ("deviceConfigurations", "macOSPkcsCertificateProfile"): _MACOS_TEMPLATES,
    ("deviceCompliancePolicies", "windows10CompliancePolicy"): f"{_DM}windows_device_compliance_policy",
    ("deviceCompliancePolicies", "macOSCompliancePolicy"): f"{_DM}macos_device_compliance_policy",
    ("deviceCompliancePolicies", "iosCompliancePolicy"): f"{_DM}ios_device_compliance_policy",
    ("deviceCompliancePolicies", "androidDeviceOwnerCompliancePolicy"): f"{_DM}android_device_owner_compliance_policy",
    ("deviceCompliancePolicies", "aospDeviceOwnerCompliancePolicy"): f"{_DM}aosp_device_owner_compliance_policy",
    ("deviceEnrollmentConfigurations", "windows10EnrollmentCompletionPageConfiguration"): (
        f"{_DM}windows_enrollment_status_page"
    ),
    ("deviceEnrollmentConfigurations", "deviceEnrollmentLimitConfiguration"): (
        f"{_DM}device_enrollment_limit_configuration"
    ),
    ("deviceEnrollmentConfigurations", "deviceEnrollmentNotificationConfiguration"): (
        f"{_DM}device_enrollment_notification"
    ),
    ("mobileAppConfigurations", "androidManagedStoreAppConfiguration"): (
        f"{_DAM}android_managed_device_app_configuration_policy"
    ),
    ("mobileAppConfigurations", "iosMobileAppConfiguration"): f"{_DAM}ios_managed_device_app_configuration_policy",
    ("mobileApps", "win32LobApp"): f"{_DAM}win32_app",
    ("mobileApps", "winGetApp"): f"{_DAM}win_get_app",
    ("mobileApps", "windowsWebApp"): f"{_DAM}windows_web_app",
    ("mobileApps", "officeSuiteApp"): f"{_DAM}office_suite_app",
    ("mobileApps", "macOSDmgApp"): f"{_DAM}macos_dmg_app",
    ("mobileApps", "macOSLobApp"): f"{_DAM}macos_lob_app",
    ("mobileApps", "macOSPkgApp"): f"{_DAM}macos_pkg_app",
    ("mobileApps", "macOsVppApp"): f"{_DAM}macos_vpp_app",
    ("mobileApps", "iosStoreApp"): f"{_DAM}ios_store_app",
    ("mobileApps", "iosiPadOSWebClip"): f"{_DAM}ios_ipados_web_clip",
}
VERSIONS = """terraform {
  required_version = ">= 1.5.0"
  required_providers {
    microsoft365 = {
      source = "deploymenttheory/microsoft365"
    }
  }
}
"""
_NO_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60
LOSSES = [
    "The policies themselves: a block holds an id, and Terraform reads the rest from the tenant.",
    "Policies that are gone from the tenant: Terraform cannot import them.",
    "Types that the provider has no resource for: imports.tf names them in comments.",
]


class TerraformWriter:
    """One file of import blocks. `terraform plan -generate-config-out=…` writes the resources from them."""

    def __init__(self, source: LeavingSource) -> None:
        self._source = source
        self._blocks: list[str] = []
        self._unknown: list[str] = []
        self._addresses: set[str] = set()
        self.left_out: Counter[str] = Counter()

    def files(self, policy: LeavingPolicy) -> list[LeavingFile]:
        resource = resource_of(policy)
        if resource is None:
            self.left_out[policy.policy_type] += 1
            self._unknown.append(f"# {policy.policy_type} {on_one_line(policy.graph_id)}: {on_one_line(policy.name)}")
            return []
        comment = f"# {on_one_line(policy.name)}"
        address = f"{resource}.{self._name(resource, policy)}"
        self._blocks.append(f"{comment}\nimport {{\n  to = {address}\n  id = {quoted(policy.graph_id)}\n}}\n")
        return []

    def closing_files(self) -> list[LeavingFile]:
        parts = list(self._blocks)
        if self._unknown:
            parts.append("\n".join(["# The provider has no resource for these:", *self._unknown]) + "\n")
        return [
            LeavingFile("imports.tf", "\n".join(parts).encode("utf-8", "backslashreplace")),
            LeavingFile("versions.tf", VERSIONS.encode()),
            readme("Import blocks for Terraform", self._source, LOSSES, self.left_out),
        ]

    def _name(self, resource: str, policy: LeavingPolicy) -> str:
        """Return a name that Terraform takes, and that no other block of the resource has."""
        bare = _NO_NAME.sub("_", policy.name.lower()).strip("_")[:_LONGEST_NAME].strip("_")
        bare = bare if bare[:1].isalpha() else f"p_{bare}".rstrip("_")
        name, with_id = bare, f"{bare}_{_NO_NAME.sub('_', policy.graph_id.lower()).strip('_')}"
        tries = count(2)
        while f"{resource}.{name}" in self._addresses:
            name = with_id if name == bare else f"{with_id}_{next(tries)}"
        self._addresses.add(f"{resource}.{name}")
        return name


def resource_of(policy: LeavingPolicy) -> str | None:
    bare = bare_type(policy.body.get("@odata.type"))
    return SUBTYPE_RESOURCES.get((policy.policy_type, bare)) or RESOURCES.get(policy.policy_type)


def quoted(text: str) -> str:
    """Return the text as a string of Terraform's language, in which nothing of it is an expression."""
    escaped = "".join(_ESCAPES.get(character) or _plain(character) for character in text)
    return '"{}"'.format(escaped.replace("${", "$${").replace("%{", "%%{"))


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _plain(character: str) -> str:
    number = ord(character)
    is_unprintable = number < 32 or 0x7F <= number < 0xA0 or 0xD800 <= number <= 0xDFFF
    return f"\\u{number:04x}" if is_unprintable else character
