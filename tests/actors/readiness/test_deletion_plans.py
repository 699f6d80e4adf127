"""Both deletions count: of one policy, and of everything, where references lead to what the same restore makes."""

import pytest

import actors.backups.back_up
import actors.plans.preview
import actors.restores.live_restore
import config
from actors.plans import drafts, plan_text
from actors.readiness import assess
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import BackupSet, Content, Restore, RunItem, Snapshot, Tenant
from db.policies import policies
from db.policies.lost_bodies import LOST
from db.readiness import reports
from db.readiness.reports import ReportFilter
from db.restores import restore_items, restore_rules
from graph.simulator.store.state import Tenant as Simulated
from tests.support import servers
from tests.support.lone_deletions import OPTIONS, LoneDeletions, driven, is_right, simulator_here
from tests.support.simulated_tenant import WRITE, catalog_policy, conditional_access

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GONE = "99999999-9999-4999-8999-999999999999"
ACCESS = "identity/conditionalAccess/policies"
DEVICE = "deviceManagement/configurationPolicies"
APPROVALS = "deviceManagement/operationApprovalPolicies"
APPS = "deviceAppManagement/mobileApps"
TAG = {"id": "7", "displayName": "Berlin", "isBuiltIn": False}


def test_what_the_same_restore_makes_is_found_and_what_nobody_has_is_not(graph, cast, worker, ended, quick):
    graph.change(permissions=WRITE)
    graph.put("deviceManagement/roleScopeTags", TAG)
    tagged = {**catalog_policy("11111111-2222-4333-8444-555555555555", "Tagged"), "roleScopeTagIds": ["7"]}
    graph.put("deviceManagement/configurationPolicies", tagged)
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GONE}
    lost = {**catalog_policy("11111111-2222-4333-8444-666666666666", "Lost"), "assignments": [{"target": target}]}
    graph.put("deviceManagement/configurationPolicies", lost)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
    ended(assess.start(cast.contoso, SYSTEM).run.id)
    found = {row.name: row.verdict for row in reports.lines(cast.contoso, ReportFilter(), 50)}
    assert (found["Berlin"], found["Tagged"], found["Lost"]) == ("by_itself", "by_itself", "by_hand")


def test_the_guard_counts_whoever_is_left_for_emergencies(graph, cast, worker, ended, quick):
    graph.change(permissions=[*WRITE, "User.Read.All"])
    ada = {"id": GONE, "displayName": "Ada", "userPrincipalName": "ada@contoso.example", "accountEnabled": True}
    graph.put("users", ada)
    [policy] = conditional_access(1, 1, 1)[ACCESS]
    users = {"includeUsers": ["All"], "excludeUsers": [GONE]}
    policy["conditions"] = {**policy["conditions"], "locations": None, "users": users}
    policy["grantControls"] = {"operator": "OR", "builtInControls": ["mfa"]}
    graph.put(ACCESS, policy)
    restore_rules.change(cast.contoso, False, f"user {GONE} Ada", SYSTEM)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
    for is_enabled, verdict in ((True, "by_itself"), (False, "by_hand")):
        graph.put("users", {**ada, "accountEnabled": is_enabled})
        ended(assess.start(cast.contoso, SYSTEM).run.id)
        [line] = reports.lines(cast.contoso, ReportFilter(words=["CA000"]), 50)
        assert (line.verdict, "“Ada” is disabled" in line.why) == (verdict, not is_enabled)


def group(name, **more):
    return {"displayName": name, "description": None, "groupTypes": [], "mailEnabled": False, "mailNickname": name,
            "securityEnabled": True, "membershipRule": None, "membershipRuleProcessingState": None,
            "isAssignableToRole": None, "isManagementRestricted": None, "onPremisesSyncEnabled": None,
            "assignedLicenses": [], "visibility": None, "createdDateTime": "2026-01-01T00:00:00Z",
            "members": [{"id": GONE}], **more}  # fmt: skip


