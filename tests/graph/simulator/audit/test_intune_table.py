"""The words of Intune's log, as a tenant's published history and the records of detection rules have them."""

import pytest

from graph.simulator.audit.intune_table import EACH, INTUNE

# ennnbeee/CES2026-IntuneCD and panther-labs/panther-analysis: (collection, operation, activity type).
MET = [
    ("deviceManagement/configurationPolicies", "Create", "Create DeviceManagementConfigurationPolicy"),
    ("deviceManagement/configurationPolicies", EACH, "Create DeviceManagementConfigurationPolicyAssignment"),
    ("deviceManagement/deviceConfigurations", "Create", "Create DeviceConfiguration"),
    ("deviceManagement/deviceConfigurations", EACH, "Create DeviceConfigurationAssignment"),
    ("deviceManagement/deviceCompliancePolicies", "Patch", "Patch DeviceCompliancePolicy"),
    ("deviceManagement/deviceCompliancePolicies", "assign", "Update Assignment DeviceCompliancePolicy"),
    ("deviceManagement/deviceEnrollmentConfigurations", "assign", "Patch DeviceEnrollmentConfiguration"),
    ("deviceManagement/deviceShellScripts", "Create", "createDeviceShellScript DeviceManagementScript"),
    ("deviceManagement/deviceCustomAttributeShellScripts", "Create",
     "createDeviceCustomAttributeShellScript DeviceManagementScript"),
    ("deviceManagement/deviceManagementScripts", "assign", "assignDeviceManagementScript DeviceManagementScript"),
    ("deviceManagement/deviceComplianceScripts", "Create", "createDeviceComplianceScript DeviceComplianceScript"),
    ("deviceAppManagement/iosManagedAppProtections", "assign", "updateSecurityGroups ManagedAppPolicy"),
    ("deviceAppManagement/mobileApps", "Patch", "Patch MobileApp"),
    ("deviceManagement/roleDefinitions", "Create", "Create RoleDefinition"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "operation", "activity"), MET)
def test_activity_types_are_those_that_were_met(path, operation, activity):
    words = INTUNE[path]
    if operation == EACH:
        assert (words.assigned, f"Create {words.entity}Assignment") == (EACH, activity)
    elif operation == "assign":
        assert words.assigned == activity
    else:
        assert (words.named.get(operation) or f"{operation} {words.entity}") == activity
