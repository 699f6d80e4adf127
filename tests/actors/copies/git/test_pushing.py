"""Sets as commits of real repositories, read back by Git's own program."""

import json
import uuid
from datetime import timedelta

import pytest

from actors.copies import push
from actors.copies.git import pushing
from actors.copies.git.remote import Remote
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.copies import copied_sets, standing, stores
from db.models import (
    BackupSet,
    Change,
    Content,
    CopiedSet,
    CopyStore,
    Policy,
    Run,
    Snapshot,
    TenantEvent,
    TenantEventPolicy,
)
from db.states import ChangeKind, CopyState, RunState
from tests.support.copied import add_store, look_after, make_set, push_all
from tests.support.git_servers import TOKEN, git
from tests.support.killed import Killed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LISTED = {"configurationPolicies": {"state": "done", "offer": "offered", "listed": 1, "message": None}}


def folder_of(place, tmp_path):
    """Where the repository of a place lies."""
    return next(path.parent for path in tmp_path.rglob("HEAD") if path.parent.parent != tmp_path / "clone")


def log_of(repository, form="%s"):
    return git(repository, "log", f"--format={form}", "main").splitlines()


def change(policy, who, seen_at):
    event = TenantEvent.create(
        tenant=policy.tenant, log="intune", event_id=f"e{TenantEvent.select().count()}", at=seen_at, activity="Patch",
        operation="update", doer_kind="person", doer_name=who, object_ids=[], properties=[], policy_types=[],
    )  # fmt: skip
    TenantEventPolicy.create(event=event, policy=policy, at=seen_at)
    columns = {"kind": ChangeKind.CHANGED, "since_at": seen_at - timedelta(seconds=1), "seen_at": seen_at}
    Change.create(tenant=policy.tenant, policy=policy, **columns)


@pytest.mark.parametrize("kind", ["git", "git-http", "git-ssh"])
def test_each_set_is_one_commit_of_readable_files_by_who_changed_them(kind, cast, redis_url, new_place, tmp_path):
    place = new_place(kind)
    make_set(cast.contoso)
    store = add_store(place)
    assert (store.error, store.recipients) == (None, [])
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    copied = CopiedSet.get()
    assert (copied.pushed_contents, copied.contents) == (3, 3)
    repository = folder_of(place, tmp_path)
    # An unchanged set changes no file, and is told all the same.
    make_set(cast.contoso)
    push_all(store)
    first, second = git(repository, "rev-parse", "main~:", "main:").split()
    assert first == second
    # One person changes two policies, another one; one more is gone, and one is of another tenant.
    rings = list(Policy.select().where(Policy.graph_id.startswith("copied-")).order_by(Policy.id))
    changed = make_set(cast.contoso, policies=4, changed=1)
    seen_at = utcnow() + timedelta(seconds=1)
    new = Policy.get(Policy.graph_id == "copied-3")
    for policy, who in (
        (rings[1], "Eve <x>\nBackup-set: y"),
        (rings[1], "anna@contoso.example"),
        (new, "anna@contoso.example"),
    ):
        change(policy, who, seen_at)
        seen_at += timedelta(seconds=3)
    BackupSet.update(completed_at=seen_at).where(BackupSet.id == changed.id).execute()
    make_set(cast.fabrikam, policies=1)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED] * 2
    look_after(store)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    git(clone, "fsck", "--strict")
    assert log_of(clone) == [
        f"{cast.fabrikam.name}: backup set {changed.id + 1}, 1 added, 0 changed, 0 removed",
        f"Contoso: backup set {changed.id}, 1 added, 1 changed, 0 removed",
        f"Contoso: backup set {changed.id - 1}, no change",
        f"Contoso: backup set {changed.id - 2}, 3 added, 0 changed, 0 removed",
    ]
    by = log_of(clone, "%an <%ae> | %(trailers:key=Co-authored-by,valueonly,separator=%x2C)")
    assert by[
        1
    ] == "anna@contoso.example <anna@contoso.example> | Eve xBackup-set y <unknown@tenantkeep.invalid>".replace(
        "xBackup-set y", "x Backup-set: y"
    )
    assert by[0] == by[2] == "Tenantkeep <noreply@tenantkeep.invalid> | "
    assert log_of(clone, "%at")[1] == git(clone, "log", "-1", "--format=%ct", "main~").strip()
    folder = clone / cast.contoso.directory_id
    assert json.loads((folder / "tenant.json").read_text())["name"] == "Contoso"
    files = sorted(path.name for path in (folder / "configurationPolicies").iterdir())
    assert [name[:6] for name in files] == ["Ring 0", "Ring 1", "Ring 2", "Ring 3"]
    text = (folder / "configurationPolicies" / files[0]).read_text()
    document = json.loads(text)
    assert text == json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert (document["body"]["secret"], document["id"]) == ("•••••• (masked)", "copied-0")
    assert "swordfish" not in git(clone, "log", "-p", "main")
    assert TOKEN not in (clone / ".git" / "config").read_text() + (repository / "config").read_text()


