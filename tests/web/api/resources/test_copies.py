"""`/copies` over the API: an admin's alone, without what signs in, and a push that is asked for."""

import pytest

from db.audit.audit import SYSTEM
from db.copies import stores
from db.models import AuditEvent, CopiedSet, CopyStore
from db.states import CopyState
from tests.support.copied import make_set

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_stores_sets_and_keys_are_listed_and_a_push_is_asked_for(cast, api):
    given = {"copy_days": 30, "needs_lock": True, "recipients": ["age1a", "age1b"]}
    store = stores.add("Vault", "s3://vault", {"access_key": "AKIA", "secret_key": "hunter2"}, SYSTEM, **given)
    done, waiting = make_set(cast.contoso), make_set(cast.fabrikam)
    CopiedSet.update(state=CopyState.COMPLETE).where(CopiedSet.backup_set == done).execute()
    program, path = api(cast.root), f"/copies/stores/{store.id}"
    [told] = program.get("/copies/stores").json["items"]
    assert (told["name"], told["lock"], told["sets"]["waiting"]) == ("Vault", "unknown", 1)
    assert [key["name"] for key in told["recovery_keys"]] == ["Recovery key 1", "Recovery key 2"]
    assert "hunter2" not in program.get(path).get_data(as_text=True)
    [copied] = program.get(f"{path}/sets?state=waiting").json["items"]
    assert (copied["backup_set"], copied["tenant_name"]) == (waiting.id, "Fabrikam")
    assert len(program.get(f"{path}/sets").json["items"]) == 2
    CopyStore.update(tend_at=None).execute()
    assert program.post(f"{path}/pushes").status_code == 202
    assert CopyStore.get().tend_at is not None
    event = AuditEvent.select().where(AuditEvent.action == "copy-store:asked").get()
    assert (event.actor.startswith("token program"), event.details) == (True, {"what": "push"})
    [second, first] = program.get("/copies/recovery-keys").json["items"]
    assert (first["public_key"], second["is_proven"], first["stores"][0]["name"]) == ("age1a", False, "Vault")
    assert program.get("/copies/stores/4711").status_code == 404
    # A token for some tenants reaches nothing of the installation, whoever made it; nor does a manager.
    limited = api(cast.root, tenants=[cast.contoso]).get("/copies/stores")
    assert (limited.status_code, "of the whole installation" in limited.json["detail"]) == (403, True)
    assert api(cast.max).get(path).status_code == 403
