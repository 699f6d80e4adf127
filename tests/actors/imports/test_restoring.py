"""Imports restored into the simulator: each format, compared with what its tool would have meant."""

import io
import zipfile

import pytest

from actors.imports import restoring
from actors.plans import option_choices
from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.imports import policy_imports
from db.models import PolicyImport
from db.restores import restore_items
from db.states import RunState
from tests.actors.imports.test_import_run import imported
from tests.graph.foreign.test_read import EXPORTS, real_files
from tests.support.foreign_samples import DEFINITION, SAMPLES, access, as_json
from tests.support.restore_steps import executed, plan_of, previewed
from tests.support.simulated_tenant import WRITE

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
BASELINE = {**restoring.BASELINE, "prefix": "Baseline - "}
CATALOG, ACCESS = "deviceManagement/configurationPolicies", "identity/conditionalAccess/policies"
TEMPLATE = "0f2b5d70-d4e9-4156-8c16-1397eb6c54a5"


def renamed(form, text):
    """Give what several samples call alike a name for each format."""
    for word in ("Camera", "CA1", "Corporate", "OneDrive", "Dock", "Offices"):
        text = text.replace(word.encode(), f"{word} {form}".encode())
        text = text.replace(word.encode("utf-16-le"), f"{word} {form}".encode("utf-16-le"))
    return text


def all_samples():
    return {
        renamed(form, f"{form}/{path}".encode()).decode(): renamed(form, data)
        for form, files in SAMPLES.items()
        for path, data in files.items()
    }


def restored(row, cast, ended, options=BASELINE, **chosen):
    parsed = option_choices.parse_options(options, own_tenant=False)
    draft = restoring.from_import(row, cast.contoso, parsed, SYSTEM, **chosen)
    return previewed(draft, ended, 120)


@pytest.fixture
def target(graph):
    """Contoso, which has one of the groups that the samples name, and Microsoft's own objects."""
    graph.change(permissions=WRITE)
    graph.put("groups", {"id": "aaaaaaaa-1111-4111-8111-111111111111", "displayName": "Break glass"})
    definition = DEFINITION.partition("('")[2].rstrip("')")
    graph.put("deviceManagement/groupPolicyDefinitions", {"id": definition, "displayName": "Sync", "classType": "user"})
    graph.put("deviceManagement/roleScopeTags", {"id": "7", "displayName": "Vienna"})
    graph.put("deviceManagement/templates", {"id": TEMPLATE, "displayName": "Firewall"})
    return graph


def named(target, collection):
    name = "name" if collection == CATALOG else "displayName"
    return {item[name].removeprefix("Baseline - "): item for item in target.objects().get(collection, {}).values()}


def test_each_format_is_restored_as_its_tool_meant_it(target, cast, ended):
    row, _ = imported(cast.contoso, all_samples(), Actor.person(cast.max, None), "Baseline")
    with pytest.raises(Invalid, match="Fill in the placeholders first"):
        restored(row, cast, ended)
    ids = [policy.id for policy in policy_imports.policies_of(row) if not policy.placeholders]
    restore = restored(row, cast, ended, policy_ids=ids)
    plan = plan_of(restore)
    # A placeholder in place of an id is asked for by a mapping, and never sent.
    assert plan.pop("CA2") == "blocked: unresolved"
    assert set(plan.values()) <= {"create", "blocked: unresolved", "blocked: built_in"}, plan
    restore, run = executed(restore, ended)
    assert run.state in (RunState.SUCCEEDED, RunState.PARTIAL), run.error_message
    written = {item.name for item in restore_items.items(restore) if item.outcome == "created"}
    catalogs, policies = named(target, CATALOG), named(target, ACCESS)
    for form in ("intunemanagement", "intunecd", "intunecd_yaml", "intunebackupandrestore", "cipp", "portal",
                 "tenuvault", "intunetools"):  # fmt: skip
        [made] = [item for name, item in catalogs.items() if name.strip() == f"Camera {form}"]
        [setting] = made["settings"]
        assert setting["settingInstance"]["choiceSettingValue"]["value"].startswith(
            "device_vendor_msft_policy_config_camera_allow"
        ), form
        assert not made.get("assignments"), form
    for form in ("cipp", "graph_powershell", "dctoolbox", "entraexporter"):
        made = policies[f"CA1 {form}"]
        assert made["state"] == "enabledForReportingButNotEnforced", form
        assert made["conditions"]["users"]["includeUsers"] == ["All"], form
        assert made["grantControls"]["builtInControls"] == ["mfa"], form
    cipp = policies["CA1 cipp"]["conditions"]
    places = named(target, "identity/conditionalAccess/namedLocations")
    assert cipp["users"]["excludeGroups"] == ["aaaaaaaa-1111-4111-8111-111111111111"]
    assert cipp["locations"]["excludeLocations"] == [places["Allowed countries"]["id"]]
    assert {"Corporate intunemanagement", "Corporate graph_list"} <= named(
        target, "deviceManagement/assignmentFilters"
    ).keys()
    assert "6e616d65-" not in str(target.objects()), "a stand-in was sent"
    assert {"Firewall", "Fire"} <= written
    assert named(target, "deviceManagement/deviceShellScripts")["Dock intunecd"]["scriptContent"].startswith("IyEv")


