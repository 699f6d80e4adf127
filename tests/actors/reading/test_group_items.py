"""Groups that policies refer to: captured with them, and made again when a person ticked it, and only then."""

from datetime import timedelta

import pytest

import actors.backups.back_up
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.clock import utcnow
from db.errors import Invalid
from db.models import BackupSet, RunItem, Snapshot, Tenant
from db.policies import snapshots
from db.restores import restore_items
from db.states import Offer, RunState, SetState
from db.tenants import backup_health, coverage
from graph.read import groups
from tests.support.restore_steps import executed, options, previewed, undone
from tests.support.simulated_tenant import READ, WRITE, catalog_policy
from tests.support.told import told_of

CATALOG = "deviceManagement/configurationPolicies"
RING, PILOT, OTHER = (f"{one}0000000-aaaa-4aaa-8aaa-000000000000" for one in "123")
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick", "lock_order"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def group(graph_id, name, rule=None, **more):
    return {
        "id": graph_id, "displayName": name, "description": None, "mailEnabled": False, "mailNickname": "nick",
        "securityEnabled": True, "groupTypes": ["DynamicMembership"] if rule else [], "membershipRule": rule,
        "membershipRuleProcessingState": "On" if rule else None, "isAssignableToRole": None, "assignedLicenses": [],
        "createdDateTime": "2024-01-08T08:00:00Z", "members": [], **more,
    }  # fmt: skip


@pytest.fixture
def contoso(graph):
    """Three groups, two of which a policy is assigned to."""
    graph.change(permissions=WRITE)
    graph_clients.clear_cache()
    graph.put("groups", group(RING, "SG Ring", '(device.deviceOSType -eq "Windows")'))
    graph.put("groups", group(PILOT, "SG Pilot"))
    graph.put("groups", group(OTHER, "SG Other"))
    target = "#microsoft.graph.groupAssignmentTarget"
    policy = catalog_policy("assigned", "Assigned")
    policy["assignments"] = [
        {"id": f"assigned_{one}", "source": "direct", "target": {"@odata.type": target, "groupId": one}}
        for one in (RING, PILOT)
    ]
    graph.put(CATALOG, policy)
    return graph


@pytest.fixture
def back_up(cast, ended):
    def act(**chosen):
        run = ended(actors.backups.back_up.start(Tenant.get_by_id(cast.contoso.id), SYSTEM, **chosen).run.id)
        return BackupSet.get(BackupSet.run == run)

    return act


def held(backup_set, policy_type="groups"):
    found = [Snapshot.get_by_id(one) for one in backup_sets.snapshot_ids(backup_set)]
    return {one.name: one for one in found if one.policy.policy_type == policy_type}


def of_assigned(backup_set, tenant, **chosen):
    wanted = [held(backup_set, "configurationPolicies")["Assigned"].id]
    return drafts.from_backup_set(backup_set, tenant, options(**chosen), SYSTEM, snapshot_ids=wanted)


def there(graph, name):
    return [one for one in graph.objects()["groups"].values() if one["displayName"] == name]


def test_a_backup_holds_the_groups_that_its_policies_refer_to_and_no_others(contoso, back_up):
    first, second = back_up(), back_up()
    for made in (first, second):
        assert set(held(made)) == {"SG Ring", "SG Pilot"}
        assert made.state == SetState.COMPLETE
    body = snapshots.read_snapshot(held(second)["SG Ring"])["body"]
    assert body["membershipRule"] == '(device.deviceOSType -eq "Windows")'
    assert "members" not in body, "nobody asked for them"
    assert held(first)["SG Ring"].id == held(second)["SG Ring"].id, "nothing has changed"


def test_without_the_permission_nothing_is_partial_and_the_tenant_says_what_it_needs(contoso, back_up, cast):
    contoso.change(permissions=[one for one in READ if one != "Group.Read.All"])
    graph_clients.clear_cache()
    made = back_up()
    assert (made.state, made.problems, held(made)) == (SetState.COMPLETE, [], {})
    [row] = [one for one in coverage.uncovered(cast.contoso) if one.policy_type == "groups"]
    assert (row.offer, row.bad_since) == (Offer.NEVER_READ, None)
    assert "Group.Read.All" in row.why
    assert backup_health.health_of_tenants([cast.contoso.id], utcnow())[0].exceptions == []


def test_a_group_that_is_gone_is_made_again_only_when_it_was_ticked(contoso, back_up, cast, ended):
    backup_set = back_up()
    contoso.delete("groups", RING)
    plain = previewed(of_assigned(backup_set, cast.contoso), ended)
    assert {one.name: one.action for one in restore_items.items(plain)} == {"Assigned": "matches"}, "and no group"
    restore = previewed(of_assigned(backup_set, cast.contoso, groups="empty"), ended)
    planned = {one.name: one for one in restore_items.items(restore)}
    assert {name: one.action for name, one in planned.items()} == {
        "SG Ring": "recreate", "SG Pilot": "exists", "Assigned": "update",
    }  # fmt: skip
    assert any("paused" in note for note in planned["SG Ring"].notes)
    restore, run = executed(restore, ended)
    assert run.state == RunState.SUCCEEDED, [one.message for one in RunItem.select().where(RunItem.run == run)]
    [made] = there(contoso, "SG Ring")
    assert made["id"] != RING
    assert (made["membershipRuleProcessingState"], made["isAssignableToRole"]) == ("Paused", None)
    targets = {one["target"]["groupId"] for one in contoso.objects()[CATALOG]["assigned"]["assignments"]}
    assert targets == {made["id"], PILOT}
    undo = previewed(undone(restore), ended)
    assert {one.name: one.reason for one in restore_items.items(undo) if one.action == "blocked"} == {
        "SG Ring": "group_stays"
    }