def assigned(name, group_id):
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": group_id,
        "deviceAndAppManagementAssignmentFilterId": None,
        "deviceAndAppManagementAssignmentFilterType": "none",
    }
    assignment = {"id": f"{name}_1", "source": "direct", "sourceId": name, "target": target}
    return {**catalog_policy("", name), "assignments": [assignment]}  # fmt: skip


APP = {"@odata.type": "#microsoft.graph.webApp", "displayName": "Intranet", "description": "", "publisher": "We",
       "largeIcon": None, "isFeatured": False, "privacyInformationUrl": None, "informationUrl": None, "owner": "",
       "developer": "", "notes": "", "roleScopeTagIds": ["0"], "publishingState": "published", "assignments": [],
       "categories": [], "relationships": [], "appUrl": "https://intranet.example", "useManagedBrowser": False,
       "createdDateTime": "2026-01-01T00:00:00Z", "lastModifiedDateTime": "2026-01-01T00:00:00Z"}  # fmt: skip
APPROVAL = {"displayName": "Two for apps", "description": "", "policyType": "app", "policyPlatform": "notApplicable",
            "policySet": {"policyType": "app", "policyPlatform": "notApplicable"}, "approverGroupIds": [GONE],
            "lastModifiedDateTime": "2026-01-01T00:00:00Z"}  # fmt: skip


@pytest.fixture
def rare(database, quick, monkeypatch):
    """A tenant with what the demo's tenants and the real exports do not have: (its simulated side, its deletions)."""
    port, guid = servers.free_port(), "0000aaaa-1111-4111-8111-111111111111"
    for name in ("GRAPH", "LOGIN"):
        monkeypatch.setenv(f"TENANTKEEP_{name}_URL", f"http://127.0.0.1:{port}")
    config.settings.cache_clear()
    facts = Simulated("Rare", guid, guid, "a client secret", permissions=set(WRITE))
    facts.flags["not_offered"] = ["deviceManagement/inventoryPolicies"]
    kinds = {"Synced": {"onPremisesSyncEnabled": True}, "Team": {"groupTypes": ["Unified"], "mailEnabled": True},
             "Admins": {"isAssignableToRole": True}, "Same": {}, "Same ": {}}  # fmt: skip
    groups = {name: f"00000000-bbbb-4bbb-8bbb-{number:012}" for number, name in enumerate(kinds)}
    for name, more in kinds.items():
        facts.put("groups", {"id": groups[name], **group(name.strip(), **more)})
    policies = [catalog_policy("", name) for name in ("Twin", "Twin", "Moved on", "Left")]
    policies += [assigned(f"For {name.strip()}", groups[name]) for name in kinds]
    for number, policy in enumerate(policies):
        facts.put(DEVICE, {**policy, "id": f"00000000-cccc-4ccc-8ccc-{number:012}"})
    facts.put(APPS, {**APP, "id": "00000000-dddd-4ddd-8ddd-000000000000"})
    facts.put(
        APPROVALS, {**APPROVAL, "id": "00000000-eeee-4eee-8eee-000000000000", "approverGroupIds": [groups["Same"]]}
    )
    with simulator_here(port, with_real=False) as state:
        state.add(facts)
        yield facts, LoneDeletions(state, facts)


def verdicts_of(deletions):
    return {(line.name, line.verdict, line.reason) for line in deletions.said() if not line.policy.is_built_in}


def test_what_the_demo_has_nowhere_is_told_as_it_becomes(rare):
    facts, deletions = rare
    said = verdicts_of(deletions)
    assert said == {
        ("Twin", "by_itself", ""),
        ("Moved on", "by_itself", ""),
        ("Left", "by_itself", ""),
        ("Same", "by_hand", "membership"),
        # Whoever keeps such groups makes them; nobody makes a team with its mailbox again.
        ("Synced", "by_hand", "made_by_hand"),
        ("Admins", "by_hand", "made_by_hand"),
        ("Team", "not", "cannot_create"),
        # Alone they would come back; if everything were deleted, their groups would not be there.
        ("For Synced", "by_hand", "unresolved"),
        ("For Admins", "by_hand", "unresolved"),
        ("For Team", "by_hand", "unresolved"),
        ("For Same", "by_itself", ""),
        ("Intranet", "by_hand", "approval"),
        ("Two for apps", "by_hand", "approval"),
    }
    facts.flags["approval"] = [APPS, APPROVALS]
    wrong = [(line.name, line.why, truth) for line in deletions.said() if not line.name.startswith("For ")
             if (truth := deletions.truth_of(line)).verdict != line.verdict]  # fmt: skip
    assert wrong == []


