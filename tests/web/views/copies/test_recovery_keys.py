"""The pages of recovery keys: only public halves come there, and a word proves who has the other."""

import pyrage
import pytest

from db.audit.audit import SYSTEM
from db.copies import recovery_keys
from db.models import CopyStore, RecoveryKey
from tests.web.views.copies.test_copies import GIVEN, post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIRST, SECOND = (pyrage.x25519.Identity.generate() for _ in range(2))


def test_an_admin_adds_has_proved_and_retires_a_key(app, cast, client, sign_in):
    sign_in(client, cast.root)
    for wrong, sentence in ((str(FIRST), "recovery key itself"), ("age1x", "no public key")):
        refused = post(client, "/copies/keys/", name="Safe <b>", recipient=wrong).get_data(as_text=True)
        assert sentence in refused
        assert "Safe &lt;b&gt;" in refused
        assert str(FIRST) not in refused
    page = post(client, "/copies/keys/", name="Safe <b>", recipient=str(FIRST.to_public())).get_data(as_text=True)
    assert "never proved" in page
    key = RecoveryKey.get()
    path = f"/copies/keys/{key.id}"
    post(client, f"{path}/ask")
    key = RecoveryKey.get()
    assert "BEGIN AGE ENCRYPTED FILE" in client.get(path).get_data(as_text=True)
    word = pyrage.decrypt(key.challenge.encode(), [FIRST]).decode().split("\n")[1]
    assert "not the word" in post(client, f"{path}/prove", answer="ABCD").get_data(as_text=True)
    assert "somebody has this key today" in post(client, f"{path}/prove", answer=word.lower()).get_data(as_text=True)
    # A new store takes the keys that are here, and others.
    form = client.get("/copies/new").get_data(as_text=True)
    assert f'value="{FIRST.to_public()}"' in form
    post(client, "/copies/", **{**GIVEN, "recipients": [str(FIRST.to_public()), str(SECOND.to_public())]})
    store = CopyStore.get()
    assert store.recipients == [str(FIRST.to_public()), str(SECOND.to_public())]
    assert "Recovery key 1" in client.get(f"/copies/{store.id}").get_data(as_text=True)
    assert "last key that somebody proved" in post(client, f"{path}/retire").get_data(as_text=True)
    recovery_keys.note_held([str(SECOND.to_public())], SYSTEM, "key")
    assert "Nothing new is sealed to it." in post(client, f"{path}/retire").get_data(as_text=True)
    assert CopyStore.get().recipients == [str(SECOND.to_public())]
    assert str(FIRST.to_public()) not in client.get("/copies/new").get_data(as_text=True)
    assert client.get("/copies/keys/999").status_code == 404
    sign_in(client, cast.rita)
    assert [client.get(address).status_code for address in ("/copies/keys/", path)] == [403, 403]
