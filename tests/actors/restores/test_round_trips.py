"""Back up, break, restore: every demo policy and every real exported one is what it was, or the plan said why not."""

import json
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace
from uuid import uuid4

import pytest
import requests

import actors.backups.back_up
import actors.readiness.assess
import config
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import BackupSet, Policy, ReadinessItem, RunItem, Snapshot
from db.policies import snapshots
from db.restores import mappings, restore_items
from db.states import WRITTEN_OUTCOMES, RunState, SetState
from db.tenants import tenants
from graph.content.normalise import normalise
from graph.content.places import root_type
from graph.content.service_made import is_service_made_outermost
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.policy_types.tenant_wide_types import BUILT_IN_CATEGORIES
from graph.references.navigations import all_links
from graph.references.references import find_references
from graph.restore.plan_notes import MARKED_AT_ONCE
from graph.write.attainable import limit_to_attainable
from graph.write.write_rules import WRITE_RULES
from tests.support import servers
from tests.support.restore_steps import executed, made_ids, options, previewed, renamed_ids
from tests.support.silent_differences import silent_differences
from tests.support.simulated_tenant import REAL, WRITE, SimulatedTenant, assert_holds, collection_of, truth_of
from tests.support.told import told_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def tenants_with(fabrikam, adatum):
    """Which, and of how many policies at least each outcome is compared. The demo's others have no other types."""
    is_absent = pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
    real = pytest.param("Adatum", adatum, marks=is_absent)
    return pytest.mark.parametrize(("name", "at_least"), [("Fabrikam", fabrikam), real])


@pytest.fixture
def stage(database, monkeypatch):
    """A simulator of its own, which a test may break."""
    port = servers.free_port()
    load = ["--load", str(REAL)] if REAL.exists() else []
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "graph.simulator", "--port", str(port), *load]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"{url}/_simulator/health"), "The simulator", process=process)
        for name in ("GRAPH", "LOGIN"):
            monkeypatch.setenv(f"TENANTKEEP_{name}_URL", url)
        config.settings.cache_clear()
        yield Stage(url)
        graph_clients.clear_cache()


class Stage:
    def __init__(self, url):
        self.url = url

    def connect(self, name):
        """(our tenant, the simulator's) of that name."""
        facts = requests.get(f"{self.url}/_simulator/tenants", timeout=60).json()
        found = next(one for one in facts if name in one["name"])
        return self._ours(SimpleNamespace(**found))

    def _ours(self, facts):
        made = tenants.add(facts.name, facts.directory_id, facts.client_id, SYSTEM)
        tenants.set_credential(made, "secret", {"secret": facts.client_secret}, SYSTEM)
        return made, SimulatedTenant(self.url, facts.directory_id)

    def empty_twin(self, source, theirs):
        """A tenant with the same people, groups and apps under other ids, and no policy: (ours, its, old id -> new)."""
        facts = SimpleNamespace(
            name="Twin", directory_id=str(uuid4()), client_id=str(uuid4()), client_secret="twin client secret"
        )
        SimulatedTenant.add(self.url, facts, facts.client_secret, WRITE)
        ours, twin = self._ours(facts)
        # A value that is the tenant's own id becomes the twin's.
        objects, ids = theirs.objects(), {source.directory_id: facts.directory_id}
        for path in ("groups", "users", "deviceManagement/virtualEndpoint/onPremisesConnections"):
            for old, item in objects.get(path, {}).items():
                ids[old] = str(uuid4())
                twin.put(path, {**item, "id": ids[old]})
                if path != "groups":  # groups are found by their names; the others a person has to say
                    kind = path.rpartition("/")[2]
                    mappings.set_mapping(ours, source.directory_id, (kind, old), ids[old], SYSTEM)
        twin.put("deviceManagement/settings", {"id": "tenant-wide", "secureByDefault": False})
        strengths = POLICY_TYPES["authenticationStrengths"].path.strip("/")
        categories = collection_of(POLICY_TYPES["mobileAppCategories"])
        for path in ("servicePrincipals", "deviceManagement/templates", strengths, categories):
            for item in objects.get(path, {}).values():
                is_everywhere = {strengths: item.get("policyType") == "builtIn", categories: item["id"] in
                                 BUILT_IN_CATEGORIES}.get(path, True)  # fmt: skip
                if is_everywhere:  # in every tenant
                    twin.put(path, item)
        return ours, twin, ids


