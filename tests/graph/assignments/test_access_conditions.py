"""A Conditional Access policy's targets and terms: every list of its conditions, and what decides besides."""

from graph.assignments import target as kinds
from graph.assignments.access_conditions import access_targets, access_terms
from graph.microsoft import model

ONE = "11111111-1111-4111-8111-111111111111"
# Lists of words, which are terms; and an authentication context, which is a reference.
NO_TARGETS = {
    "includePlatforms", "excludePlatforms", "includeAuthenticationContextClassReferences", "clientAppTypes",
    "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "includeStates", "excludeStates",
    "includeDeviceStates", "excludeDeviceStates", "includeDevices", "excludeDevices", "includeAgentContexts",
    "excludeAgentContexts",
}  # fmt: skip


def test_every_list_of_conditions_that_the_model_knows_makes_targets():
    found = {}
    for holder, condition in model.properties("conditionalAccessConditionSet").items():
        for name, inner in model.properties(condition.type or "").items() if condition.kind == "object" else ():
            if inner.is_many and name not in NO_TARGETS:
                found[holder, name] = list(access_targets({"conditions": {holder: {name: [ONE]}}}))
    assert len(found) > 15
    for (_, name), targets in found.items():
        assert [(target.object_id, target.is_excluded) for target in targets] == [(ONE, name.startswith("ex"))], name


def test_words_in_place_of_ids():
    users = {
        "includeUsers": ["All"],
        "excludeUsers": ["GuestsOrExternalUsers", "None"],
        "includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"},
    }
    applications = {"includeApplications": ["All"], "excludeApplications": ["Office365"]}
    found = list(access_targets({"conditions": {"users": users, "applications": applications}}))
    assert [(target.kind, target.object_id, target.is_excluded) for target in found] == [
        (kinds.ALL_USERS, "", False),
        (kinds.GUESTS, "", True),
        (kinds.ALL_APPS, "", False),
        (kinds.APP, "Office365", True),
        (kinds.GUESTS, "", False),
    ]


def test_terms_say_what_decides_besides():
    body = {
        "conditions": {
            "clientAppTypes": ["all"],
            "platforms": {"includePlatforms": ["android", "iOS"]},
            "devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.model -eq "X"'}},
            "insiderRiskLevels": "minor,moderate",
        },
        "grantControls": {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]},
        "sessionControls": {"signInFrequency": {"value": 1}, "persistentBrowser": None},
    }
    assert access_terms(body) == (
        ("insiderRiskLevels", "minor,moderate"),
        ("includePlatforms", "android, iOS"),
        ("deviceFilter", 'exclude: device.model -eq "X"'),
        ("builtInControls", "mfa AND compliantDevice"),
        ("sessionControls", "signInFrequency"),
    )
    assert access_terms({"conditions": None}) == ()
