"""Lists that grow with the data: of tenants that one person may see, of locks, of what a set holds."""

import sqlite3
from datetime import date

import pytest

from db import database as engine
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Policy, Run
from db.restores import restore_drafts, restore_items
from db.runs import notifications, run_history, runs
from db.sql import value_lists
from db.states import RunKind
from db.tenants import backup_health, schedules
from tests.support.captures import capture_by_hand

MANY = range(70_000)


@pytest.fixture
def usual_limit(database):
    """Debian's SQLite takes 250,000 values in a statement; everybody else's takes this many."""
    if engine.is_sqlite():
        database.connection().setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)


def test_seventy_thousand_numbers_are_asked_for_at_once(usual_limit, cast):
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[], actor=SYSTEM).run
    assert runs.active_ids(MANY) == {run.id}
    assert not Policy.select().where(value_lists.is_in(Policy.id, [])).exists()
    assert Policy.select().where(~value_lists.is_in(Policy.id, MANY)).count() == 0
    names = [f"Contoso policy {number}" for number in MANY]
    assert Policy.select().where(value_lists.is_in(Policy.name, names)).count() == 2


def test_a_person_of_seventy_thousand_tenants_sees_every_page(usual_limit, cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    run, _ = capture_by_hand(policy, SYSTEM)
    Run.update(state="failed").where(Run.id == run.id).execute()
    schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    assert [health.tenant for health in backup_health.health_of_tenants(MANY, utcnow())] == [
        cast.contoso,
        cast.fabrikam,
    ]
    assert backup_health.count_failures(MANY, utcnow().replace(year=2000)) == {cast.contoso.id: 1}
    assert backup_health.count_changes(MANY).total() == 3
    assert sum(run_history.count_ended_by_day(date(2000, 1, 1), MANY).values()) == 1
    assert len(schedules.of_tenants(MANY)) == 1
    assert notifications.unread_count(cast.ada.id, MANY) == 0
    assert notifications.followed_runs(cast.ada.id, MANY).active == 0


def test_a_restore_takes_seventy_thousand_policies(usual_limit, cast):
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "Contoso", None)
    items = [restore_drafts.NewRestoreItem("configurationPolicies", f"{n}", "x", None, {}) for n in range(3)]
    restore = restore_drafts.create(cast.contoso, source, items, {}, SYSTEM)
    restore_drafts.remove_other_items(restore, MANY, SYSTEM)
    assert len(restore_items.items(restore)) == len(restore_items.items_by_ids(MANY)) == 3