def back_up(tenant, ended):
    run = ended(actors.backups.back_up.start(tenant, SYSTEM).run.id, 120)
    made = BackupSet.get(BackupSet.run == run)
    assert made.state in (SetState.COMPLETE, SetState.WARNINGS), made.problems
    return made


def everything(tenant):
    """(path, id in the simulator, id below a token or none) of every policy that is not built in."""
    of_tenant = (Policy.tenant == tenant) & (Policy.is_built_in == False) & (Policy.policy_type != "groups")  # noqa: E712
    for policy in Policy.select().where(of_tenant):
        top, _, below = policy.graph_id.partition("/")
        yield POLICY_TYPES[policy.policy_type], top, below


def delete_everything(tenant, theirs):
    for policy_type, top, below in everything(tenant):
        path = collection_of(policy_type)
        if below:
            token = theirs.objects()[path][top]
            theirs.put(path, {**token, "enrollmentProfiles": []})
        else:
            theirs.delete(path, top)


CHILDREN = (
    "settings", "definitionValues", "omaSettings", "apps", "localizedNotificationMessages", "items", "relationships",
)  # fmt: skip


def spoil_everything(tenant, theirs):
    """Another description, every switch turned, one child of each list gone, no assignments."""
    objects = theirs.objects()
    for policy_type, top, below in everything(tenant):
        path = collection_of(policy_type)
        fixed = WRITE_RULES[policy_type.key].create_only | WRITE_RULES[policy_type.key].drop | policy_type.volatile
        if not below:
            theirs.put(path, spoiled(policy_type, objects[path][top], fixed))
            continue
        token = theirs.objects()[path][top]
        profiles = [spoiled(policy_type, one, fixed) for one in token["enrollmentProfiles"] if one["id"] == below]
        others = [one for one in token["enrollmentProfiles"] if one["id"] != below]
        theirs.put(path, {**token, "enrollmentProfiles": [*others, *profiles]})


def spoiled(policy_type, item, fixed):
    item = json.loads(json.dumps(item))
    actual = model.type_of(item, root_type(policy_type))
    for name, value in item.items():
        if name in fixed or is_service_made_outermost(actual, name):
            continue
        if isinstance(value, bool) and not name.endswith("IsSet"):
            item[name] = not value
        elif name in CHILDREN and isinstance(value, list) and len(value) > 1:
            item[name] = value[:-1]
        elif name == "description":
            item[name] = "somebody was here"
    if item.get("assignments"):
        item["assignments"] = []
    if "settingCount" in item:
        item["settingCount"] = len(item.get("settings") or ())
    return item


def restored(backup_set, tenant, ended, **changes):
    """The restore, previewed and executed; each of its items did what the plan said."""
    restore = drafts.from_backup_set(backup_set, tenant, options(**changes), SYSTEM)
    restore = previewed(restore, ended)
    restore, run = executed(restore, ended, guard_reason="the test wants every policy", seconds=300)
    rows = {row.restore_item_id: row for row in RunItem.select().where(RunItem.run == run)}
    for item in restore_items.items(restore):
        row, said = rows[item.id], f"{item.policy_type} {item.name}: {rows[item.id].message}"
        if item.action in WRITTEN_OUTCOMES:
            assert (row.state, row.outcome, item.verified) == ("done", WRITTEN_OUTCOMES[item.action], True), said
        else:
            assert (row.outcome, row.message) == (item.action, item.message), said
            assert item.message, "a plan that writes nothing says why"
    assert run.state == RunState.SUCCEEDED, run.error_message
    return restore


