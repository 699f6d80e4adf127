"""Policy types by content and Microsoft's model."""

import pytest

from graph.foreign.type_finding import collection_of_context, find_policy_type, is_of_type

PREFIX = "https://graph.microsoft.com/beta/$metadata#"


def test_contexts_say_the_collection_and_whether_properties_were_chosen():
    assert collection_of_context(f"{PREFIX}deviceManagement/configurationPolicies/$entity") == (
        "configurationPolicies",
        False,
    )
    assert collection_of_context(f"{PREFIX}deviceManagement/deviceConfigurations(id,displayName)") == (
        "deviceConfigurations",
        True,
    )
    assert collection_of_context(f"{PREFIX}identity/conditionalAccess/policies") == ("conditionalAccessPolicies", False)
    assert collection_of_context(f"{PREFIX}deviceManagement/assignmentFilters(assignments())")[1] is False
    assert collection_of_context(7) == ("", False)


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        (
            {"@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"},
            "",
            "deviceEnrollmentConfigurations",
        ),
        ({"@odata.type": "#microsoft.graph.iosManagedAppProtection"}, "Wrong/a.json", "iosManagedAppProtections"),
        ({"@odata.type": "#microsoft.graph.win32LobApp"}, "", "mobileApps"),
        ({"scriptContent": "", "customAttributeType": "string"}, "", "deviceCustomAttributeShellScripts"),
        ({"displayName": "D", "description": "", "isBuiltIn": True}, "Backup/Scope Tags/D.json", "roleScopeTags"),
        ({"displayName": "D", "description": "", "isBuiltIn": True}, "D.json", ""),
        ({"hello": 1, "displayName": "x"}, "Scope Tags/D.json", ""),
    ],
)
def test_the_content_decides_and_a_folder_only_between_what_it_allows(body, path, expected):
    assert find_policy_type(body, path) == expected


def test_a_body_of_another_type_is_none_of_this_one():
    assert not is_of_type({"@odata.type": "#microsoft.graph.win32LobApp"}, "deviceConfigurations")
    assert is_of_type({"@odata.type": "#microsoft.graph.brandNewConfiguration"}, "deviceConfigurations")