EDGE = {"displayName": "Old sites", "description": "", "status": "published", "revision": "1", "sites": [],
        "sharedCookies": [], "lastModifiedDateTime": "2026-01-01T00:00:00Z"}  # fmt: skip
TOKEN = {"displayName": "Kiosks", "description": "", "enrollmentMode": "corporateOwnedDedicatedDevice",
         "enrollmentTokenType": "default", "roleScopeTagIds": ["0"],
         "lastModifiedDateTime": "2026-01-01T00:00:00Z"}  # fmt: skip
UPDATE = {"displayName": "24H2", "description": "", "featureUpdateVersion": "Windows 11, version 24H2",
          "roleScopeTagIds": ["0"], "assignments": [], "lastModifiedDateTime": "2026-01-01T00:00:00Z",
          "rolloutSettings": {"offerStartDateTimeInUTC": "2026-02-01T00:00:00Z", "offerIntervalInDays": 7,
                              "offerEndDateTimeInUTC": "2096-06-01T00:00:00Z"}}  # fmt: skip
SITES = "admin/edge/internetExplorerMode/siteLists"
UNFINISHED = {
    "Old sites": (SITES, EDGE),
    "A draft": (SITES, {**EDGE, "displayName": "A draft", "status": "draft"}),
    "Kiosks": ("deviceManagement/androidDeviceOwnerEnrollmentProfiles", TOKEN),
    "24H2": ("deviceManagement/windowsFeatureUpdateProfiles", UPDATE),
}


def test_what_a_person_finishes_does_not_come_back_by_itself(rare):
    """They were promised, and came back as a draft, with void QR codes, or to everybody at once."""
    facts, deletions = rare
    for number, (path, held) in enumerate(UNFINISHED.values()):
        facts.put(path, {**held, "id": f"00000000-ffff-4fff-8fff-{number:012}"})
    deletions = deletions.again()
    said = {line.name: line for line in deletions.said() if line.name in UNFINISHED}
    assert {name: line.reason for name, line in said.items()} == {
        "Old sites": "finished_by_hand",
        "A draft": "",
        "Kiosks": "finished_by_hand",
        "24H2": "lacks_setting",
    }
    assert [(line.name, line.why, truth) for line in said.values()
            if line.name != "A draft" and not is_right(line, truth := deletions.truth_of(line))] == []  # fmt: skip


