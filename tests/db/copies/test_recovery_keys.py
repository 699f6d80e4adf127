"""Keys: a name, a proof that counts once and for a year, and an end that leaves no store without a proven key."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import recovery_keys, stores
from db.errors import Invalid
from db.models import AuditEvent, CopyStore, Occurrence, RecoveryKey
from db.notices import conditions

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
YEAR = timedelta(days=366)
COLUMNS = {"address": "s3://x", "sealed": b"", "copy_days": 30}


def add_store(name, *recipients):
    given = {"copy_days": 30, "needs_lock": True, "recipients": recipients}
    return stores.add(name, f"s3://bucket/{name}", {"access_key": "a", "secret_key": "b"}, SYSTEM, **given)


def key_of(recipient):
    return RecoveryKey.get(RecoveryKey.recipient == recipient)


def actions():
    return [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("recovery-key"))]


def test_keys_have_names_of_their_own_and_stores_bring_theirs(cast):
    recovery_keys.add(" Safe  in Bern ", "age1a", SYSTEM)
    for name, recipient in (("safe in bern", "age1b"), ("Other", "age1a"), ("", "age1b"), ("x" * 81, "age1b")):
        with pytest.raises(Invalid):
            recovery_keys.add(name, recipient, SYSTEM)
    add_store("Vault", "age1a", "age1b")
    assert [(key.name, key.recipient) for key in recovery_keys.all_keys()] == [
        ("Safe in Bern", "age1a"), ("Recovery key 1", "age1b"),
    ]  # fmt: skip
    # One that came with an export of before there was a list.
    old = CopyStore.create(name="Old", recipients=["age1c", "age1a"], **COLUMNS)
    recovery_keys.adopt(old, SYSTEM)
    recovery_keys.adopt(old, SYSTEM)
    assert [store.name for store in recovery_keys.stores_of(key_of("age1a"))] == ["Old", "Vault"]
    assert recovery_keys.find_by_text("AGE1C") == recovery_keys.find_by_text("recovery key 2") == key_of("age1c")
    with pytest.raises(Invalid) as refusal:
        recovery_keys.find_by_text("AGE-SECRET-KEY-1XYZ")
    assert "XYZ" not in str(refusal.value)
    assert actions() == ["recovery-key:added"] * 3


def test_a_proof_counts_once_and_while_it_is_open(cast, monkeypatch):
    key = recovery_keys.add("Safe", "age1a", SYSTEM)
    with pytest.raises(Invalid, match="No sealed text"):
        recovery_keys.answer(key, "", SYSTEM)
    recovery_keys.ask_for_proof(key, "sealed", "ABCD-EFGH", SYSTEM)
    key = key_of("age1a")
    with pytest.raises(Invalid, match="not the word"):
        recovery_keys.answer(key, "ABCD-EFGI", SYSTEM)
    recovery_keys.ask_for_proof(key, "sealed anew", "IJKL", SYSTEM)
    with pytest.raises(Invalid, match="Somebody had a new text made"):
        recovery_keys.answer(key, "abcd efgh", SYSTEM)
    key = key_of("age1a")
    assert not recovery_keys.is_open(key, utcnow() + timedelta(days=8))
    recovery_keys.answer(key, "ijkl", SYSTEM)
    key = key_of("age1a")
    assert (key.challenge, key.challenge_hash, recovery_keys.is_proven(key, utcnow())) == (None, None, True)
    assert not recovery_keys.is_proven(key, utcnow() + YEAR)
    with pytest.raises(Invalid, match="No sealed text"):
        recovery_keys.answer(key, "ijkl", SYSTEM)


def test_a_key_is_retired_only_where_each_store_keeps_a_proven_one(cast):
    both, only = add_store("Both", "age1a", "age1b"), add_store("Only", "age1a")
    recovery_keys.note_held(["age1a"], SYSTEM, "key")
    with pytest.raises(Invalid, match="last key"):
        recovery_keys.retire(key_of("age1a"), SYSTEM)
    with pytest.raises(Invalid, match="“Both” is sealed to no other key"):
        RecoveryKey.update(proven_at=None).execute()
        recovery_keys.retire(key_of("age1a"), SYSTEM)
    recovery_keys.note_held(["age1a", "age1b"], SYSTEM, "key")
    with pytest.raises(Invalid, match="“Only” is sealed to no other key"):
        recovery_keys.retire(key_of("age1a"), SYSTEM)
    assert CopyStore.get_by_id(both.id).recipients == ["age1a", "age1b"]
    stores.remove(only, SYSTEM)
    recovery_keys.retire(key_of("age1a"), SYSTEM)
    assert stores.recipients_of(both) == ["age1b"]
    with pytest.raises(Invalid, match="retired already"):
        recovery_keys.retire(key_of("age1a"), SYSTEM)
    with pytest.raises(Invalid, match="was retired"):
        add_store("Again", "age1a")
    assert recovery_keys.note_held(["age1a"], SYSTEM, "key") == []
    # One that nobody ever proved, and no store has, goes.
    recovery_keys.add("Mistyped", "age1z", SYSTEM)
    recovery_keys.retire(key_of("age1z"), SYSTEM)
    assert actions()[-1] == "recovery-key:retired"


def test_it_is_told_once_when_no_key_was_proved_for_a_year(cast):
    def told():
        conditions.look()
        going = Occurrence.select().where(Occurrence.event == "copies_failing", Occurrence.ended_at.is_null())
        return [occurrence.facts for occurrence in going if "store" not in occurrence.facts]

    recovery_keys.add("In no store", "age1c", SYSTEM)
    add_store("Vault", "age1a", "age1b")
    assert told() == []
    RecoveryKey.update(created_at=utcnow() - YEAR).execute()
    assert told() == [{"why": "key_unproven"}]
    recovery_keys.note_held(["age1c"], SYSTEM, "key")
    assert told() == [{"why": "key_unproven"}]
    recovery_keys.note_held(["age1b"], SYSTEM, "key")
    assert told() == []
