"""What is moved into the past, and what a quiet night leaves."""

from datetime import timedelta

import pytest

from db.backups import backup_sets, manifests
from db.clock import utcnow
from db.installation import demo_past
from db.models import BackupSet, Run
from db.states import RunState, SetState

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the demo has no other


def a_set(tenant):
    run = Run.create(
        tenant=tenant, kind="backup_set.capture", dedupe_key="k", state=RunState.SUCCEEDED, total=2, done=2
    )
    types = {"deviceConfigurations": {"state": "done", "listed": 2}}
    manifest = manifests.save(tenant, [])
    return BackupSet.create(
        tenant=tenant, run=run, state=SetState.COMPLETE, selection={}, types=types, problems=[], manifest=manifest
    )


def test_only_what_happened_within_is_moved_back(cast):
    before = a_set(cast.contoso)
    with demo_past.moved_back(timedelta(days=30)):
        within = a_set(cast.contoso)
    now = utcnow()
    assert now - BackupSet.get_by_id(before.id).created_at < timedelta(minutes=5)
    assert timedelta(days=29) < now - BackupSet.get_by_id(within.id).created_at < timedelta(days=31)
    assert timedelta(days=29) < now - Run.get_by_id(within.run_id).created_at < timedelta(days=31)
    assert BackupSet.get_by_id(within.id).completed_at is None


def test_quiet_nights_share_a_manifest_and_some_fail(cast):
    sets = [a_set(cast.contoso), a_set(cast.fabrikam)]
    demo_past.copy_nights(sets, range(10, 0, -1))
    nights = backup_sets.of_tenant(cast.contoso, 100)[:-1]
    assert len(nights) == 9, "one of ten failed before it had a set"
    assert {night.manifest_id for night in nights} == {sets[0].manifest_id}
    partly = [night for night in nights if night.state == SetState.INCOMPLETE]
    assert [night.run.failed for night in partly] == [1]
    assert partly[0].types["deviceConfigurations"]["state"] == "failed"
    failed = Run.select().where((Run.state == RunState.FAILED) & (Run.tenant == cast.contoso))
    assert [run.error_code for run in failed] == ["unavailable"]
