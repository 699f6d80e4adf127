"""Policies of one name: each is restored to itself, or made again beside its twin; nothing is written over another."""

import random

import pytest

import actors.backups.back_up
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.backups import backup_sets, manifests
from db.clock import utcnow
from db.models import BackupSet, Policy, RestoreItem, Snapshot
from db.restores import mappings, restore_items
from db.states import RunState
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import as_previewed, executed, items_of, options, plan_of, previewed
from tests.support.simulated_tenant import WRITE, SimulatedTenant, catalog_policy

CATALOG = "deviceManagement/configurationPolicies"
NAME = "Win - Duplicate"
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def graph_id(number):
    return f"{number:08d}-1111-4111-8111-111111111111"


@pytest.fixture
def twins(graph, cast):
    """Two policies of one name, both captured: (a backup set of both, their snapshots)."""
    graph.change(permissions=WRITE)
    kept = []
    for number, text in ((1, "first"), (2, "second")):
        body = {**catalog_policy(graph_id(number), NAME), "description": text}
        graph.put(CATALOG, body)
        policy = Policy.create(tenant=cast.contoso, policy_type="configurationPolicies", graph_id=body["id"], name=NAME)
        kept.append(capture_by_hand(policy, SYSTEM, {key: body[key] for key in body if key != "assignments"})[1])
    for one in kept:  # as one list shows them
        Policy.update(last_seen_at=kept[-1].policy.first_seen_at).where(Policy.id == one.policy_id).execute()
    manifest = manifests.save(cast.contoso, [one.id for one in kept])
    return BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                            manifest=manifest), kept  # fmt: skip


@pytest.fixture
def fabrikam(simulator, cast):
    return SimulatedTenant.add(simulator, cast.fabrikam, "fabrikam client secret", WRITE)


def drafted(backup_set, tenant, **changes):
    return drafts.from_backup_set(backup_set, tenant, options(**changes), SYSTEM)


def texts(tenant):
    """Graph id -> description, of those of the name, copies among them."""
    return {one["id"]: one["description"] for one in tenant.objects().get(CATALOG, {}).values() if NAME in one["name"]}


def plans(restore):
    return [(one.action, one.reason) for one in sorted(restore_items.items(restore), key=lambda one: one.graph_id)]


@pytest.mark.parametrize("is_alone", [False, True])
def test_a_deleted_twin_is_made_again_and_the_one_that_lives_is_left_alone(twins, graph, cast, ended, is_alone):
    backup_set, (first, _) = twins
    graph.delete(CATALOG, graph_id(1))
    draft = drafts.from_snapshot(first, cast.contoso, options(), SYSTEM) if is_alone else None
    restore = previewed(draft or drafted(backup_set, cast.contoso), ended)
    assert plans(restore)[0] == ("recreate", None)
    _, run = executed(restore, ended)
    assert run.state == RunState.SUCCEEDED
    there = texts(graph)
    assert (sorted(there.values()), there[graph_id(2)]) == (["first", "second"], "second")
    again = previewed(drafted(backup_set, cast.contoso), ended)
    assert plans(again) == [("matches", None)] * 2, "what was made again is found by the mapping that was remembered"


def test_what_somebody_made_again_by_hand_after_it_was_gone_is_taken_for_it(twins, graph, cast, ended):
    _, (first, _) = twins
    for number in (1, 2):
        graph.delete(CATALOG, graph_id(number))
    Policy.delete().where(Policy.graph_id == graph_id(2)).execute()  # the only one of its name that ever was
    graph.put(CATALOG, {**catalog_policy(graph_id(7), NAME), "description": "by hand"})
    restore = previewed(drafts.from_snapshot(first, cast.contoso, options(), SYSTEM), ended)
    [item] = restore_items.items(restore)
    assert (item.action, item.target_id) == ("update", graph_id(7))
    assert ["is taken for it" in note for note in item.notes] == [True]


def test_two_gone_twins_and_one_of_the_name_are_ambiguous(twins, graph, cast, ended):
    backup_set, _ = twins
    for number in (1, 2):
        graph.delete(CATALOG, graph_id(number))
    graph.put(CATALOG, {**catalog_policy(graph_id(7), NAME), "description": "by hand"})
    restore = previewed(drafted(backup_set, cast.contoso), ended)
    assert plans(restore) == [("blocked", "ambiguous")] * 2
    executed(restore, ended)
    assert texts(graph) == {graph_id(7): "by hand"}


