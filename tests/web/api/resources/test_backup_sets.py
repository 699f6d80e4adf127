"""Backup sets, and what each holds."""

from db.backups import manifests
from db.models import BackupSet
from db.states import SetState


def test_a_backup_set_is_shown_with_its_items_and_what_it_lacks(cast, captured, api):
    own = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    row = BackupSet.create(
        tenant=cast.contoso,
        state=SetState.WARNINGS,
        selection={},
        manifest=manifests.save(cast.contoso, [snapshot.id for snapshot in own]),
        types={
            "configurationPolicies": {"state": "done", "offer": "offered", "listed": 2, "captured": 2, "message": None}
        },
        problems=[{"policy_type": "a", "policy": None, "name": "Lost", "reason": "forbidden", "message": "No."}],
    )
    program = api(cast.rita)
    for query, count in (
        ("", 1),
        (f"?tenant={cast.contoso.id}&state=complete", 0),
        ("?state=complete with warnings", 1),
    ):
        assert len(program.get(f"/backup-sets{query}").json["items"]) == count, query
    document = program.get(f"/backup-sets/{row.id}").json
    assert (document["items"], document["types"][0]["outcomes"], document["problems"][0]["name"]) == (
        2,
        {"captured": 2},
        "Lost",
    )
    first = program.get(f"/backup-sets/{row.id}/items?limit=1").json
    rest = program.get(first["next"]).json
    assert [item["id"] for item in first["items"] + rest["items"]] == [snapshot.id for snapshot in own]
    assert rest["next"] is None
