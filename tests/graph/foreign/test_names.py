"""Names in place of ids."""

from graph.foreign.export import FindingKind, ForeignFormat, ForeignPolicy
from graph.foreign.names import name_references, replace_names
from graph.microsoft import model
from graph.references.named_objects import kind_of_stand_in, reference_kind
from graph.references.reference_kinds import BY_SETTING, COLLECTIONS, CUSTOM_CONTROLS, IMAGES, PAYLOADS
from graph.references.references import find_references
from graph.references.stand_ins import stand_in
from graph.restore.resolver import ResolvedBy, Resolver
from graph.restore.target_directory import TargetDirectory
from tests.graph.references.test_reference_kinds import content_with, places
from tests.support.foreign_samples import GROUP, access

NAME = "Named by somebody"


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
    assert users["includeRoles"] == ["62e90394-69f5-4237-9190-012177145e10"]
    assert [finding.kind for finding in policy.findings] == [FindingKind.PUT_RIGHT]
    name_references(policy, names)
    assert policy.references["groups"] == {stand_in("groups", "Two"): "Two"}


def resolved_names(policy_type, content):
    """How a restore into an empty tenant resolves what stands in place of the names, which have to be gone."""
    policy = ForeignPolicy("a", ForeignFormat.CIPP, policy_type, "1", "A", content)
    replace_names(policy, {}, {})
    assert NAME not in str(policy.content["body"]), (policy_type, content)
    assert NAME not in str(policy.content["assignments"]), (policy_type, content)
    resolver = Resolver(TargetDirectory({}), {}, {}, same_tenant=False, drop_missing=False)
    return [resolver.resolve(reference) for reference in find_references(policy_type, policy.content)]


def test_a_name_in_any_place_of_an_id_becomes_a_reference_that_blocks():
    tried = set()
    for key, type_name, way in places():
        for name, found in model.properties(type_name).items():
            kind = reference_kind(type_name, name) or kind_of_stand_in(type_name, name)
            kind = kind or (PAYLOADS.get(type_name) if name == "payloadId" else None)
            # Ids of these are any text: nobody can tell a name from one.
            if kind in (None, IMAGES, COLLECTIONS, CUSTOM_CONTROLS) or found.kind not in ("string", "guid"):
                continue
            content = content_with(way, type_name, name, [NAME] if found.is_many else NAME)
            [resolution] = resolved_names(key, content)
            assert (resolution.kind, resolution.id) == (kind, stand_in(kind, NAME)), (key, type_name, name)
            assert resolution.how == ResolvedBy.UNRESOLVED, (key, type_name, name)
            tried.add((type_name, name))
    assert len(tried) > 100
    for setting in BY_SETTING:
        value = {"simpleSettingValue": {"value": NAME}}
        body = {"settings": [{"settingInstance": {"settingDefinitionId": setting, **value}}]}
        [resolution] = resolved_names("configurationPolicies", {"body": body, "assignments": None})
        assert resolution.how == ResolvedBy.UNRESOLVED
    for strength in ({"displayName": NAME}, {"id": NAME}):
        body = {"grantControls": {"authenticationStrength": strength}}
        policy = ForeignPolicy("a", ForeignFormat.CIPP, "conditionalAccessPolicies", "1", "A", {"body": body})
        replace_names(policy, {}, {})
        [reference] = find_references("conditionalAccessPolicies", policy.content)
        assert reference.id == stand_in("authenticationStrengths", NAME)
