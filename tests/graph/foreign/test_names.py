"""Names in place of ids."""

from graph.foreign.export import FindingKind, ForeignFormat, ForeignPolicy
from graph.foreign.names import name_references, replace_names
from graph.references.stand_ins import stand_in
from tests.support.foreign_samples import GROUP, access


def test_words_of_microsofts_stay_and_names_become_what_the_export_has_of_them():
    body = access(
        "CA1", includeUsers=["GuestsOrExternalUsers", "ann@contoso.com"], excludeGroups=["Pilot", "Two", GROUP]
    )
    body["conditions"]["users"]["includeRoles"] = ["Global Administrator"]
    body["conditions"]["applications"]["includeApplications"] = ["Office365", "Contoso HR"]
    content = {"body": body, "assignments": None}
    policy = ForeignPolicy("a", ForeignFormat.CIPP, "conditionalAccessPolicies", "1", "CA1", content)
    names = {}
    replace_names(policy, {("groups", "Pilot"): GROUP}, names)
    users = policy.content["body"]["conditions"]["users"]
    assert users["includeUsers"] == ["GuestsOrExternalUsers", stand_in("users", "ann@contoso.com")]
    assert users["excludeGroups"] == [GROUP, stand_in("groups", "Two"), GROUP]
    applications = policy.content["body"]["conditions"]["applications"]["includeApplications"]
    assert applications == ["Office365", stand_in("servicePrincipals", "Contoso HR")]
    assert [finding.kind for finding in policy.findings] == [FindingKind.ASK, FindingKind.PUT_RIGHT]
    name_references(policy, names)
    assert policy.references["groups"] == {stand_in("groups", "Two"): "Two"}
