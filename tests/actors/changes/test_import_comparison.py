"""An import beside a tenant, a set, another import: who stands beside whom, what differs, what nobody can know."""

import secrets

import pytest

from actors.changes.import_comparison import open_pairs, pair_up
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.imports import policy_imports
from db.imports.policy_imports import NewImportedPolicy
from db.models import Content, Policy
from db.policies import snapshots as stored
from db.runs import runs
from db.states import RunKind, SetState
from graph.references.stand_ins import UNKNOWN_DIRECTORY, stand_in
from tests.actors.changes.test_whole_comparison import backup_set, captured, policy
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CATALOG, PROFILES = "configurationPolicies", "deviceConfigurations"
WIFI = "#microsoft.graph.windowsWifiConfiguration"
NAMED = stand_in("groups", "All staff")
GROUP = "11111111-1111-4111-8111-111111111111"


def assigned(group):
    return [{"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}]


def exported(name, graph_id="", policy_type=CATALOG, assignments=None, groups=None, **body):
    """A policy of an import: (its columns, its content)."""
    own = {"name": name, "description": "", "settings": []} if policy_type == CATALOG else {"displayName": name}
    body = {**own, **body}
    graph_id = graph_id or stand_in(policy_type, name + str(body))
    columns = {"policy_type": policy_type, "name": name, "graph_id": graph_id}
    return columns, {"body": body, "assignments": assignments}, {"groups": groups or {}}


def import_of(tenant, *policies, directory="", name="Nightly"):
    new = [
        NewImportedPolicy(
            path=f"{n}.json", format="intunecd", content=stored.save_content(tenant.id, content, secrets.token_hex(8)),
            other_content=None, references=references, findings=[], placeholders=[], **columns,
        )
        for n, (columns, content, references) in enumerate(policies)
    ]  # fmt: skip
    run = runs.start(tenant=tenant, kind=RunKind.IMPORT, dedupe_key=secrets.token_hex(8), items=[], actor=SYSTEM)
    facts = {"name": name, "organisation": "", "formats": ["intunecd"], "findings": [], "files": [], "file_count": 1}
    return policy_imports.create(run.run, new, source_directory_id=directory or UNKNOWN_DIRECTORY, **facts)


def compared(row, other):
    found = pair_up(row, other)
    opened = open_pairs(found, found.pairs, "en")
    return found, {each.pair.entry.name: each for each in opened if not each.pair.is_ambiguous}


def labels(opened):
    return opened.differences and [difference.label for difference in opened.differences]


def side(opened):
    return bool(opened.pair.imported), bool(opened.pair.other)


def wifi(tenant, name, number, **body):
    row = policy(tenant, name, number, PROFILES)
    Policy.update(odata_type=WIFI).where(Policy.id == row.id).execute()
    capture_by_hand(row, SYSTEM, {"displayName": name, "@odata.type": WIFI, **body})


def test_of_its_own_directory_an_id_is_the_policy_and_what_was_not_exported_is_no_difference(cast):
    ours = cast.contoso
    renamed, recreated = policy(ours, "Renamed since", 1), policy(ours, "Recreated", 2)
    captured(renamed, "new")
    captured(recreated)
    captured(policy(ours, "Firewall", 3), groups={GROUP: "All staff"})
    captured(policy(ours, "Camera", 4), groups={GROUP: "All staff"})
    captured(policy(ours, "Twin", 5))
    captured(policy(ours, "Ours only", 6))
    captured(policy(ours, "A script", 7, "deviceManagementScripts"))
    wifi(ours, "Wi-Fi", 8, preSharedKey="hush~ours")
    row = import_of(
        ours,
        exported("Once called", renamed.graph_id.upper(), description="old"),
        exported("Recreated", "99999999-2222-4222-8222-000000000000"),
        exported("Firewall", assignments=assigned(NAMED), groups={NAMED: "All staff"}),
        exported("Camera", description="theirs"),
        exported("Twin", one=1), exported("Twin", two=2),
        exported("Theirs only"),
        exported("Wi-Fi", policy_type=PROFILES, preSharedKey="hush~theirs", **{"@odata.type": WIFI}),
        exported("All staff", policy_type="groups"),
        directory=ours.directory_id,
    )  # fmt: skip
    found, rows = compared(row, ours)
    assert {name: side(opened) for name, opened in rows.items()} == {
        **dict.fromkeys(("Once called", "Recreated", "Firewall", "Camera", "Wi-Fi"), (True, True)),
        "Theirs only": (True, False),
        "Ours only": (False, True),
    }
    assert (found.other_types, found.unread) == (1, [])
    assert labels(rows["Once called"]) == ["Description", "Name"]
    assert [rows[name].pair.has_other_id for name in ("Once called", "Recreated", "Firewall")] == [False, True, False]
    assert (labels(rows["Firewall"]), rows["Firewall"].are_assignments_known) == ([], True)
    assert (labels(rows["Camera"]), rows["Camera"].are_assignments_known) == (["Description"], False)
    assert (labels(rows["Wi-Fi"]), rows["Wi-Fi"].has_masked) == ([], True), "a guess is never confirmed or denied"
    twins = [pair for pair in found.pairs if pair.entry.name == "Twin"]
    assert [pair.is_ambiguous for pair in twins] == [True] * 3


def test_of_another_directory_names_count_and_no_id_does(cast):
    ours, theirs = cast.contoso, cast.fabrikam
    one, two = policy(theirs, "Baseline", 1), policy(theirs, "Other", 2)
    captured(one, groups={GROUP: "All staff"})
    captured(two)
    far = "22222222-1111-4111-8111-111111111111"
    row = import_of(
        ours,
        exported("Baseline", two.graph_id, assignments=assigned(far), groups={far: "All staff"}),
        exported("Otherwise", one.graph_id),
        directory=ours.directory_id,
    )
    _, rows = compared(row, theirs)
    assert {name: side(opened) for name, opened in rows.items()} == {
        "Baseline": (True, True), "Otherwise": (True, False), "Other": (False, True)
    }  # fmt: skip
    assert (labels(rows["Baseline"]), rows["Baseline"].pair.has_other_id) == ([], False)
    nowhere = import_of(ours, exported("Baseline", assignments=assigned(GROUP), groups={GROUP: "Others"}))
    assert labels(compared(nowhere, theirs)[1]["Baseline"])


def test_a_set_says_what_it_did_not_read_and_an_import_stands_beside_another(cast):
    ours = cast.contoso
    row = import_of(ours, exported("Firewall", description="new"), exported("Lost"))
    with pytest.raises(Invalid, match="back the tenant up first"):
        pair_up(row, ours)
    snapshot = captured(policy(ours, "Firewall"), "old")
    types = {CATALOG: {"state": "failed", "message": "Refused", "listed": 0}}
    found, rows = compared(row, backup_set(ours, snapshot, state=SetState.WARNINGS, types=types))
    assert (labels(rows["Firewall"]), found.unread) == (["Description"], [CATALOG])
    assert compared(row, backup_set(ours, snapshot))[0].unread == []
    with pytest.raises(Invalid, match="still being made"):
        pair_up(row, backup_set(ours, snapshot, state=SetState.RUNNING))
    with pytest.raises(Invalid, match="than the import itself"):
        pair_up(row, row)
    other = import_of(ours, exported("Firewall", description="newest"), name="Later")
    [difference] = compared(row, other)[1]["Firewall"].differences
    assert (difference.before, difference.after) == ("new", "newest")
    Content.update(sealed=b"broken").execute()
    assert compared(row, other)[1]["Firewall"].differences is None
