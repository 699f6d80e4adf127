"""Changes as a program sees them, and decides about them: what a page's forms do, it does."""

import pytest

from db.audit.audit import SYSTEM
from db.changes import approvals
from db.models import AuditEvent, Change, IgnoredField, Policy, Restore, RestoreItem
from db.tenants import tags
from tests.support.changed_policies import become, newest, seen
from tests.support.changes import record_change, record_event

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def policy(cast):
    row = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    seen(row, "right")
    approvals.approve_policies(cast.contoso, [row.id], SYSTEM)
    return row


def test_changes_are_narrowed_each_with_its_author_and_no_value(api, cast, captured):
    ours, theirs = captured[0][0], captured[2][0]
    first, second = record_change(ours), record_change(theirs, severity="low", state="accepted")
    event = record_event(ours)
    Change.update(seen_at=event.at).where(Change.id == first.id).execute()
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    program = api(cast.root)
    for words, expected in (
        ("", [second.id, first.id]),
        ("state=open", [first.id]),
        ("severity=low&kind=changed", [second.id]),
        ("tag=GOLD", [first.id]),
        (f"policy={theirs.id}&policy_type=configurationPolicies", [second.id]),
        (f"tenant={cast.contoso.id}&until=2000-01-01", []),
    ):
        answer = program.get(f"/changes?{words}")
        assert [row["id"] for row in answer.json["items"]] == expected, words
    assert [row["id"] for row in api(cast.rita).get("/changes").json["items"]] == [first.id]
    document = program.get(f"/changes/{first.id}").json
    assert document["differences"] == [{"path": "body/state", "label": "State", "how": "changed", "words": "State"}]
    assert (document["tenant"]["name"], document["policy"], document["state"]) == ("Contoso", ours.id, "open")
    assert document["rules"]


def test_a_manager_decides_and_whoever_comes_too_late_is_told(api, cast, policy):
    change = become(policy, "wrong")
    Change.update(differences=[{"path": "body/x", "label": "X", "how": "changed"}]).where(
        Change.id == change.id
    ).execute()
    program, path = api(cast.max), f"/changes/{change.id}"
    for act, document, status, says in (
        ("accept", {"reason": " "}, 422, "Say why it may be so"),
        ("accept", {"reason": "A pilot", "until": "2000-01-01T00:00:00Z"}, 422, "still to come"),
        ("accept", {"reason": "A pilot", "until": "2099-01-31T00:00:00+02:00"}, 200, "2099-01-30T22:00:00Z"),
        ("reopen", None, 200, '"state":"open"'),
        ("reopen", None, 422, "somebody decided about it meanwhile"),
        ("ignore", {"path": "body/y"}, 422, "none of its differences"),
        ("ignore", {"path": "body/x"}, 200, "body/x"),
        ("approve", {"reason": "It is right"}, 200, '"state":"approved"'),
        ("approve", {}, 422, "somebody decided about it meanwhile"),
    ):
        answer = program.post(f"{path}/{act}", document)
        assert (answer.status_code, says in answer.get_data(as_text=True)) == (status, True), (act, answer.json)
        assert (
            status == 200 or Change.get_by_id(change.id).state in answer.get_data(as_text=True) or answer.json["detail"]
        )
    assert IgnoredField.get().tenant == cast.contoso
    assert api(cast.ada).post(f"{path}/approve", {}).status_code == 403
    accepted = AuditEvent.get(AuditEvent.action == "changes:accepted")
    assert accepted.actor == "token program 1 of max@example.com"


def test_putting_back_drafts_a_restore_of_what_was_right_and_starts_nothing(api, cast, policy):
    right, change = newest(policy), become(policy, "wrong")
    answer = api(cast.ada).post(f"/changes/{change.id}/put-back", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["state"], answer.json["items"]) == (201, "draft", 1)
    assert answer.headers["Location"] == answer.json["url"]
    assert (Restore.get().id, RestoreItem.get().snapshot_id) == (answer.json["id"], right.id)
