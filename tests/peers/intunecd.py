"""IntuneCD 2.6.0, as its pipelines run it: a backup into a folder, changes by somebody, an update from the folder."""

import copy
import re

DM, DAM = "deviceManagement", "deviceAppManagement"
# What every tenant of Intune has one of, and the demo tenants have not. The tool reads these properties without asking.
ALWAYS_THERE = {
    f"{DM}/settings": {"secureByDefault": True},
    f"{DM}/applePushNotificationCertificate": {"appleIdentifier": "it@fabrikam.example"},
    f"{DM}/androidManagedStoreAccountEnterpriseSettings": {
        "bindStatus": "boundAndValidated", "ownerUserPrincipalName": "it@fabrikam.example"},
}  # fmt: skip
# The demo has two of one name and type, to try others by: the tool says so and takes one for the other.
TWICE = "Same name"
# Name -> why its update fails, by the tool's own doing: each is a refusal that it gets.
REFUSED = {
    "Launcher for kiosks": "AppConfiguration.py sends the payload that it decoded at the backup as it is",
    "Windows - Custom firewall": "DeviceCompliance.py sends deviceComplianceScriptName, which is its own",
    "Set time zone": "ShellScripts.py sends its assignments to deviceManagementScripts",
    "Battery cycles": "CustomAttributes.py sends its assignments to deviceManagementScripts",
}
# Collections whose objects it does not write, or of which it leaves alone what this changes.
LEFT_ALONE = {
    f"{DM}/intents": "only settings",
    f"{DM}/roleAssignments": "",
    f"{DM}/termsAndConditions": "",
    f"{DM}/windowsQualityUpdatePolicies": "",
    f"{DM}/hardwareConfigurations": "",
    f"{DM}/inventoryPolicies": "",
    f"{DM}/appleUserInitiatedEnrollmentProfiles": "",
    f"{DM}/androidDeviceOwnerEnrollmentProfiles": "",
    f"{DM}/managedDeviceCleanupRules": "",
    f"{DM}/operationApprovalPolicies": "",
    f"{DM}/virtualEndpoint/provisioningPolicies": "",
    f"{DAM}/mobileApps": "",
    f"{DAM}/policySets": "",
    f"{DAM}/windowsManagedAppProtections": "it does not know them",
}


def test_a_backup_reads_all_and_an_update_puts_back_what_was_changed(peer):
    for path, body in ALWAYS_THERE.items():
        peer.tenant.put(path, {"id": path.rpartition("/")[2], **body})
    backup = peer.run("IntuneCD-startbackup", "-m", 1, "-o", "json", "-p", peer.place, "--skip-archive")
    assert troubles(backup) == []
    assert len(list(peer.place.rglob("*.json"))) > 80

    before = copy.deepcopy(peer.tenant.collections)
    changed = change(peer.tenant)
    assert len(changed) > 60
    update = peer.run("IntuneCD-startupdate", "-m", 1, "-p", peer.place, "-u")
    assert {refused for refused in REFUSED if any(refused in line for line in troubles(update))} == REFUSED.keys()
    errors = [line for line in troubles(update) if "[ERROR]" in line]
    assert [line for line in errors if not any(refused in line for refused in REFUSED)] == []

    wrong = [where for where in changed if shown(peer.tenant.collections, where) != shown(before, where)]
    assert [where for where in wrong if not is_expected(before, where)] == []
    assert {path for path, _ in wrong} >= LEFT_ALONE.keys() & before.keys(), "what it puts back needs no exception"


def troubles(output):
    return [line for line in output.splitlines() if re.search(r"\[ERROR\]|\[WARNING\]|Request failed", line)]


def change(tenant):
    """Another text in whatever has one, and nobody assigned. What is Microsoft's own nobody can change."""
    changed = []
    for path, items in tenant.collections.items():
        for graph_id, item in items.items():
            is_own = item.get("isBuiltIn") or item.get("isGlobalScript") or item.get("priority") == 0
            if not path.startswith("device") or is_own or "description" not in item or name_of(item) == TWICE:
                continue
            if item.get("displayName") == "EnrollmentNotificationInternalMEO":
                continue  # a template behind an enrollment notification: it leaves them out
            item["description"] = "changed by somebody"
            if item.get("assignments"):
                item["assignments"] = []
            changed.append((path, graph_id))
    return changed


def name_of(item):
    return item.get("displayName") or item.get("name")


def shown(collections, where):
    item = collections[where[0]][where[1]]
    targets = [{key: value for key, value in assignment["target"].items() if value not in (None, "none")}
               for assignment in item.get("assignments", ())]  # fmt: skip
    return item["description"], sorted(targets, key=str)


def is_expected(before, where):
    return where[0] in LEFT_ALONE or name_of(before[where[0]][where[1]]) in REFUSED
