"""What a server answers that does not want us, or is none: a sentence, and nothing of what was said."""

import pytest

from actors.copies.git.remote import Remote
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
    for status, headers, kind in (
        (403, {}, StoreRefused),
        (302, {"Location": "http://127.0.0.1:9/"}, StoreRefused),
        (500, {}, StoreError),
        (200, {"Content-Type": "application/x-git-upload-pack-advertisement"}, StoreError),
    ):
        httpserver.clear()
        httpserver.expect_request("/x.git/info/refs").respond_with_data("0004nonsense", status, headers)
        with pytest.raises(kind):
            look(f"git+{httpserver.url_for('/x.git')}", {"token": TOKEN})


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
