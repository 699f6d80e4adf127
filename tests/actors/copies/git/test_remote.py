"""What a server answers that does not want us, or is none: a sentence, and nothing of what was said."""

import gc
import secrets

import pytest
from dulwich.objects import Blob

from actors.copies.git import refusals
from actors.copies.git.remote import Remote
from actors.copies.stores import pace
from actors.copies.stores.store import StoreError, StoreRefused
from tests.support.git_servers import TOKEN, bare, git


def look(address, credentials):
    with Remote(address, credentials).look(1) as tip:
        return tip.commit_id


def test_who_is_not_let_in_hears_why_and_no_token_is_told(new_place, httpserver, tmp_path):
    place = new_place("git-http")
    assert look(place.address, place.credentials) is None
    for address, token, why in (
        (place.address, "wrong-token", "does not let us in"),
        (place.address.replace("policies", "others"), TOKEN, "no repository at this address"),
    ):
        with pytest.raises(StoreRefused, match=why) as refusal:
            look(address, {"token": token})
        assert token not in f"{refusal.value} {refusal.value.__cause__}"
    # What the services answer, by status: actors/copies/git/refusals.py says where each is from.
    for status, headers, kind, why in (
        (203, {}, StoreRefused, "when it expires"),
        (403, {}, StoreRefused, "single sign-on"),
        (302, {"Location": "http://127.0.0.1:9/"}, StoreRefused, "another address"),
        (302, {"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=x"}, StoreRefused, "the token"),
        (413, {}, StoreRefused, "larger than the server takes"),
        (429, {}, StoreError, "tried again"),
        (503, {}, StoreError, "tried again"),
        (
            200,
            {"Content-Type": "application/x-git-upload-pack-advertisement"},
            StoreError,
            "no Git repository|Git server",
        ),
    ):
        httpserver.clear()
        httpserver.expect_request("/x.git/info/refs").respond_with_data("0004nonsense", status, headers)
        with pytest.raises(kind, match=why) as refusal:
            look(f"git+{httpserver.url_for('/x.git')}", {"token": TOKEN})
        assert refusal.value.is_passing is (kind is StoreError), (status, headers)


@pytest.mark.parametrize("kind", ["git-http", "git-ssh"])
def test_a_hook_that_declines_is_told_by_what_it_says_and_nothing_is_lost(kind, new_place, tmp_path):
    """Every service refuses by a hook before or at the branch, and says why beside the answer."""
    place = new_place(kind)
    repository = next(path.parent for path in tmp_path.rglob("HEAD"))
    hook, remote = repository / "hooks" / "pre-receive", Remote(place.address, place.credentials)
    for said, why in (
        ("error: GH006: Protected branch update failed for refs/heads/main.", "branch is protected"),
        (
            "error: GH013: Repository rule violations found for refs/heads/main.\n- Push cannot contain secrets",
            "secret",
        ),
        ("error: File x.json is 131.37 MB; this exceeds GitHub's file size limit of 100.00 MB", "larger than"),
        ("GitLab: You are not allowed to push code to protected branches on this project.", "branch is protected"),
        ("GitLab: Author's email 'a@b' is not a verified email.", "who commits are by"),
        ("TF401027: You need the Git 'GenericContribute' permission to perform this action.", "may read this"),
        ("token-in-a-text <script>", "or a rule forbids it"),
    ):
        hook.write_text(f"#!/bin/sh\nprintf '%b\\n' \"{said}\" >&2\nexit 1\n")
        hook.chmod(0o755)
        with remote.look(1) as tip, pytest.raises(StoreRefused, match=why) as refusal:
            remote.push(tip, *_commit())
        assert "token-in-a-text" not in str(refusal.value)
    hook.unlink()
    with remote.look(1) as tip:
        assert remote.push(tip, *_commit())
    remote.close()


# The library leaves a connection that failed to the collector of garbage, and warns of itself.
@pytest.mark.filterwarnings("ignore:unclosed Protocol:ResourceWarning")
def test_a_server_that_lets_nobody_in_over_ssh_is_told_by_what_it_complains_of(new_place):
    place = new_place("git-ssh")
    with pytest.raises(StoreRefused) as refusal:
        look(place.address.replace("policies.git", "others.git"), place.credentials)
    assert str(refusal.value) == refusals.NOT_THERE
    del refusal
    gc.collect()


@pytest.mark.parametrize("kind", ["git-http", "git-ssh"])
def test_what_is_pushed_leaves_no_faster_than_the_store_may_be_sent(kind, new_place, monkeypatch):
    slept = []
    monkeypatch.setattr(pace.time, "sleep", slept.append)
    place = new_place(kind)
    commit, objects = _commit()
    blob = Blob.from_string(secrets.token_bytes(200_000))
    remote = Remote(place.address, place.credentials, 100_000)
    with remote.look(1) as tip:
        assert remote.push(tip, commit, {**objects, blob.id: blob})
    remote.close()
    assert 1.5 < max(slept) < 2.5
    assert len([seconds for seconds in slept if seconds]) > 10


def test_a_branch_that_a_rule_protects_is_told(tmp_path):
    repository = bare(tmp_path / "r")
    git(repository, "config", "receive.denyCurrentBranch", "refuse")
    remote = Remote(f"git+file://{repository}?branch=audit/policies", {})
    remote.check_push()
    assert remote.tip_id() is None
    (repository / "refs" / "heads" / "audit").write_text("x")
    with pytest.raises(StoreError), remote.look(1) as tip:
        assert tip.commit_id is None
        remote.push(tip, *_commit())


def _commit():
    from dulwich.objects import Commit, Tree

    commit, tree = Commit(), Tree()
    commit.tree, commit.parents, commit.author, commit.committer = tree.id, [], b"A <a>", b"A <a>"
    commit.author_time = commit.commit_time = commit.author_timezone = commit.commit_timezone = 0
    commit.message = b"x"
    return commit, {tree.id: tree}