def test_what_is_gone_leaves_and_what_was_not_read_or_is_anothers_stays(cast, redis_url, new_place, tmp_path):
    place = new_place("git")
    make_set(cast.contoso, policies=3)
    store = add_store(place)
    push_all(store)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(tmp_path / place.address.rpartition("/")[2]), str(clone))
    (clone / cast.contoso.directory_id / "NOTES.md").write_text("Ours.")
    git(clone, "add", ".")
    git(clone, "-c", "user.name=Ann", "-c", "user.email=a@b", "commit", "--quiet", "-m", "A note")
    git(clone, "push", "--quiet")
    _, unread, _ = Policy.select().where(Policy.graph_id.startswith("copied-")).order_by(Policy.id)
    problem = {
        "policy_type": unread.policy_type,
        "policy": unread.id,
        "name": unread.name,
        "reason": "x",
        "message": "x",
    }
    later = make_set(cast.contoso)
    of_kept = manifests.snapshot_ids(later.manifest)[-1:]
    BackupSet.update(manifest=manifests.save(cast.contoso, of_kept), types=LISTED, problems=[problem]).where(
        BackupSet.id == later.id
    ).execute()
    push_all(store)
    git(clone, "pull", "--quiet")
    names = {path.name[:7].strip() for path in (clone / cast.contoso.directory_id).rglob("*") if path.is_file()}
    assert names == {"NOTES.m", "tenant.", "Ring 1", "Ring 2"}
    assert log_of(clone)[0].endswith("0 added, 0 changed, 1 removed")


def test_a_push_killed_before_or_after_its_commit_arrives_makes_one_and_others_commits_are_kept(
    cast, redis_url, new_place, tmp_path, monkeypatch
):
    place = new_place("git-http")
    store = add_store(place)
    make_set(cast.contoso)
    sending, how = Remote.push, []

    def dying_push(remote, tip, commit, objects):
        if how[0] == "before":
            raise Killed
        if how[0] == "moved":
            how[0] = "well"
            # Another's commit comes in between.
            other = commit.copy()
            other.message = b"Of somebody else\n"
            assert sending(remote, tip, other, objects)
        done = sending(remote, tip, commit, objects)
        if how[0] == "after":
            raise Killed
        return done

    monkeypatch.setattr(Remote, "push", dying_push)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")
    for death in ("before", "after"):
        how[:] = [death]
        with pytest.raises(Killed):
            push.push.fn(run.id)
        assert CopiedSet.get().state == CopyState.PUSHING
        Run.update(claimed_by=None, heartbeat_at=None).where(Run.id == run.id).execute()
    how[:] = ["well"]
    push.push.fn(run.id)
    assert Run.get_by_id(run.id).state == RunState.SUCCEEDED
    repository = folder_of(place, tmp_path)
    assert len(log_of(repository)) == 1
    how[:] = ["moved"]
    make_set(cast.contoso, changed=0)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    assert log_of(repository)[1] == "Of somebody else"
    assert CopiedSet.select().where(CopiedSet.state == CopyState.COMPLETE).count() == 2


def test_an_older_set_comes_not_after_a_newer_one_and_a_foreign_branch_is_left_alone(
    cast, redis_url, new_place, tmp_path
):
    place = new_place("git")
    store = add_store(place)
    older = make_set(cast.contoso)
    make_set(cast.contoso, changed=0)
    CopiedSet.update(try_at=utcnow() + copied_sets.TRY_AGAIN).where(CopiedSet.set_number == older.id).execute()
    push_all(store)
    CopiedSet.update(try_at=utcnow()).execute()
    push_all(store)
    repository = folder_of(place, tmp_path)
    assert len(log_of(repository)) == 1
    assert "A newer set" in CopiedSet.get(CopiedSet.set_number == older.id).message
    look = CopyStore.get_by_id(store.id)
    stores.ask(look, SYSTEM, "verify")
    assert look_after(look).error is None
    tree = git(repository, "rev-parse", "main:").strip()
    text = f"x\n\nBackup-set: {uuid.uuid4()}/1"
    commit = git(repository, "-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", tree, "-m", text).strip()
    git(repository, "update-ref", "refs/heads/main", commit)
    stores.ask(look, SYSTEM, "check")
    assert look_after(look).error == pushing.CLASH
    make_set(cast.contoso, changed=1)
    push_all(store)
    assert log_of(repository) == ["x"]