def test_what_is_ticked_later_makes_its_groups_items_and_what_is_not_ticked_is_never_made(
    contoso, back_up, cast, ended
):
    backup_set = back_up()
    contoso.delete("groups", RING)
    alone = drafts.from_snapshot(held(backup_set)["SG Ring"], cast.contoso, options(), SYSTEM)
    [item] = restore_items.items(previewed(alone, ended))
    assert (item.action, item.reason) == ("blocked", "not_chosen")
    restore = of_assigned(backup_set, cast.contoso)
    drafts.change_options(restore, options(groups="empty"), SYSTEM)
    planned = {one.name: one.action for one in restore_items.items(previewed(restore, ended))}
    assert planned["SG Ring"] == "recreate"


def test_one_of_the_same_name_is_used_and_none_is_made_beside_it(contoso, back_up, cast, ended):
    backup_set = back_up()
    contoso.delete("groups", PILOT)
    contoso.put("groups", group("90000000-aaaa-4aaa-8aaa-000000000000", "SG Pilot"))
    restore = previewed(of_assigned(backup_set, cast.contoso, groups="empty"), ended)
    assert {one.name: one.action for one in restore_items.items(restore)}["SG Pilot"] == "exists"


def test_a_restore_as_a_copy_makes_no_group_beside_others_of_its_name(contoso, back_up, cast, ended):
    backup_set = back_up()
    contoso.delete("groups", PILOT)
    for number in (8, 9):
        contoso.put("groups", group(f"{number}0000000-aaaa-4aaa-8aaa-000000000000", "SG Pilot"))
    draft = of_assigned(backup_set, cast.contoso, groups="empty", existing="copy", prefix="Copy of ")
    restore = previewed(draft, ended)
    assert {one.name: one.reason for one in restore_items.items(restore)}["SG Pilot"] == "ambiguous"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"isAssignableToRole": True}, "directory roles"),
        ({"onPremisesSyncEnabled": True}, "local directory"),
        ({"groupTypes": ["Unified"], "mailEnabled": True}, "Microsoft 365"),
        ({"mailEnabled": True}, "Exchange"),
        ({"isManagementRestricted": True}, "administrative unit"),
        ({"groupTypes": ["DynamicMembership"]}, "membership rule"),
    ],
)
def test_what_is_never_made_says_why(more, said):
    assert said in groups.refuse_creation(group("x", "A", **more))
    assert groups.refuse_creation(group("x", "A")) == ""


def test_one_in_the_bin_says_so(contoso, back_up, cast, ended):
    backup_set = back_up()
    contoso.delete("groups", RING)
    yesterday = f"{utcnow() - timedelta(days=1):%Y-%m-%d}"
    contoso.put(
        "directory/deletedItems", {"id": RING, "displayName": "SG Ring", "deletedDateTime": f"{yesterday}T08:00:00Z"}
    )
    restore = previewed(of_assigned(backup_set, cast.contoso, groups="empty"), ended)
    [item] = [one for one in restore_items.items(restore) if one.name == "SG Ring"]
    assert any(yesterday in note for note in told_of(item))


def test_members_are_added_twenty_at_a_time_and_only_when_ticked(contoso, back_up, cast, ended):
    people = [{"id": f"person-{number:02}"} for number in range(45)]
    contoso.put("groups", group(PILOT, "SG Pilot", members=people))
    Tenant.update(keeps_members=True).where(Tenant.id == cast.contoso.id).execute()
    backup_set = back_up()
    assert len(snapshots.read_snapshot(held(backup_set)["SG Pilot"])["body"]["members"]) == 45
    for ticked, count in (("empty", 0), ("members", 45)):
        for one in there(contoso, "SG Pilot"):
            contoso.delete("groups", one["id"])
        _, run = executed(previewed(of_assigned(backup_set, cast.contoso, groups=ticked), ended), ended)
        assert run.state == RunState.SUCCEEDED, [one.message for one in RunItem.select().where(RunItem.run == run)]
        [made] = there(contoso, "SG Pilot")
        assert len(made["members"]) == count


def test_members_go_to_no_other_tenant(contoso, back_up, cast):
    with pytest.raises(Invalid, match="their own tenant"):
        of_assigned(back_up(), cast.fabrikam, groups="members")


def test_a_name_that_can_be_no_nickname_becomes_one():
    made = groups.new_group_body({**group("abcdefgh-1", "Größe (klein)"), "mailNickname": None}, with_members=False)
    assert made["mailNickname"] == "Greklein"
    made = groups.new_group_body({"id": "abcdefgh-1", "displayName": "()"}, with_members=False)
    assert made["mailNickname"] == "group-abcdefgh"
