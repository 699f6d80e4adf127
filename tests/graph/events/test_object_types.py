"""Which policy type an event is about: every type, by the words of either log, and fallbacks."""

import pytest

from graph.events import object_types
from graph.policy_types.table import POLICY_TYPES


@pytest.mark.parametrize(
    ("word", "activity", "component", "expected"),
    [
        ("DeviceManagementConfigurationPolicy", None, None, "configurationPolicies"),
        (None, "Create DeviceManagementConfigurationPolicyAssignment", None, "configurationPolicies"),
        ("Windows10GeneralConfiguration", "Patch DeviceConfiguration", "DeviceConfiguration", "deviceConfigurations"),
        ("WindowsUpdateForBusinessConfigurationAssignment", None, None, "deviceConfigurations"),
        (
            "GroupPolicyDefinitionValue",
            "Create GroupPolicyConfigurationDefinitionValue",
            None,
            "groupPolicyConfigurations",
        ),
        ("DeviceEnrollmentLimitConfiguration", None, None, "deviceEnrollmentConfigurations"),
        (None, "updateSecurityGroups ManagedAppPolicy", None, "iosManagedAppProtections"),
        (None, "createDeviceShellScript DeviceManagementScript", None, "deviceShellScripts"),
        (None, "Create localized message NotificationMessageTemplate", None, "notificationMessageTemplates"),
        (None, "Patch MobileApp", "MobileApp", "mobileApps"),
        ("Win32LobApp", None, None, "mobileApps"),
        ("DeviceAndAppManagementAssignmentFilter", None, None, "assignmentFilters"),
        ("Microsoft.Management.Services.Api.WindowsDriverUpdateProfile", None, None, "windowsDriverUpdateProfiles"),
        ("Unheard", "Patch OfThis", "SoftwareUpdateConfiguration", "windowsDriverUpdateProfiles"),
    ],
)
def test_an_intune_event_tells_its_policy_type_by_its_words_or_else_its_component(word, activity, component, expected):
    assert expected in object_types.of_intune([word], activity, component)


@pytest.mark.parametrize("word", [None, "", "ManagedDevice", "Cloud Certification", "…" * 9, "x" * 100_000])
def test_what_is_no_policy_has_no_type(word):
    assert object_types.of_intune([word], word, "Device") == ()
    assert object_types.of_entra(word or "") == ()


def test_every_policy_type_is_told_by_some_word():
    told = {key for keys in object_types._by_model().values() for key in keys}
    told |= {key for table in (object_types._ALSO, object_types._COMPONENTS) for keys in table.values() for key in keys}
    told |= {key for _, keys in object_types._ENTRA_WORDS for key in keys}
    assert told == set(POLICY_TYPES)