def test_a_history_that_somebody_wrote_anew_is_told_also_where_a_push_came_after_it(
    cast, redis_url, new_place, tmp_path
):
    place = new_place("git")
    store = add_store(place)
    for changed in (None, 0, 1):
        make_set(cast.contoso, changed=changed)
        push_all(store)
    make_set(cast.fabrikam, policies=1)
    push_all(store)
    repository = folder_of(place, tmp_path)
    # Somebody forces the branch back by three commits; the night's set is pushed upon it before anybody looks.
    git(repository, "update-ref", "refs/heads/main", git(repository, "rev-parse", "main~3").strip())
    make_set(cast.contoso, changed=2)
    push_all(store)
    stores.ask(CopyStore.get_by_id(store.id), SYSTEM, "verify")
    store = look_after(store)
    assert "lost 3 commit(s)" in store.error
    assert [finding.why for finding in standing.of_store(store, utcnow())] == [standing.DAMAGED]
    # It is told once; of each tenant the newest set is there again, and what somebody did stands in the log.
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    store = look_after(store)
    assert store.error is None
    assert len(log_of(repository)) == 3
    assert cast.fabrikam.name in log_of(repository)[0]
    # The branch is gone: it is made anew, and that is told too.
    git(repository, "update-ref", "-d", "refs/heads/main")
    stores.ask(store, SYSTEM, "verify")
    assert "lost 3 commit(s)" in look_after(store).error
    push_all(store)
    assert len(log_of(repository)) == 2


def test_a_commit_with_our_last_line_and_other_files_is_told_and_never_taken_for_a_set(
    cast, redis_url, new_place, tmp_path
):
    place = new_place("git")
    store = add_store(place)
    make_set(cast.contoso)
    push_all(store)
    repository = folder_of(place, tmp_path)
    message = git(repository, "log", "-1", "--format=%B")
    whole = git(repository, "rev-parse", "main:").strip()
    empty = git(repository, "hash-object", "-t", "tree", "-w", "/dev/null").strip()

    def put(tree, text, *upon):
        who = ("-c", "user.name=A", "-c", "user.email=a@b")
        commit = git(repository, *who, "commit-tree", tree, *upon, "-m", text).strip()
        git(repository, "update-ref", "refs/heads/main", commit)

    # The history is written anew, with all messages and without the policies.
    put(empty, message)
    stores.ask(CopyStore.get_by_id(store.id), SYSTEM, "verify")
    assert "lost 1 commit(s)" in look_after(store).error
    push_all(store)
    assert git(repository, "rev-parse", f"main:{cast.contoso.directory_id}") == git(
        repository, "rev-parse", f"{whole}:{cast.contoso.directory_id}"
    )
    assert look_after(store).error is None
    # One that is to come is there already, as somebody says.
    newer = make_set(cast.contoso, changed=0)
    put(whole, message.replace(f"/{newer.id - 1}", f"/{newer.id}"), "-p", "main")
    push_all(store)
    assert len(log_of(repository)) == 4
    stores.ask(CopyStore.get_by_id(store.id), SYSTEM, "verify")
    assert look_after(store).error is None


def test_the_file_of_a_policy_that_cannot_be_opened_here_stays_and_the_others_go_on(
    cast, redis_url, new_place, tmp_path
):
    place = new_place("git")
    make_set(cast.contoso, policies=2)
    store = add_store(place)
    push_all(store)
    repository = tmp_path / str(place.address.rpartition("/")[2])
    before = git(repository, "ls-tree", "-r", "main").splitlines()
    later = make_set(cast.contoso, policies=3, changed=1)
    damaged = Snapshot.get_by_id(manifests.snapshot_ids(later.manifest)[-2]).content
    assert damaged.id != Content.select().order_by(Content.id).first().id
    Content.update(sealed=b"damaged").where(Content.id == damaged.id).execute()
    BackupSet.update(types=LISTED).where(BackupSet.id == later.id).execute()
    push_all(store)
    copied = copied_sets.newest(store)
    assert (copied.state, copied.left_out, "stay as they were" in copied.message) == (CopyState.COMPLETE, 1, True)
    after = git(repository, "ls-tree", "-r", "main").splitlines()
    assert (set(before) <= set(after), len(after)) == (True, len(before) + 1)
    store = CopyStore.get_by_id(store.id)
    assert [finding.why for finding in standing.of_store(store, utcnow())] == [standing.INCOMPLETE]
