"""The drill: a key opens what a store has now, or it is said what does not open."""

import gzip
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from actors.copies import layout
from actors.recovering import proving
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.copies import recovery_keys
from db.errors import Invalid
from db.models import AuditEvent, CopyStore, RecoveryKey
from tests.actors.recovering.test_recover import copied, push_state  # noqa: F401 - fixtures
from tests.support.copied import RECOVERY_KEY, add_store

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@only_sqlite
def test_the_key_that_opens_is_proved_and_another_is_not(copied):  # noqa: F811
    _, store = copied()
    with pytest.raises(Invalid, match="another one"):
        proving.prove(store, [pyrage.x25519.Identity.generate()], SYSTEM)
    assert not recovery_keys.opens_surely(store, utcnow())
    assert not AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_KEY_PROVED).exists()
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.set_number, proof.contents) == (3, 3)
    assert recovery_keys.opens_surely(store, utcnow())
    assert not recovery_keys.opens_surely(store, utcnow() + timedelta(days=366))
    assert AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_KEY_PROVED).count() == 1


@only_sqlite
def test_a_store_without_a_set_opens_by_its_state(cast, redis_url, new_place):
    store = add_store(new_place("file"))
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.set_number, proof.contents) == (None, 0)


@only_sqlite
def test_the_state_that_is_opened_is_the_one_that_a_recovery_takes(copied):  # noqa: F811
    place, store = copied()
    newest = CopyStore.get_by_id(store.id).state_at
    states = Path(place.address.removeprefix("file://")) / "state"
    theirs = layout.state_path(newest + timedelta(hours=2)).removeprefix("state/")
    (states / theirs).write_bytes(b"garbage")
    # Nor does a set that somebody made up, or the newest state where a byte of it was changed.
    true_set = proving.prove(store, [RECOVERY_KEY], SYSTEM).set_number
    made_up = states.parent / "sets" / "someone" / "999999"
    made_up.mkdir(parents=True)
    for name in ("manifest.json.age", "manifest.json.age.sig"):
        (made_up / name).write_bytes(b"garbage")
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.state_at, proof.set_number) == (newest.replace(microsecond=0), true_set)
    assert [text.split(" ")[0].rstrip(":") for text in proof.not_taken] == [
        f"state/{theirs}", "sets/someone/999999/manifest.json.age",
    ]  # fmt: skip
    changed = states / layout.state_path(newest).removeprefix("state/")
    changed.write_bytes(b"x" + changed.read_bytes()[1:])
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.state_at < newest, layout.state_path(newest) in proof.not_taken[0]) == (True, True)


@only_sqlite
def test_whoever_opens_the_text_or_has_the_key_proves_it(cast):
    identity = pyrage.x25519.Identity.generate()
    key = recovery_keys.add("Safe", str(identity.to_public()), SYSTEM)
    sealed = proving.ask_for_proof(key, SYSTEM)
    word = pyrage.decrypt(sealed.encode(), [identity]).decode().split("\n")[1]
    key = RecoveryKey.get()
    assert word not in str(key.__data__)
    assert len(word.replace("-", "")) == 16
    recovery_keys.answer(key, word.lower().replace("-", " "), SYSTEM)
    first = RecoveryKey.get().proven_at
    with pytest.raises(Invalid, match="another key"):
        proving.prove_held(key, [pyrage.x25519.Identity.generate()], SYSTEM)
    proving.prove_held(key, [identity], SYSTEM)
    assert RecoveryKey.get().proven_at > first
    held = AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_KEY_HELD).order_by(AuditEvent.id)
    assert [event.details["how"] for event in held] == ["word", "key"]
    RecoveryKey.update(retired_at=utcnow()).execute()
    with pytest.raises(Invalid, match="retired"):
        proving.prove_held(key, [identity], SYSTEM)
    with pytest.raises(Invalid, match="retired"):
        proving.ask_for_proof(RecoveryKey.get(), SYSTEM)


@only_sqlite
@pytest.mark.skipif(not shutil.which("age"), reason="age is not installed here")
def test_the_standard_program_opens_the_text_and_a_copied_content(copied, tmp_path):  # noqa: F811
    place, _ = copied()
    (tmp_path / "key.txt").write_text(f"{RECOVERY_KEY}\n")

    def opened(file):
        command = ["age", "-d", "-i", tmp_path / "key.txt", file]
        return subprocess.run(command, check=True, capture_output=True).stdout

    (tmp_path / "proof.age").write_text(proving.ask_for_proof(RecoveryKey.get(), SYSTEM))
    recovery_keys.answer(RecoveryKey.get(), opened(tmp_path / "proof.age").decode().splitlines()[1], SYSTEM)
    content = next(Path(place.address.removeprefix("file://")).glob("contents/*/*.age"))
    assert "body" in json.loads(gzip.decompress(opened(content)))


def test_a_new_key_is_a_pair_of_age():
    key, public = proving.new_key()
    assert str(pyrage.x25519.Identity.from_str(key).to_public()) == public
