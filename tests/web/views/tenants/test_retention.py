"""Retention in the browser: previewed before it is switched on."""

import pytest

from actors.housekeeping import daily_prune
from db.audit.audit import SYSTEM
from db.backups import deletions, retention
from db.backups.retention import RetentionRules
from db.housekeeping import tenant_removal
from db.models import BackupSet, Run, Tenant
from tests.db.backups.test_retention import nights
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_looking_changes_nothing_and_switching_on_takes_what_was_looked_at(client, sign_in, cast):
    nights(cast.contoso, 10)
    sign_in(client, cast.max)
    path = f"/tenants/{cast.contoso.id}/retention"
    page = client.get(f"{path}?last=3&daily=0&weekly=0&monthly=0").get_data(as_text=True)
    assert "Would be deleted: 7 sets" in page
    assert Tenant.get_by_id(cast.contoso.id).retention is None
    data = {"csrf_token": csrf_token(client, path), "last": "3", "daily": "0", "weekly": "0", "monthly": "0"}
    client.post(path, data=data)
    assert Tenant.get_by_id(cast.contoso.id).retention == {"last": 3, "daily": 0, "weekly": 0, "monthly": 0}
    client.post(path, data={**data, "off": "yes"})
    assert Tenant.get_by_id(cast.contoso.id).retention is None
    assert BackupSet.select().count() == 10


def test_rules_that_keep_nothing_are_refused_with_a_sentence(client, sign_in, cast):
    sign_in(client, cast.max)
    page = client.get(f"/tenants/{cast.contoso.id}/retention?last=0").get_data(as_text=True)
    assert "Keep at least one set" in page


def test_a_set_is_pinned_with_a_reason_by_those_who_manage(app, sign_in, cast):
    made = nights(cast.contoso, 1)[0]
    manager, operator = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.ada)
    data = {"csrf_token": csrf_token(operator, "/"), "reason": "before the migration"}
    assert operator.post(f"/backup-sets/{made.id}/pin", data=data).status_code == 403
    data["csrf_token"] = csrf_token(manager, "/")
    manager.post(f"/backup-sets/{made.id}/pin", data=data)
    assert "before the migration" in manager.get(f"/backup-sets/{made.id}").get_data(as_text=True)
    manager.post(f"/backup-sets/{made.id}/unpin", data=data)
    assert BackupSet.get().pinned_reason is None


def test_those_who_manage_start_a_pruning_by_hand_and_read_what_went(app, sign_in, cast):
    nights(cast.contoso, 3)
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    manager, operator = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.ada)
    path, data = f"/tenants/{cast.contoso.id}/retention/prune", {"csrf_token": csrf_token(operator, "/")}
    assert operator.post(path, data=data).status_code == 403
    manager.post(path, data={"csrf_token": csrf_token(manager, "/")})
    run = Run.get()
    daily_prune.prune.fn(run.id)
    page = manager.get(f"/runs/{run.id}").get_data(as_text=True)
    assert "Backup sets that no rule keeps" in page
    assert "2 went." in page
    assert BackupSet.select().count() == 1


def test_those_who_manage_take_a_deletion_back_and_everybody_sees_that_it_waits(app, sign_in, cast):
    sets = nights(cast.contoso, 3)
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    deletions.mark(Tenant.get_by_id(cast.contoso.id), 7)
    due_at = tenant_removal.request(cast.contoso, SYSTEM, 7)
    manager, operator = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.ada)
    path = f"/tenants/{cast.contoso.id}/retention"
    assert "unless somebody protects it" in operator.get(f"/backup-sets/{sets[2].id}").get_data(as_text=True)
    assert f"{due_at:%Y-%m-%d}" in operator.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    data = {"csrf_token": csrf_token(operator, "/"), "reason": "not mine"}
    for act in (f"{path}/keep", f"/tenants/{cast.contoso.id}/keep"):
        assert operator.post(act, data=data).status_code == 403
    assert "Will be deleted:" in manager.get(path).get_data(as_text=True)
    data["csrf_token"] = csrf_token(manager, "/")
    manager.post(f"{path}/keep", data=data)
    manager.post(f"/tenants/{cast.contoso.id}/keep", data=data)
    assert Tenant.get_by_id(cast.contoso.id).removal_due_at is None
    assert not BackupSet.select().where(BackupSet.deletion_due_at.is_null(False)).exists()
    assert "Will be deleted:" not in manager.get(path).get_data(as_text=True)