def test_no_name_in_place_of_an_id_reaches_a_write(target, cast, ended):
    """Of the directory's objects, in Conditional Access: known roles and strengths have ids, all else asks."""
    users = {name: [f"{name} named"] for name in ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups")}
    places = [("users", {name: names}) for name, names in users.items()]
    places += [("users", {name: ["Custom role named"]}) for name in ("includeRoles", "excludeRoles")]
    places += [("applications", {"includeApplications": ["App named"]}), ("locations", {"includeLocations": ["named"]}),
               ("applications", {"includeAuthenticationContextClassReferences": ["Context named"]}),
               ("clientApplications", {"includeServicePrincipals": ["Principal named"]})]  # fmt: skip
    tenants = {"@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants", "members": ["Org named"]}
    places.append(("users", {"includeGuestsOrExternalUsers": {"externalTenants": tenants}}))
    bodies = [access(f"Asks {n}") for n in range(len(places) + 2)]
    for body, (holder, values) in zip(bodies, places, strict=False):
        body["conditions"].setdefault(holder, {}).update(values)
    bodies[-2]["grantControls"] = {"operator": "OR", "authenticationStrength": {"displayName": "Strength named"}}
    bodies[-1]["grantControls"] = {"operator": "OR", "termsOfUse": ["Terms named"]}
    known = access("Known", includeUsers=[], includeRoles=["Global Administrator"])
    known["grantControls"] = {"operator": "OR", "authenticationStrength": {"displayName": "Phishing-resistant MFA"}}
    files = {f"{n}.json": as_json(body) for n, body in enumerate([*bodies, known])}
    strength = {"id": "00000000-0000-0000-0000-000000000004", "displayName": "Phishing-resistant MFA"}
    target.put("identity/conditionalAccess/authenticationStrength/policies", {**strength, "policyType": "builtIn"})
    row, _ = imported(cast.contoso, files, Actor.person(cast.max, None), "Names")
    restore = restored(row, cast, ended)
    assert plan_of(restore) == {**{body["displayName"]: "blocked: unresolved" for body in bodies}, "Known": "create"}
    executed(restore, ended)
    assert "named" not in str(target.objects().get(ACCESS))
    made = named(target, ACCESS)["Known"]
    assert made["conditions"]["users"]["includeRoles"] == ["62e90394-69f5-4237-9190-012177145e10"]
    assert made["grantControls"]["authenticationStrength"]["id"] == "00000000-0000-0000-0000-000000000004"


def test_an_import_is_kept_first_has_no_members_and_makes_groups_only_where_asked(cast):
    row, _ = imported(cast.contoso, all_samples(), Actor.person(cast.max, None))
    chosen = option_choices.parse_options({}, own_tenant=False)
    with pytest.raises(Invalid, match="Keep the import first"):
        restoring.from_import(row, cast.contoso, chosen, SYSTEM)
    policy_imports.keep(row, "All", SYSTEM)
    row = PolicyImport.get_by_id(row.id)
    with pytest.raises(Invalid, match="no members"):
        restoring.from_import(row, cast.contoso, {**chosen, "groups": "members"}, SYSTEM)
    assert restoring.source_name(row).startswith("“All”, imported and not captured, from ")


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="The real exports are not on this machine.")
def test_all_real_exports_are_restored_or_the_plan_says_why_not(target, cast, ended):
    files = {}
    for path, data in real_files(EXPORTS).items():
        if not path.endswith(".zip"):
            files[path] = data
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            files |= {f"zip/{name}": inner.read(name) for name in inner.namelist()}
    row, run = imported(cast.contoso, files, Actor.person(cast.max, None), "Real")
    assert run.state == RunState.SUCCEEDED, run.error_message
    policies = policy_imports.policies_of(row)
    assert len(policies) > 140
    ids = [policy.id for policy in policies if not policy.placeholders and policy.policy_type != "groups"]
    restore, run = executed(restored(row, cast, ended, policy_ids=ids), ended, 300)
    items = restore_items.items(restore)
    created = [item for item in items if item.outcome == "created"]
    blocked = {item.reason for item in items if item.action == "blocked"}
    assert blocked <= {"unresolved", "built_in", "cannot_create", "secret_missing", "ambiguous", "no_copy"}
    assert len(created) > len(items) / 3, plan_of(restore)
    assert not [(item.policy_type, item.name, item.message) for item in created if item.verified is False]
    assert "6e616d65-" not in str(target.objects()), "a stand-in was sent"
