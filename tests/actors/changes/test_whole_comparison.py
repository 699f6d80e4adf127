"""Two backup sets compared whole: who stands beside whom, what differs, and how much is opened for it."""

import pytest

from actors.changes import whole_comparison
from actors.changes.whole_comparison import Comparer, pair_up
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.changes import ignored_fields
from db.errors import Invalid
from db.models import BackupSet, Policy
from db.policies import snapshots
from db.states import SetState
from tests.support.captures import capture_by_hand

CATALOG = "configurationPolicies"


def policy(tenant, name, number=1, policy_type=CATALOG):
    graph_id = f"{tenant.id}{number:07}-2222-4222-8222-{len(name):012}"
    return Policy.create(tenant=tenant, policy_type=policy_type, graph_id=graph_id, name=name)


def captured(row, description="", groups=None):
    body = {"id": row.graph_id, "name": row.name, "description": description, "settings": []}
    target = "#microsoft.graph.groupAssignmentTarget"
    assigned = [{"target": {"@odata.type": target, "groupId": group_id}} for group_id in groups or ()]
    return capture_by_hand(row, SYSTEM, body, assigned, groups)[1]


def backup_set(tenant, *held, **columns):
    usual = {"state": SetState.COMPLETE, "selection": {}, "types": {}, "problems": []}
    manifest = manifests.save(tenant, [snapshot.id for snapshot in held])
    return BackupSet.create(tenant=tenant, manifest=manifest, **{**usual, **columns})


def compared(before, after):
    found = pair_up(before, after)
    comparer = Comparer(found)
    rows = [comparer.compare(pair) for pair in found.pairs]
    return found, {
        row.pair.name: (row.pair.kind, row.severity, [one["label"] for one in row.differences]) for row in rows
    }


def test_of_one_tenant_a_policy_is_itself_and_what_is_equal_is_never_opened(cast, monkeypatch):
    same, changed, gone, new = (policy(cast.contoso, name, 1) for name in ("Same", "Changed", "Gone one", "New one.."))
    kept = captured(same)
    before = backup_set(cast.contoso, kept, captured(changed, "old"), captured(gone))
    after = backup_set(cast.contoso, kept, captured(changed, "new"), captured(new))
    opened = []
    original = snapshots.read_snapshot
    monkeypatch.setattr(snapshots, "read_snapshot", lambda one: opened.append(one.name) or original(one))
    found, rows = compared(before, after)
    assert rows == {
        "Changed": ("changed", "low", ["Description"]),
        "Gone one": ("removed", "high", []),
        "New one..": ("added", "medium", []),
    }
    assert found.same == 1
    assert "Same" not in opened
    with pytest.raises(Invalid):
        pair_up(before, before)


def test_of_two_tenants_policies_pair_by_type_and_name_and_objects_count_by_name(cast):
    ours, theirs = cast.contoso, cast.fabrikam
    before = backup_set(
        ours,
        captured(policy(ours, "Baseline"), groups={"1" * 8 + "-1111-4111-8111-" + "1" * 12: "All staff"}),
        captured(policy(ours, "Firewall", 2), "strict"),
        captured(policy(ours, "Twin", 3)),
        captured(policy(ours, "Ours only", 4)),
    )
    after = backup_set(
        theirs,
        captured(policy(theirs, "Baseline"), groups={"2" * 8 + "-1111-4111-8111-" + "1" * 12: "All staff"}),
        captured(policy(theirs, "Firewall", 2), "lax"),
        captured(policy(theirs, "Twin", 3)),
        captured(policy(theirs, "Twin", 4)),
    )
    found, rows = compared(before, after)
    assert rows["Baseline"] == ("changed", None, []), "the same, in other ids"
    assert rows["Firewall"] == ("changed", "low", ["Description"])
    assert rows["Ours only"][0] == "removed"
    twins = [pair for pair in found.pairs if pair.name == "Twin"]
    assert len(twins) == 3
    assert all(pair.is_ambiguous for pair in twins)


def test_what_one_side_did_not_read_whole_is_no_difference(cast):
    script = policy(cast.contoso, "Script", policy_type="deviceManagementScripts")
    firewall = policy(cast.contoso, "Firewall", 2)
    unread = {"deviceManagementScripts": {"state": "failed", "message": "Refused", "listed": 0}}
    before = backup_set(cast.contoso, captured(firewall, "old"), state=SetState.WARNINGS, types=unread | {
        CATALOG: {"state": "done", "message": None, "listed": 1}
    })  # fmt: skip
    after = backup_set(cast.contoso, captured(firewall, "new"), captured(script))
    found, rows = compared(before, after)
    assert found.unread == ["deviceManagementScripts"]
    assert rows.keys() == {"Firewall"}
    chosen = backup_set(cast.contoso, captured(firewall, "newer"), selection={"policies": [firewall.id]})
    assert compared(chosen, after)[1].keys() == {"Firewall"}


def test_ignored_fields_are_no_difference(cast):
    firewall = policy(cast.contoso, "Firewall")
    sides = [backup_set(cast.contoso, captured(firewall, word)) for word in ("old", "new")]
    ignored_fields.add(cast.contoso, CATALOG, "body/description", SYSTEM)
    assert compared(*sides)[1] == {"Firewall": ("changed", None, [])}


def test_pairing_takes_as_few_statements_however_many_policies_there_are(cast, database, monkeypatch):
    many = [policy(cast.contoso, f"Policy {number}", number) for number in range(40)]
    sides = [backup_set(cast.contoso, *(captured(row, word) for row in many)) for word in ("old", "new")]
    statements, engine = [], type(database)
    original = engine.execute_sql
    monkeypatch.setattr(
        engine, "execute_sql", lambda self, sql, params=None: statements.append(sql) or original(self, sql, params)
    )
    assert len(whole_comparison.pair_up(*sides).pairs) == 40
    assert len(statements) <= 6