def test_twins_never_share_a_target_in_another_tenant(twins, fabrikam, cast, ended):
    backup_set, (first, _) = twins
    fabrikam.put(CATALOG, {**catalog_policy(graph_id(7), NAME), "description": "theirs"})
    assert plans(previewed(drafted(backup_set, cast.fabrikam), ended)) == [("blocked", "ambiguous")] * 2
    alone = drafts.from_snapshot(first, cast.fabrikam, options(), SYSTEM)
    assert plans(previewed(alone, ended)) == [("blocked", "ambiguous")], "it may as well be the other's"
    key = ("configurationPolicies", graph_id(1))
    assert mappings.missing_mappings(cast.fabrikam, cast.contoso.directory_id)[key] == NAME, "the page offers to say it"
    mappings.set_mapping(cast.fabrikam, cast.contoso.directory_id, key, graph_id(7), SYSTEM)
    restore = previewed(drafted(backup_set, cast.fabrikam), ended)
    assert plans(restore) == [("update", None), ("create", None)]
    executed(restore, ended)
    assert sorted(texts(fabrikam).values()) == ["first", "second"]
    assert texts(fabrikam)[graph_id(7)] == "first"


def test_what_a_person_said_to_be_none_of_them_is_made_beside_its_namesake(twins, fabrikam, cast, ended):
    _, (first, _) = twins
    fabrikam.put(CATALOG, {**catalog_policy(graph_id(7), NAME), "description": "theirs"})
    source, key = cast.contoso.directory_id, ("configurationPolicies", graph_id(1))
    mappings.set_mapping(cast.fabrikam, source, key, mappings.NONE_OF_THEM, SYSTEM)
    assert mappings.targets_by_key(cast.fabrikam, source) == {}
    restore = previewed(drafts.from_snapshot(first, cast.fabrikam, options(), SYSTEM), ended)
    assert plans(restore) == [("create", None)]
    executed(restore, ended)
    assert sorted(texts(fabrikam).values()) == ["first", "theirs"]
    assert mappings.declined(cast.fabrikam, source) == set(), "from now on it is what was made"


def test_one_twin_restored_after_the_other_is_made_beside_it(twins, fabrikam, cast, ended):
    _, kept = twins
    for snapshot in kept:
        executed(previewed(drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM), ended), ended)
    assert sorted(texts(fabrikam).values()) == ["first", "second"]


def test_copies_of_twins_are_two_and_stay_two(twins, graph, cast, ended):
    backup_set, _ = twins
    for expected in ("create", "exists"):
        restore = previewed(drafted(backup_set, cast.contoso, existing="copy", prefix="[R] "), ended)
        assert [action for action, _ in plans(restore)] == [expected] * 2
        executed(restore, ended)
    assert sorted(texts(graph).values()) == ["first", "first", "second", "second"]
    [copied] = [one["id"] for one in graph.objects()[CATALOG].values() if one["name"].startswith("[R]")][:1]
    graph.delete(CATALOG, copied)
    restore = previewed(drafted(backup_set, cast.contoso, existing="copy", prefix="[R] "), ended)
    assert plans(restore) == [("blocked", "ambiguous")] * 2, "which of the two is missing cannot be told"


FILTERS = "deviceManagement/assignmentFilters"


def a_filter(number, name):
    return {"id": graph_id(number), "displayName": name, "platform": "windows10AndLater", "roleScopeTags": ["0"],
            "rule": '(device.model -eq "X")'}  # fmt: skip


@pytest.fixture
def filtered(graph, cast, ended):
    """Policy type -> the snapshot of a filter, and of a policy that is assigned with it; and the set that has them."""
    graph.change(permissions=WRITE)
    graph.put(FILTERS, a_filter(1, "F"))
    target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget",
              "deviceAndAppManagementAssignmentFilterType": "include",
              "deviceAndAppManagementAssignmentFilterId": graph_id(1)}  # fmt: skip
    graph.put(CATALOG, {**catalog_policy(graph_id(2), NAME), "assignments": [
        {"id": "a", "source": "direct", "target": target}]})  # fmt: skip
    types = ("assignmentFilters", "configurationPolicies")
    run = ended(actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=types).run.id)
    backup_set = BackupSet.get(BackupSet.run == run)
    kept = [Snapshot.get_by_id(one) for one in backup_sets.snapshot_ids(backup_set)]
    return backup_set, {one.policy.policy_type: one.id for one in kept if one.policy.graph_id in map(graph_id, (1, 2))}


def filter_of(policy):
    return policy["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterId"]


def test_what_is_copied_later_names_the_copy_that_is_there(filtered, graph, cast, ended):
    backup_set, kept = filtered
    for chosen in ([kept["assignmentFilters"]], list(kept.values())):
        copied = options(existing="copy", prefix="[R] ")
        draft = drafts.from_backup_set(backup_set, cast.contoso, copied, SYSTEM, snapshot_ids=chosen)
        restore, run = executed(previewed(draft, ended), ended)
        assert run.state == RunState.SUCCEEDED
    assert plan_of(restore) == {"F": "exists: exists", NAME: "create"}
    [copy] = [one["id"] for one in graph.objects()[FILTERS].values() if one["displayName"] == "[R] F"]
    [made] = [one for one in graph.objects()[CATALOG].values() if one["name"].startswith("[R]")]
    assert filter_of(made) == copy