def test_a_group_in_a_group_is_found_again_when_both_are_gone(rare):
    """The new one asked for a member that is gone, which Microsoft refuses, though readiness promised it."""
    facts, deletions = rare
    Tenant.update(keeps_members=True).execute()
    inner, outer = (f"00000000-abab-4bab-8bab-{number:012}" for number in (1, 0))
    [synced] = [graph_id for graph_id, held in facts.collections["groups"].items() if held["displayName"] == "Synced"]
    for group_id, name, members in (
        (outer, "Outer", [inner]),
        (inner, "Inner", []),
        (outer[:-1] + "2", "Mixed", [synced]),
    ):
        facts.put("groups", {"id": group_id, **group(name, members=[{"id": member} for member in members])})
        facts.put(DEVICE, {**assigned(f"To {name}", group_id), "id": f"00000000-ffff-4fff-8fff-{group_id[-12:]}"})
    deletions = deletions.again()
    said = {line.name: (line.verdict, line.reason) for line in deletions.said()}
    assert (said["Outer"], said["Inner"]) == (("by_itself", ""), ("by_itself", ""))
    assert said["Mixed"] == ("by_hand", "reference_kept"), "nobody makes its member"
    made_set = BackupSet.select().order_by(BackupSet.id.desc()).get()
    facts.collections["groups"].clear()
    restore = drafts.from_backup_set(made_set, deletions.tenant, OPTIONS, SYSTEM)
    driven(actors.plans.preview.start(restore, SYSTEM).run)
    driven(actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket").run)
    now = {held["displayName"]: held for held in facts.collections["groups"].values()}
    assert now["Outer"]["members"] == [{"id": now["Inner"]["id"]}]
    assert now["Inner"]["id"] != inner


def test_a_content_that_does_not_open_costs_its_own_policy_alone(rare):
    """A preview of everything failed for one of them, and so did readiness."""
    facts, deletions = rare
    by_name = {line.name: line.policy for line in deletions.said()}
    for name, sealed in (("Moved on", b"\x01 changed in the database, and no longer what it was"), ("Left", LOST)):
        content_id = Snapshot.get(Snapshot.policy == by_name[name]).content_id
        Content.update(sealed=sealed).where(Content.id == content_id).execute()
    deletions.judge()
    assert {("Moved on", "not", "damaged"), ("Left", "not", "damaged"), ("Twin", "by_itself", "")} <= verdicts_of(
        deletions
    )
    facts.collections[DEVICE].clear()
    restore = drafts.from_backup_set(BackupSet.get(), deletions.tenant, OPTIONS, SYSTEM)
    driven(actors.plans.preview.start(restore, SYSTEM).run)
    items = {item.name: item for item in restore_items.items(restore)}
    assert {name for name, item in items.items() if item.reason == "damaged"} == {"Moved on", "Left"}
    assert items["Twin"].action == "recreate"
    assert "does not open" in items["Moved on"].message
    assert "No copy had its content" in items["Left"].message
    assert not any(plan_text.sections(items[name], None, {}) for name in ("Moved on", "Left"))
    Content.update(sealed=LOST).where(Content.id == items["For Synced"].content_id).execute()  # since the preview
    run = driven(actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket").run)
    names = {held["name"] for held in facts.collections[DEVICE].values()}
    assert "Twin" in names
    assert "For Synced" not in names
    assert RunItem.get((RunItem.run == run) & (RunItem.name == "For Synced")).reason == "damaged"


def test_a_namesake_that_the_same_restore_removes_is_not_said_to_stay(rare):
    facts, deletions = rare
    old = next(line.policy for line in deletions.said() if line.name == "Left")
    facts.collections[DEVICE].pop(old.graph_id)
    new_id = old.graph_id[:-1] + "f"
    facts.put(DEVICE, {**catalog_policy(new_id, "Left"), "description": "made again by somebody"})
    new = policies.get_or_create(deletions.tenant, "configurationPolicies", new_id, "Left", None)
    chosen = [Snapshot.get(Snapshot.policy == old).id]
    restore = drafts.bring_back(deletions.tenant, utcnow(), chosen, [new.id], SYSTEM)
    driven(actors.plans.preview.start(restore, SYSTEM).run)
    items = {item.action: item for item in restore_items.items(restore)}
    assert items.keys() == {"recreate", "remove"}
    assert "one more of the name" not in str(items["recreate"].notes)
    assert items["recreate"].namesakes == [new_id], "what is there while it is written is known all the same"


def test_what_changed_or_went_since_the_backup_and_what_has_no_licence_is_told(rare):
    facts, deletions = rare
    [moved] = [graph_id for graph_id, held in facts.collections[DEVICE].items() if held["name"] == "Moved on"]
    [left] = [graph_id for graph_id, held in facts.collections[DEVICE].items() if held["name"] == "Left"]
    facts.put(DEVICE, {**facts.held(DEVICE, moved), "description": "by hand",
                       "lastModifiedDateTime": "2126-01-01T00:00:00Z"})  # fmt: skip
    del facts.collections[DEVICE][left]
    deletions.judge()
    said = verdicts_of(deletions)
    assert ("Moved on", "by_hand", "changed_since") in said
    assert "Left" not in {name for name, *_ in said}, "it cannot be lost any more"
    facts.flags["no_intune"] = True
    deletions.judge()
    of_intune = {line.reason for line in deletions.said() if line.policy_type == "configurationPolicies"}
    assert of_intune == {"licence_missing"}
