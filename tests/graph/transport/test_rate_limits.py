import pytest

from graph.transport.rate_limits import LIMITS, batches, service_of, services_of

INTUNE, ACCESS = "/deviceManagement/intents", "/identity/conditionalAccess/policies"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        (f"{INTUNE}/a", "intune"),
        (f"{ACCESS}/a", "conditionalAccess"),
        ("/identity/conditionalAccess/authenticationStrength/policies", "authentication"),
        ("/groups/a", "directory"),
    ],
)
def test_path_tells_the_service(path, service):
    assert service_of(path) == service


def test_intune_write_counts_against_both_limits():
    assert services_of("GET", INTUNE) == ("intune",)
    assert services_of("PATCH", INTUNE) == ("intune", "intuneWrites")


def test_words_for_settings_have_a_small_budget_of_their_own_within_intunes():
    lists = ("configurationSettings/a_b", "complianceSettings/x", "configurationCategories?$top=200",
             "settingDefinitions/deviceConfiguration--a_b",
             "templates/t/categories?$expand=settingDefinitions")  # fmt: skip
    for path in lists:
        assert services_of("GET", f"/deviceManagement/{path}") == ("intune", "intuneDefinitions"), path
    for path in ("configurationPolicies/a/settings", "reusablePolicySettings", "settings", "templates?$top=1"):
        assert services_of("GET", f"/deviceManagement/{path}") == ("intune",), path
    assert LIMITS["intuneDefinitions"][0] * 10 <= LIMITS["intune"][0]


def test_batches_keep_reads_from_writes_and_conditional_access_alone():
    requests = [("GET", INTUNE), ("POST", INTUNE), ("GET", ACCESS), ("GET", INTUNE), ("GET", INTUNE)]
    assert list(batches(requests, 2)) == [[2], [0, 3], [4], [1]]