def compare_all(restore, theirs, ids, was):
    """The simulator's state after normalisation equals the backup's; and what it `was`, but for what was told."""
    collections = theirs.objects()
    compared = 0
    for item in restore_items.items(restore):
        if item.action in ("blocked", "exists"):
            continue
        policy_type, target = POLICY_TYPES[item.policy_type], item.created_id or item.target_id
        wanted = renamed_ids(snapshots.read_content(item.content_id), ids)
        truth = truth_of(collections, item.policy_type, target)
        reached = limit_to_attainable(item.policy_type, wanted["body"], truth["body"])
        assert len(reached.notes) <= len(told_of(item)), f"{item.name}: {reached.notes} was not told"
        expected = normalise(policy_type, {**wanted, "body": reached.body})
        assert_holds(expected, normalise(policy_type, truth), f"{item.policy_type} {item.name}")
        compared += 1
    silent, values = silent_differences(restore, was, collections, ids)
    print(f"{len(silent)} silent differences in {values} values of {compared} policies")
    for (policy_type, place), count in Counter((key, place) for key, _, place in silent).items():
        print(f"  {policy_type} {place}: {count}")
    assert not silent
    return compared


BESIDE = {"relationships", "combinationConfigurations", "isDefault", "creationSource", "priorityMetaData",
          *(["categories"] if "mobileAppCategories" in POLICY_TYPES else ()),
          *all_links("deviceConfigurations"), *all_links("windowsAutopilotDeploymentProfiles")}  # fmt: skip


def parts_beside(collections):
    """How many policies have what is beside a body, and how many texts the templates of notifications."""
    found = Counter()
    for item in (item for items in collections.values() for item in items.values()):
        found.update(name for name in BESIDE if item.get(name))
        for one in item.get("notificationTemplates", ()):
            template = collections["deviceManagement/notificationMessageTemplates"][one.partition("_")[2]]
            found["texts"] += len(template["localizedNotificationMessages"])
    return found


def verdicts_of(tenant, ended):
    """(policy type, Graph id) -> what readiness says of each policy that is no group: groups are not deleted here."""
    run = ended(actors.readiness.assess.start(tenant, SYSTEM).run.id, 120)
    assert run.state == RunState.SUCCEEDED, run.error_message
    lines = ReadinessItem.select(ReadinessItem, Policy).join(Policy).where(ReadinessItem.policy_type != "groups")
    return {(line.policy_type, line.policy.graph_id): line for line in lines}


# What somebody enters, uploads or allows, and the same policy comes back; the guard was passed here, and this tenant
# waits for no second administrator.
FOR_A_PERSON = {"secret_missing", "unresolved", "cannot_create", "not_restorable"}
FILES = {"mobileApps", "groupPolicyUploadedDefinitionFiles", "agreements"}


def is_right(line, item):
    """Whether the restore after the deletion did with this item what readiness had said of its policy before."""
    is_back = item.action in WRITTEN_OUTCOMES and item.verified
    lacks = {danger["code"] for danger in item.dangers or ()} & {"to_be_entered", "lacks_setting"}
    lacks |= {MARKED_AT_ONCE} & set(item.notes or ())
    if line.verdict == "by_itself":
        # What is built in is not deleted here, even where somebody could.
        is_there = line.policy.is_built_in and item.action == "matches"
        return (is_back and not lacks) or is_there or line.why.startswith("Nobody can delete it")
    if line.verdict == "by_hand":
        files = item.policy_type in FILES or item.reason in {"secret_missing", "unresolved"}
        # What is left to do once it is back, the restore's plan says in the same words.
        is_left = line.reason == "finished_by_hand" and line.why in " ".join(told_of(item))
        return bool(is_back and (lacks or is_left or line.reason in {"guard", "approval"})) or (
            item.reason in FOR_A_PERSON and files
        )
    return item.action == "blocked" and not is_back


# What no restore can bring back, in whichever tenant; each says so in advance.
NEVER = {"built_in", "not_restorable", "secret_missing", "cannot_create", "unresolved", "past_date"}


def all_that_was_deleted_comes_back(policies, ended, predicted):
    """As it was, and as readiness had said."""
    delete_everything(policies.ours, policies.theirs)
    restore = restored(policies.backup_set, policies.ours, ended)
    items = {(item.policy_type, item.graph_id): item for item in restore_items.items(restore)}
    wrong = {key: line for key, line in predicted.items() if not is_right(line, items[key])}
    print(f"{len(predicted) - len(wrong)} of {len(predicted)} predictions are right")
    assert not wrong
    assert parts_beside(policies.theirs.objects()) == parts_beside(policies.was)
    assert {one.reason for one in restore_items.items(restore) if one.action == "blocked"} <= NEVER
    return compare_all(restore, policies.theirs, made_ids(restore), policies.was)


