"""What a program does with a restore: under the same rules as a person at a page."""

import pytest

from actors.plans import drafts
from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import AuditEvent, Restore, RestoreItem, Run, Tenant, User
from db.states import Role
from tests.support.restore_steps import as_previewed, options, person

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def restore(cast, captured):
    """Asked for by Max, who manages Contoso; previewed, with one update."""
    draft = drafts.from_snapshot(captured[0][2], cast.contoso, options(), person(cast.max.id))
    RestoreItem.update(action="update", differences=1).where(RestoreItem.restore == draft).execute()
    return as_previewed(draft)


@pytest.fixture
def mia(cast):
    """Another manager of Contoso."""
    made = User.create(email="mia@example.com", name="Mia", password_hash=cast.max.password_hash)
    users.set_member(made, cast.contoso, Role.MANAGER, SYSTEM)
    return made


def execution(restore, **changes):
    return {"expected_fingerprint": restore.planned_mark, "reason": "INC-1", "confirm_tenant": "contoso", **changes}


def live_runs():
    return Run.select().where(Run.kind == "restore.live").count()


def test_only_the_scope_and_every_answer_start_a_live_restore(api, cast, restore):
    path, right = f"/restores/{restore.id}/execute", execution(restore)
    for program, document, status in (
        (api(cast.max, "read", "start", "manage", "audit"), right, 403),
        (api(cast.ada), right, 403),
        (api(cast.sam), right, 403),
        (api(cast.root, tenants=[cast.fabrikam]), right, 403),
        (api(cast.max), execution(restore, confirm_tenant="Fabrikam"), 422),
        (api(cast.max), execution(restore, expected_fingerprint="0" * 64), 422),
        (api(cast.max), execution(restore, reason=" "), 422),
        (api(cast.max), {"reason": "INC-1", "confirm_tenant": "Contoso"}, 422),
    ):
        answer = program.post(path, document)
        assert (answer.status_code, live_runs()) == (status, 0), (document, answer.json)
    program = api(cast.max, "restore")
    first = program.post(path, right, headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.json["is_new"], first.json["run"]["kind"]) == (202, True, "restore.live")
    assert program.post(path, right, headers={"Idempotency-Key": "k"}).json == first.json
    assert (live_runs(), Restore.get_by_id(restore.id).reason) == (1, "INC-1")
    assert program.post(f"/restores/{restore.id}/cancel").status_code == 403, "cancelling is of the scope “start”"
    assert api(cast.max).post(f"/restores/{restore.id}/cancel").json["state"] == "finished"


def test_with_four_eyes_the_token_of_who_asked_is_no_second_person(api, cast, restore, mia):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    Restore.update(asks_four_eyes=True).where(Restore.id == restore.id).execute()
    restore = as_previewed(restore)
    plan = {"expected_fingerprint": restore.planned_mark, "reason": "seen"}
    approve, execute = f"/restores/{restore.id}/approve", f"/restores/{restore.id}/execute"
    own = api(cast.max)
    assert "second approval" in own.post(execute, execution(restore)).json["detail"]
    assert "somebody other than you" in own.post(approve, plan).json["detail"]
    assert api(mia, "start").post(approve, plan).status_code == 403
    assert "seen can be approved" in api(mia).post(approve, {**plan, "expected_fingerprint": "x"}).json["detail"]
    approved = api(mia, "restore", "read").post(approve, plan)
    assert (approved.status_code, approved.json["state"], approved.json["approved_by"]["name"]) == (
        200, "approved", "Mia",
    )  # fmt: skip
    assert own.post(execute, execution(restore)).status_code == 202
    event = AuditEvent.get(AuditEvent.action == "restore:approved")
    assert event.actor.endswith("of mia@example.com")


def test_the_guard_is_overridden_as_a_part_of_the_plan_and_asked_about_in_an_undo(api, cast, restore):
    RestoreItem.update(reason="guard", message="It is for all users.").where(RestoreItem.restore == restore).execute()
    restore = as_previewed(restore)
    program, path = api(cast.max), f"/restores/{restore.id}"
    shown = program.get(path).json
    assert [item["sentence"] for item in shown["held_back"]] == ["It is for all users."]
    other = program.post(f"{path}/override-guard", {"expected_fingerprint": shown["fingerprint"], "reason": "INC-1"})
    assert (other.status_code, other.json["guard_reason"]) == (200, "INC-1")
    assert other.json["fingerprint"] != shown["fingerprint"], "it is another plan"
    assert program.post(f"{path}/execute", execution(restore)).status_code == 422
    undo = as_previewed(
        restore, undo_of=drafts.from_snapshot(restore.items[0].snapshot, cast.contoso, options(), SYSTEM)
    )
    Restore.update(guard_reason=None).where(Restore.id == undo.id).execute()
    undo = as_previewed(undo)
    assert program.get(path).json["asks_about_guard"]
    assert "Choose whether" in program.post(f"{path}/execute", execution(undo)).json["detail"]
    assert program.post(f"{path}/execute", execution(undo, put_back_held=False)).status_code == 202


def test_drafts_are_previewed_cancelled_undone_and_made_again(api, cast, restore):
    program, path = api(cast.max), f"/restores/{restore.id}"
    for act, status, says in (
        ("undo", 422, "Only a restore that has ended"),
        ("again", 422, "Nothing is left"),
        ("retry-failed", 422, "never executed"),
        ("cancel", 200, "cancelled"),
        ("cancel", 422, "cannot be cancelled"),
        ("preview", 422, "make a new one"),
    ):
        answer = program.post(f"{path}/{act}")
        assert (answer.status_code, says in answer.get_data(as_text=True)) == (status, True), (act, answer.json)
    again = program.post(f"{path}/again")
    assert (again.status_code, again.json["items"], again.json["state"]) == (201, 1, "draft")
    preview = program.post(f"/restores/{again.json['id']}/preview")
    assert (preview.status_code, preview.json["run"]["restore"]) == (202, again.json["id"])
    assert api(cast.ada).post(f"/restores/{again.json['id']}/cancel").status_code == 403, "it is Max's"
