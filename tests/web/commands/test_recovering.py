"""`tenantkeep recover`: what it asks for, what it prints, and that no secret is an argument."""

import json

import pyrage
import pytest

from db.models import Tenant
from tests.actors.recovering.test_key_file import ARMOURED
from tests.actors.recovering.test_recover import copied, push_state  # noqa: F401 - fixtures
from tests.support.command_lines import tenantkeep
from tests.support.copied import RECOVERY_KEY
from tests.web.commands.test_copies import run_command

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_command_lists_and_brings_back_and_says_what_to_do_next(copied, arrive, tmp_path):  # noqa: F811
    place, row = copied()
    made = json.loads(tenantkeep("recovery-key", "new", "--json").stdout)
    wrong_key = tenantkeep("recovery-key", "check", row.name, "--key-stdin", stdin=made["recovery_key"])
    assert (wrong_key.returncode, "another one" in wrong_key.stderr) == (64, True)
    right = tenantkeep("recovery-key", "check", row.name, "--key-stdin", "--json", stdin=str(RECOVERY_KEY))
    assert (right.returncode, json.loads(right.stdout)["set"]) == (0, 3)
    sealed = tenantkeep("recovery-key", "check", row.name, "--key-stdin", stdin=ARMOURED)
    assert (sealed.returncode, "with --key-file" in sealed.stderr) == (64, True)
    before_all = run_command("recover", place.address, "--as-of", "0001-01-01T00:00+14:00").exception
    assert "Give a time as" in str(before_all)
    key_file = tmp_path / "key.txt"
    key_file.write_text(f"# created: today\r\n{RECOVERY_KEY}\r\n", encoding="utf-16")
    arrive("sqlite")
    secrets = json.dumps({"recovery_key": str(RECOVERY_KEY), **place.credentials})
    listed = tenantkeep("recover", place.address, "--stdin", "--list", "--json", stdin=f"\ufeff{secrets}")
    told = json.loads(listed.stdout)
    assert (len(told["states"]), len(told["sets"]), Tenant.select().count()) == (2, 3, 0)
    wrong = tenantkeep("recover", place.address, "--stdin", stdin='{"recovery_key": "AGE-SECRET-KEY-1QQ"}')
    assert (wrong.returncode, "not whole" in wrong.stderr) == (64, True)
    done = tenantkeep("recover", place.address, "--key-file", str(key_file), "--signer", told["signer"], "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["newer_sets"], result["lost"], result["audit_problems"]) == (0, 1, [], [])
    assert any("schedules" in step for step in result["next"])
    assert str(RECOVERY_KEY) not in listed.stdout + wrong.stderr + done.stdout + done.stderr
    # An installation that somebody works with is never mixed with another's.
    assert Tenant.select().exists()


def test_keys_are_made_shown_proved_and_retired(cast, redis_url, tmp_path):
    def told(*words):
        result = run_command("recovery-key", *words, "--json")
        assert result.exit_code == 0, result.exception
        return json.loads(result.output)

    made, other = told("new"), pyrage.x25519.Identity.generate()
    key_file = tmp_path / "key.txt"
    key_file.write_text(made["recovery_key"])
    added = told("new", "Safe", "--recipient", str(other.to_public()).upper())
    assert (made["name"], added["public_key"]) == ("Recovery key 1", str(other.to_public()))
    added_store = run_command("copies", "add", "Vault", "file:///nowhere", "--recipient", "safe", "--without-lock")
    assert added_store.exit_code == 0
    assert [key["stores"] for key in told("show")] == [[], ["Vault"]]
    assert told("prove", "Recovery key 1", "--key-file", str(key_file))["proven_at"]
    wrong = run_command("recovery-key", "prove", "Safe", "--key-file", str(key_file))
    assert "another key" in str(wrong.exception)
    sealed = told("prove", "Safe", "--ask")["sealed"]
    word = pyrage.decrypt(sealed.encode(), [other]).decode().split("\n")[1]
    assert told("prove", "Safe", "--word", word)["proven_at"]
    assert "is sealed to no other" in str(run_command("recovery-key", "retire", "Safe", "--yes").exception)
    assert told("retire", made["public_key"], "--yes")["retired_at"]
    assert "retired" in run_command("recovery-key", "show").output
