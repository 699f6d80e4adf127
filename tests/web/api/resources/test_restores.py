"""Restores asked for by a program, and their plans read."""

import json
from typing import get_args

import pytest

from actors.plans import drafts, option_choices
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.models import BackupSet, Restore, RestoreItem, Run
from tests.support.restore_steps import as_previewed, options
from tests.web.views.changes.test_bring_back import AT, damaged  # noqa: F401 - a fixture
from web.api.resources.restores import OptionsBody

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def backup_set(cast, captured):
    """Of Contoso's two policies."""
    ids = [snapshot.id for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    made, run = manifests.save(cast.contoso, ids), captured[0][1]
    return BackupSet.create(
        tenant=cast.contoso, run=run, selection={}, types={}, problems=[], manifest=made, state="complete"
    )


def test_the_options_of_a_request_are_those_of_the_form(database):
    for name, (_, values) in option_choices.CHOICES.items():
        if name != "drop_missing":
            literal, _none = get_args(OptionsBody.model_fields[name].annotation)
            assert set(get_args(literal)) == set(values), name
    assert set(OptionsBody.model_fields) == {*option_choices.CHOICES, "prefix"}


def test_a_draft_is_made_of_a_set_some_of_it_or_a_snapshot_with_options_as_proposed(api, cast, captured, backup_set):
    program, snapshot = api(cast.ada), captured[0][2]
    for document, items in (
        ({"backup_set": backup_set.id}, 2),
        ({"backup_set": backup_set.id, "snapshots": [snapshot.id]}, 1),
        ({"backup_set": backup_set.id, "policy_types": ["configurationPolicies"]}, 2),
        ({"snapshot": snapshot.id, "tenant": cast.contoso.id}, 1),
    ):
        answer = program.post("/restores", document)
        assert (answer.status_code, answer.json["items"], answer.json["state"]) == (201, items, "draft"), document
        assert answer.json["options"] == {
            "assignments": "made", "existing": "update", "prefix": "", "drop_missing": False,
            "conditional_access": "as captured", "groups": "no", "deleted": "undelete",
        }  # fmt: skip
        assert program.get(answer.headers["Location"]).json == answer.json
    copy = {"existing": "copy", "prefix": "Copy of ", "drop_missing": True}
    chosen = program.post("/restores", {"snapshot": snapshot.id, "options": copy}).json["options"]
    assert {name: chosen[name] for name in copy} == copy
    assert not Run.select().where(Run.restore_id.is_null(False)).exists()


def test_what_cannot_be_asked_for_is_refused_and_makes_nothing(api, cast, captured, backup_set):
    theirs = captured[2][2]
    ada, root = api(cast.ada), api(cast.root)
    for program, document, status in (
        (ada, {}, 422),
        (ada, {"backup_set": backup_set.id, "snapshot": captured[0][2].id}, 422),
        (ada, {"snapshot": captured[0][2].id, "policy_types": ["configurationPolicies"]}, 422),
        (ada, {"backup_set": backup_set.id, "policy_types": ["none"]}, 422),
        (ada, {"backup_set": backup_set.id, "snapshots": [theirs.id]}, 422),
        (ada, {"backup_set": backup_set.id, "options": {"existing": "copy"}}, 422),
        (ada, {"backup_set": backup_set.id, "options": {"existing": "burn"}}, 422),
        (ada, {"snapshot": theirs.id}, 403),
        (ada, {"backup_set": backup_set.id, "tenant": cast.fabrikam.id}, 403),
        (api(cast.rita), {"backup_set": backup_set.id}, 403),
        (api(cast.max, "read"), {"backup_set": backup_set.id}, 403),
        (api(cast.root, tenants=[cast.contoso]), {"backup_set": backup_set.id, "tenant": cast.fabrikam.id}, 403),
        (ada, {"backup_set": 999}, 404),
    ):
        answer = program.post("/restores", document)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), (document, answer.json)
    assert not Restore.select().exists()
    assert root.post("/restores", {"backup_set": backup_set.id, "tenant": cast.fabrikam.id}).status_code == 201


def test_a_plan_is_read_item_by_item_with_its_lines_and_masked(api, cast, captured):
    restore = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    danger = {"code": "nobody", "said": "It is assigned to nobody.", "values": {}}
    RestoreItem.update(action="recreate", dangers=[danger]).where(RestoreItem.restore == restore).execute()
    restore = as_previewed(restore)
    program, path = api(cast.rita), f"/restores/{restore.id}"
    document = program.get(path).json
    assert (document["state"], document["fingerprint"]) == ("previewed", restore.planned_mark)
    assert (document["plan"], document["sentence"]) == ({"recreate": 1}, "1 will be created again")
    assert document["warnings"][0]["sentence"] == "It is assigned to nobody."
    [item] = program.get(f"{path}/items?action=recreate").json["items"]
    [planned] = program.get(f"{path}/plan").json["items"]
    assert planned == program.get(f"{path}/items/{item['id']}").json
    assert {name: planned[name] for name in item} == item
    assert "Contoso policy 1" in json.dumps(planned["sections"])
    assert program.get(f"{path}/plan?action=update").json["items"] == []
    assert program.get(f"{path}/plan?limit=51").status_code == 400
    other = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    assert program.get(f"/restores/{other.id}/items/{item['id']}").status_code == 404
    assert [row["id"] for row in program.get("/restores?state=previewed").json["items"]] == [restore.id]


def test_a_tenant_is_looked_at_and_brought_back_to_a_moment(cast, api, damaged, redis_url):  # noqa: F811
    program, path = api(cast.max), f"/tenants/{cast.contoso.id}/bring-back"
    since = program.get(f"{path}?at={AT}&limit=1").json
    assert since["counts"] == {"deleted": 1, "changed": 1, "new": 1}
    rest = program.get(since["next"]).json
    assert len(since["items"]) + len(rest["items"]) == 2
    assert {item["snapshot"] for item in program.get(f"{path}?at={AT}").json["items"]} == {
        damaged[0].id, damaged[1].id, None,
    }  # fmt: skip
    assert program.get(f"{path}?at=2999-01-01T00:00:00Z").status_code == 400
    nothing = program.post(path, {"at": AT, "by": "nobody"})
    assert (nothing.status_code, "Nothing is to be brought back" in nothing.json["detail"]) == (422, True)
    for wrong, why in (("2999-01-01T00:00:00Z", "yet to come"), ("soon", "no time")):
        refused = program.post(path, {"at": wrong})
        assert (refused.status_code, why in refused.json["detail"]) == (422, True)
    started = program.post(path, {"at": AT, "removes_added": True})
    run = started.json["run"]
    assert (started.status_code, run["kind"]) == (202, "restore.preview")
    restore = program.get(f"/restores/{run['restore']}").json
    assert "as it was at" in restore["source"]["name"]
    items = program.get(f"/restores/{run['restore']}/items").json["items"]
    assert len(items) == 3
    assert api(cast.rita).post(path, {"at": AT}).status_code == 403
