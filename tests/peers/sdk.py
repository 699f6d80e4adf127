"""Microsoft's own SDK: list, page, get, expand, create, change, assign and delete, in every collection of policies."""

import json

from graph.microsoft import model
from graph.simulator.model.write_rules import RULES

DM, DAM, CA = "deviceManagement", "deviceAppManagement", "identity/conditionalAccess"
# What whoever copies an object leaves out, at its top: Micke-K/IntuneManagement (Start-GraphPreImport) and
# almenscorner/IntuneCD (remove_keys) do so too.
SERVICES = frozenset(
    {
        "id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned", "settingCount",
        "supportsScopeTags", "creationSource", "assignments", "templateId",
    }
)  # fmt: skip
# Which of a collection's objects is copied, where not any can be, and how.
CHOICES = {
    f"{DM}/deviceConfigurations": lambda one: "omaSettings" not in one,  # a secret goes in plain, and is not read so
    f"{DM}/deviceEnrollmentConfigurations": lambda one: one["priority"] > 0,
    f"{DM}/roleScopeTags": lambda one: not one["isBuiltIn"],
    f"{DM}/roleDefinitions": lambda one: not one["isBuiltIn"],
    f"{DM}/deviceHealthScripts": lambda one: not one["isGlobalScript"],
    f"{CA}/namedLocations": lambda one: not one.get("isTrusted"),
    f"{CA}/authenticationStrength/policies": lambda one: one["policyType"] == "custom",
    f"{DAM}/mobileApps": lambda one: one["@odata.type"].endswith(("winGetApp", "StoreApp")),
}
# What else a new one cannot have, or needs.
WITHOUT = {
    f"{DM}/deviceEnrollmentConfigurations": {"priority"},
    f"{DM}/assignmentFilters": {"payloads"},
    f"{DM}/roleAssignments": {"roleDefinition", "roleScopeTags"},
    f"{CA}/policies": {"partialEnablementStrategy"},
}
ONLY = {f"{DM}/intuneBrandingProfiles": {"profileName", "profileDescription", "roleScopeTagIds"}}
# Never changed by PATCH.
FIXED = {f"{DM}/groupPolicyUploadedDefinitionFiles", f"{DM}/depOnboardingSettings"}
# The first that a type has is changed.
TEXTS = ("description", "profileDescription", "displayName")


def test_every_policy_type_is_listed_read_made_changed_assigned_and_removed(peer, tmp_path):
    rows = [row for row in RULES.values() if f"/{row.path}" in model.routes() and peer.tenant.collections.get(row.path)]
    jobs = [job_of(peer.tenant, row) for row in rows]
    work = tmp_path / "jobs.json"
    work.write_text(json.dumps(jobs))
    held = {row.path: sorted(peer.tenant.collections[row.path]) for row in rows}
    done = json.loads(peer.run("python", "tests/peers/sdk_walk.py", work).splitlines()[-1])
    refused = [f"{path}: {outcome['refused']}" for path, outcome in done.items() if "refused" in outcome]
    assert not refused, "\n".join(refused)
    for job in jobs:
        came = done[job["path"]]
        assert came["listed"] == came["paged"] == held[job["path"]], job["path"]
        assert came.get("changed") == ("by the SDK" if job["change"] else None), job["path"]
        if job["create"]:
            assert came["left"] == held[job["path"]]
            assert_made(job, came)
    assert sum(1 for outcome in done.values() if "made" in outcome) > 35
    assert sum(1 for outcome in done.values() if outcome.get("assigned") == [group_of(peer.tenant)]) > 20


def assert_made(job, came):
    """What was sent is what is read, but for what the service makes. The SDK writes null and [] as nothing."""
    rules = RULES[job["path"].lower()]
    for name, value in job["create"].items():
        is_services = "@" in name or "DateTime" in name or name in rules.derived or name in rules.made
        is_duration = isinstance(value, str) and value.startswith("PT")  # 12 h may be half a day
        if isinstance(value, str | int) and name in came["made"] and not is_services and not is_duration:
            assert came["made"][name] == value, f"{job['path']} {name}"


def job_of(tenant, row):
    path, known = row.path, model.properties(model.type_of_collection(f"/{row.path}"))
    item = next(filter(CHOICES.get(path, bool), tenant.collections[path].values()))
    body = {name: value for name, value in item.items() if name not in SERVICES | WITHOUT.get(path, set())}
    if path in ONLY:
        body = {name: value for name, value in body.items() if name in ONLY[path]}
    if path == f"{DM}/groupPolicyUploadedDefinitionFiles":
        body["content"] = "PHBvbGljeURlZmluaXRpb25zLz4="
    if path == f"{DM}/roleAssignments":
        address = f"https://graph.microsoft.com/beta/{DM}/roleDefinitions('{item['roleDefinition']['id']}')"
        body["roleDefinition@odata.bind"] = address
    return {
        "path": path,
        "expand": "assignments" if "assignments" in row.collection.expands else None,
        "create": body if row.can_create else None,
        "change": None if path in FIXED else next(name for name in TEXTS if name in known),
        "assign": assignment(tenant, row),
    }


def assignment(tenant, row):
    kind = "cloudPcManagementGroup" if "virtualEndpoint" in row.path else "group"
    target = {"target": {"@odata.type": f"{model.PREFIX}{kind}AssignmentTarget", "groupId": group_of(tenant)}}
    if row.assigns_singly:
        return target
    return {row.assign_key: [target]} if row.assign_key else None


def group_of(tenant):
    return next(iter(tenant.collections["groups"]))
