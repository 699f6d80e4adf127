"""The drill: a key opens what a store has now, or it is said what does not open."""

from datetime import timedelta

import pyrage
import pytest

from actors.recovering import proving
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.copies import standing
from db.errors import Invalid
from db.models import AuditEvent
from tests.actors.recovering.test_recover import copied, push_state  # noqa: F401 - fixtures
from tests.support.copied import RECOVERY_KEY, add_store

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@only_sqlite
def test_the_key_that_opens_is_proved_and_another_is_not(copied):  # noqa: F811
    _, store = copied()
    with pytest.raises(Invalid, match="another one"):
        proving.prove(store, [pyrage.x25519.Identity.generate()], SYSTEM)
    assert not standing.is_key_proved(store, utcnow())
    assert not AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_KEY_PROVED).exists()
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.set_number, proof.contents) == (3, 3)
    assert standing.is_key_proved(store, utcnow())
    assert not standing.is_key_proved(store, utcnow() + timedelta(days=366))
    assert AuditEvent.select().where(AuditEvent.action == Action.RECOVERY_KEY_PROVED).count() == 1


@only_sqlite
def test_a_store_without_a_set_opens_by_its_state(cast, redis_url, new_place):
    store = add_store(new_place("file"))
    proof = proving.prove(store, [RECOVERY_KEY], SYSTEM)
    assert (proof.set_number, proof.contents) == (None, 0)


def test_a_new_key_is_a_pair_of_age():
    key, public = proving.new_key()
    assert str(pyrage.x25519.Identity.from_str(key).to_public()) == public