def all_that_was_changed_is_as_it_was(policies, ended):
    """With the ids that it has."""
    spoil_everything(policies.ours, policies.theirs)
    restore = restored(policies.backup_set, policies.ours, ended)
    assert not {one.action for one in restore_items.items(restore)} & {"create", "recreate"}
    return compare_all(restore, policies.theirs, {}, policies.was)


def another_tenant_gets_the_same(policies, ended, stage):
    """Where everything has other ids."""
    target, elsewhere, ids = stage.empty_twin(policies.ours, policies.theirs)
    restore = restored(policies.backup_set, target, ended)
    assert {one.reason for one in restore_items.items(restore) if one.action == "blocked"} <= NEVER
    return compare_all(restore, elsewhere, {**ids, **made_ids(restore)}, policies.was)


@tenants_with((80, 95, 95), (215, 225, 225))
def test_policies_are_the_same_in_another_tenant_and_as_they_were_once_changed_and_once_deleted(
    stage, name, at_least, worker, ended, quick
):
    """In this order: each leaves the tenant as the backup has it, the last with other ids."""
    ours, theirs = stage.connect(name)
    policies = SimpleNamespace(ours=ours, theirs=theirs, backup_set=back_up(ours, ended), was=theirs.objects())
    predicted = verdicts_of(ours, ended)
    compared = (
        another_tenant_gets_the_same(policies, ended, stage),
        all_that_was_changed_is_as_it_was(policies, ended),
        all_that_was_deleted_comes_back(policies, ended, predicted),
    )
    assert all(count >= least for count, least in zip(compared, at_least, strict=True)), compared


# Every value of every option meets every value of every other one.
PAIRS = [
    (existing, assignments, conditional_access, drop)
    for row, existing in enumerate(("update", "skip", "copy"))
    for column, assignments in enumerate(("leave", "exact", "none"))
    for conditional_access in [("report only", "off", "as captured")[(row + column) % 3]]
    for drop in [("yes", "no")[(row * 2 + column) % 2]]
]


def two_of_each_type(backup_set):
    """Of each policy type a policy that refers to something and one that does not, as far as the demo has them."""
    chosen = {}
    for snapshot_id in backup_sets.snapshot_ids(backup_set):
        snapshot = Snapshot.get_by_id(snapshot_id)
        key = snapshot.policy.policy_type
        refers = bool(find_references(key, snapshots.read_snapshot(snapshot), snapshot.policy.graph_id))
        chosen.setdefault((key, refers), snapshot_id)
    return chosen


def test_every_option_of_every_policy_type_can_be_previewed_with_and_without_references(stage, worker, ended, quick):
    source, theirs = stage.connect("Fabrikam")
    backup_set = back_up(source, ended)
    chosen = two_of_each_type(backup_set)
    # That one Fabrikam's tenant does not offer, and no restore writes it.
    assert {key for key, _ in chosen} == set(POLICY_TYPES) - {"inventoryPolicies"}
    chosen = {kind: one for kind, one in chosen.items() if kind[0] != "groups"}  # nobody asks to have them made
    assert len({key for key, refers in chosen if refers}) >= 25
    twin, _, _ = stage.empty_twin(source, theirs)
    for target in (source, twin):
        for existing, assignments, conditional_access, drop in PAIRS:
            chosen_options = options(
                existing=existing,
                prefix="Copy of " if existing == "copy" else "",
                assignments=assignments,
                conditional_access=conditional_access,
                drop_missing=drop,
            )
            restore = drafts.from_backup_set(
                backup_set, target, chosen_options, SYSTEM, snapshot_ids=list(chosen.values())
            )
            planned = restore_items.items(previewed(restore, ended))
            assert len(planned) == len(chosen)
            assert {one.action for one in planned} <= PLANNED[existing], chosen_options
            assert not {one.policy_type for one in planned if one.reason == "unreadable"}


# What each choice for policies that are there already may lead to.
PLANNED = {
    "update": {"create", "recreate", "update", "matches", "exists", "blocked"},
    "skip": {"create", "recreate", "exists", "matches", "blocked"},
    "copy": {"create", "exists", "blocked", "matches"},
}
