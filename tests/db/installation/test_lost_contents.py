"""Contents that are not back yet: which, what they are of, and that a set is added once."""

import pytest

from db.audit.audit import SYSTEM
from db.installation import lost_contents
from db.models import BackupSet, Content, Policy, Run, Snapshot
from db.policies import snapshots
from db.states import RunKind, RunState, SetState
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_content_without_body_is_found_named_and_brought_back_once(cast):
    policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id="lost", name="Lost")
    _, snapshot = capture_by_hand(policy, SYSTEM)
    plain = b'{"body":{"name":"Lost"},"assignments":null}'
    content = Content.get_by_id(snapshot.content_id)
    Content.update(sealed=b"").where(Content.id == content.id).execute()
    [[found]] = lost_contents.pages()
    assert (found.id, found.directory_id, found.fingerprint) == (
        content.id, cast.contoso.directory_id, content.fingerprint,
    )  # fmt: skip
    [lost] = lost_contents.policies_of({content.id: "gone"})
    assert (lost.tenant, lost.name, lost.why) == (cast.contoso.name, "Lost", "gone")
    lost_contents.bring_back({content.id: lost_contents.sealed(cast.contoso.id, content.fingerprint, plain)})
    assert (lost_contents.count(), snapshots.read_snapshot(snapshot)["body"]["name"]) == (0, "Lost")
    lost_contents.bring_back({content.id: b"another"})
    assert snapshots.read_snapshot(snapshot)["body"]["name"] == "Lost"


def test_a_set_that_was_under_way_when_the_state_was_made_is_taken_from_its_manifest(cast):
    run = Run.create(
        tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="x", state=RunState.FAILED, error_code="imported"
    )
    half = BackupSet.create(
        tenant=cast.contoso, run=run, state=SetState.INCOMPLETE, selection={}, types={}, problems=[]
    )
    assert not lost_contents.has_set(half.id)
    item = {
        "policy_type": "intents", "graph_id": "new", "name": "New", "odata_type": None, "platform": None,
        "is_built_in": False, "captured_at": "2026-11-27T03:00:00", "confirmed_at": "2026-11-27T03:00:00",
        "modified_at": None, "proof": {}, "references": {}, "fingerprint": "f" * 64, "content": "c" * 64,
        "sha256": "s" * 64, "bytes": 3,
    }  # fmt: skip
    told = {
        "id": half.id, "state": "complete", "selection": {}, "is_full": False, "types": {}, "problems": [],
        "name": None, "created_at": "2026-11-27T03:00:00", "completed_at": "2026-11-27T03:01:00",
    }  # fmt: skip
    manifest = {"tenant": {"directory_id": cast.contoso.directory_id}, "set": told, "items": [item]}
    assert [lost_contents.add_set(manifest), lost_contents.add_set(manifest)] == [True, False]
    row = BackupSet.get_by_id(half.id)
    assert (row.state, row.manifest.count, lost_contents.has_set(half.id)) == (SetState.COMPLETE, 1, True)
    policy = Policy.get(Policy.graph_id == "new")
    assert (policy.snapshot_count, Snapshot.get().policy_id, lost_contents.count()) == (1, policy.id, 1)