def test_what_was_made_again_and_again_is_what_an_old_snapshot_means(filtered, graph, cast, ended):
    backup_set, kept = filtered
    graph.delete(FILTERS, graph_id(1))
    graph.put(FILTERS, a_filter(4, "F, renamed since"))
    graph.delete(CATALOG, graph_id(2))
    for before, after in ((1, 3), (3, 4)):
        key = ("assignmentFilters", graph_id(before))
        mappings.set_mapping(cast.contoso, cast.contoso.directory_id, key, graph_id(after), SYSTEM)
    draft = drafts.from_backup_set(
        backup_set, cast.contoso, options(), SYSTEM, snapshot_ids=[kept["configurationPolicies"]]
    )
    executed(previewed(draft, ended), ended)
    [made] = [one for one in graph.objects()[CATALOG].values() if one["name"] == NAME]
    assert filter_of(made) == graph_id(4)


def test_a_twin_is_never_adopted_for_one_whose_answer_was_lost(twins, graph, cast, ended):
    _, (first, _) = twins
    graph.put(CATALOG, {**catalog_policy(graph_id(2), NAME), "description": "first"})  # as the lost one is to be
    graph.delete(CATALOG, graph_id(1))
    restore = previewed(drafts.from_snapshot(first, cast.contoso, options(), SYSTEM), ended)
    graph.fault(kind="lost", status=504, path="configurationPolicies$")
    executed(restore, ended)
    item = RestoreItem.get(RestoreItem.restore == restore)
    assert item.created_id not in (None, graph_id(2))
    assert len(texts(graph)) == 2


def test_a_plan_that_would_write_one_policy_twice_writes_it_for_nobody(twins, graph, cast, ended):
    """No preview makes such a plan; if one did, its fingerprint would be that plan's."""
    backup_set, _ = twins
    for number in (1, 2):
        graph.put(CATALOG, {**catalog_policy(graph_id(number), NAME), "description": f"changed {number}"})
    restore = previewed(drafted(backup_set, cast.contoso), ended)
    RestoreItem.update(target_id=graph_id(2)).where(RestoreItem.restore == restore).execute()
    _, run = executed(as_previewed(restore), ended)
    assert texts(graph) == {graph_id(1): "changed 1", graph_id(2): "changed 2"}
    assert {one.reason for one in run.items} == {"ambiguous"}
    assert items_of(run)[NAME].outcome == "blocked"
    assert plan_of(restore)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_was_deleted_changed_and_made_by_hand_nothing_is_written_over_another(graph, cast, ended, seed):
    dice = random.Random(seed)
    graph.change(permissions=WRITE)
    kept, seen_at = [], utcnow()
    for number in range(8):
        body = {**catalog_policy(graph_id(number), f"{NAME} {dice.choice('ab')}"), "description": f"captured {number}"}
        graph.put(CATALOG, body)
        policy = Policy.create(
            tenant=cast.contoso, policy_type="configurationPolicies", graph_id=body["id"], name=body["name"],
            first_seen_at=seen_at, last_seen_at=seen_at)  # fmt: skip
        kept.append(capture_by_hand(policy, SYSTEM, {key: body[key] for key in body if key != "assignments"})[1])
    for number in range(8):
        fate = dice.choice(["deleted", "changed", "as it was"])
        if fate == "deleted":
            graph.delete(CATALOG, graph_id(number))
        elif fate == "changed":
            graph.put(CATALOG, {**graph.objects()[CATALOG][graph_id(number)], "description": "changed"})
    for number in range(20, 20 + dice.randrange(3)):
        by_hand = catalog_policy(graph_id(number), f"{NAME} {dice.choice('ab')}")
        graph.put(CATALOG, {**by_hand, "description": f"by hand {number}"})
    before = graph.objects()[CATALOG]
    manifest = manifests.save(cast.contoso, [one.id for one in kept])
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest)  # fmt: skip
    restore = previewed(drafted(backup_set, cast.contoso), ended)
    executed(restore, ended)
    after, items = graph.objects()[CATALOG], restore_items.items(restore)
    written = [one.created_id or one.target_id for one in items if one.action in ("update", "recreate")]
    assert len(written) == len(set(written))
    for one in items:
        if one.graph_id in before:
            assert one.target_id == one.graph_id
        if one.action != "blocked":
            there = after[one.created_id or one.target_id]
            assert (there["name"], there["description"][:8]) == (one.name, "captured")
    for key in before.keys() - set(written):
        assert after[key] == before[key], "nobody's target, and as it was"
