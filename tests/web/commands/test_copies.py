import json

import pytest
from click.testing import CliRunner

from db.clock import utcnow
from db.copies import stores
from db.database import database as handle
from db.models import CopiedSet, CopyErasure, CopyStore, Tenant
from tests.support.copied import RECOVERY_KEY, look_after, make_set, push_all
from web.commands import cli
from web.doctor import checks

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_git_store_needs_no_key_and_nothing_is_recovered_from_it(cast, redis_url, new_place, tmp_path):
    place = new_place("git")
    make_set(cast.contoso)
    added = run_command("copies", "add", "Review", place.address, "--json")
    store = CopyStore.get_by_id(json.loads(added.output)["id"])
    assert store.recipients == []
    look_after(store)
    push_all(store)
    [told] = json.loads(run_command("copies", "list", "--json").output)
    assert (told["sets"]["complete"], told["error"], told["findings"]) == (1, None, [])
    (tmp_path / "key").write_text(str(RECOVERY_KEY))
    for words in (("recover", place.address), ("recovery-key", "check", "Review")):
        assert "for reading and review" in str(run_command(*words, "--key-file", str(tmp_path / "key")).exception)
    # A repository replaces no copy.
    assert [level for level, _, _ in checks.copies()] == [checks.WARN]


def run_command(*words):
    handle.close()
    result = CliRunner().invoke(cli, words)
    handle.connect(reuse_if_open=True)
    return result


def test_a_store_is_added_pushed_verified_and_listed(cast, redis_url, new_place):
    place = new_place("file")
    make_set(cast.contoso)
    public = str(RECOVERY_KEY.to_public())
    added = run_command("copies", "add", "Vault", place.address, "--recipient", public, "--without-lock", "--json")
    store = CopyStore.get_by_id(json.loads(added.output)["id"])
    assert "already" in str(run_command("copies", "add", "Vault", place.address, "--recipient", public).exception)
    look_after(store)
    push_all(store)
    assert run_command("copies", "push", "Vault", "--json").exit_code == 0
    look_after(store)
    [told] = json.loads(run_command("copies", "list", "--json").output)
    assert (told["lock"], told["contents"], told["sets"]["complete"], told["findings"]) == ("missing", 3, 1, [])
    assert CopiedSet.get().contents == 3
    assert json.loads(run_command("copies", "verify", str(store.id), "--json").output)["error"] is None
    stores.record_damage(store, "contents/3f/x.age was missing.")
    assert "FAILING: contents/3f/x.age was missing." in run_command("copies", "list").output
    assert json.loads(run_command("copies", "seen", "Vault", "--json").output)["findings"] == []
    stores.record(store, overtaken_at=utcnow())
    assert json.loads(run_command("copies", "list", "--json").output)[0]["findings"] == ["taken_over"]
    assert json.loads(run_command("copies", "take-back", "Vault", "--json").output)["findings"] == []
    assert CopyStore.get().turn is None, "the next look takes one"
    # Of a tenant that was removed all goes on its day, once its directory id is given again.
    directory_id = cast.contoso.directory_id
    assert "is in this installation" in str(run_command("copies", "erase", "Vault", directory_id, "--yes").exception)
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    assert run_command("copies", "erase", "Vault", directory_id).exit_code == 1
    assert not CopyErasure.select().exists()
    told = json.loads(run_command("copies", "erase", "Vault", directory_id.upper(), "--yes", "--json").output)
    assert (told["tenant"], told["begun_at"]) == ("Contoso", None)
    assert json.loads(run_command("copies", "list", "--json").output)[0]["erasures"] == [told]
    assert run_command("copies", "keep", "Vault", directory_id).exit_code == 0
    assert not CopyErasure.select().exists()
