"""Names: every kind of run, restore, backup set and snapshot says what it is, in one whole sentence."""

from datetime import datetime

import pytest

from db.database import database
from db.models import BackupSet, Policy, Restore, RestoreItem, Run, Snapshot
from db.names.work_names import RESTORE, RUN, find_name, name_of, names_of, shortened
from db.states import RunKind, SetState

AT = datetime(2020, 11, 26, 0, 39)
WHEN = "26 Nov 2020 00:39 UTC"


def run_of(cast, kind, **columns):
    return Run.create(tenant=cast.contoso, kind=kind, dedupe_key=f"{kind}{columns}", created_at=AT, **columns)


def restore_of(cast, items=0, **columns):
    restore = Restore.create(
        tenant=cast.fabrikam, source_directory_id="d", source_name="Contoso", options={}, created_at=AT, **columns
    )
    for number in range(items):
        RestoreItem.create(
            restore=restore, policy_type="configurationPolicies", graph_id=f"{number}", name="CA001", references={}
        )
    return restore


@pytest.mark.parametrize(
    ("items", "columns", "name"),
    [
        (0, {}, "Restore to Fabrikam"),
        (0, {"reason": "INC-4711"}, "Restore to Fabrikam, INC-4711"),
        (1, {}, "Restore of CA001 to Fabrikam"),
        (1, {"reason": "INC-4711\nsecond line"}, "Restore of CA001 to Fabrikam, INC-4711"),
        (4, {}, "Restore of 4 policies to Fabrikam"),
        (4, {"reason": "INC-4711"}, "Restore of 4 policies to Fabrikam, INC-4711"),
        (0, {"undo_of": 1}, "Undo of restore 1 in Fabrikam"),
        (0, {"undo_of": 1, "reason": "INC-4711"}, "Undo of restore 1 in Fabrikam, INC-4711"),
        (1, {"undo_of": 1}, "Undo of restore 1: CA001 in Fabrikam"),
        (1, {"undo_of": 1, "reason": "INC-4711"}, "Undo of restore 1: CA001 in Fabrikam, INC-4711"),
        (4, {"undo_of": 1}, "Undo of restore 1: 4 policies in Fabrikam"),
        (4, {"undo_of": 1, "reason": "INC-4711"}, "Undo of restore 1: 4 policies in Fabrikam, INC-4711"),
    ],
)
def test_a_restore_is_called_by_what_it_writes_where_and_why(cast, items, columns, name):
    restore_of(cast)
    restore = restore_of(cast, items, **columns)
    assert str(name_of(restore)) == name
    run, preview = (run_of(cast, kind, restore_id=restore.id) for kind in (RunKind.RESTORE, RunKind.PREVIEW))
    assert str(name_of(run)) == name
    assert name_of(run).numbered == f"{name} (run {run.id})"
    assert str(name_of(preview)) == f"Preview of “{name}”"


@pytest.mark.parametrize("kind", RunKind)
def test_a_run_of_every_kind_has_a_name_of_its_own_also_alone(cast, kind):
    names = {str(name_of(run_of(cast, each, part=1))) for each in RunKind}
    assert len(names) == len(RunKind)
    assert all(WHEN in name for name in names)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({}, f"Backup of {WHEN}"),
        ({"is_full": True}, f"Full backup of {WHEN}"),
        ({"selection": {"policies": [1]}}, f"Backup of 1 policy, {WHEN}"),
        ({"selection": {"policies": [1, 2]}}, f"Backup of 2 policies, {WHEN}"),
        ({"selection": {"policy_types": ["a"]}}, f"Backup of 1 policy type, {WHEN}"),
        ({"selection": {"policy_types": ["a", "b"]}}, f"Backup of 2 policy types, {WHEN}"),
        ({"selection": {"policies": [1]}, "name": "Before restore 12"}, f"Before restore 12, {WHEN}"),
    ],
)
def test_a_backup_set_and_the_run_that_makes_it_are_called_by_what_is_backed_up(cast, columns, name):
    run = run_of(cast, RunKind.BACK_UP)
    columns = {"selection": {}, **columns}
    made = BackupSet.create(
        tenant=cast.contoso, run=run, state=SetState.COMPLETE, types={}, problems=[], created_at=AT, **columns
    )
    assert str(name_of(made)) == name
    assert str(name_of(run)) == name


def test_a_capture_is_called_by_its_policy_and_a_snapshot_by_its_time(cast, captured):
    policy, run, snapshot = captured[0]
    Snapshot.update(captured_at=AT).execute()
    assert str(name_of(run)) == "Capture of Contoso policy 1"
    assert str(name_of(Snapshot.get_by_id(snapshot.id))) == f"Snapshot of {WHEN}"
    Policy.update(name="{reason} of {tenant}").where(Policy.id == policy.id).execute()
    assert str(name_of(run)) == "Capture of {reason} of {tenant}", "a name is no sentence"


def test_many_names_cost_few_statements_and_what_is_deleted_keeps_its_number(cast, monkeypatch):
    restores = [restore_of(cast, 2) for _ in range(5)]
    runs = [run_of(cast, RunKind.RESTORE, restore_id=restore.id) for restore in restores]
    statements, execute = [], database.execute_sql
    monkeypatch.setattr(type(database.obj), "execute_sql", lambda self, *of: statements.append(of) or execute(*of))
    assert len(names_of(runs)) == len(runs)
    monkeypatch.undo()
    assert len(statements) <= 5
    assert str(find_name(RUN, 9999)) == "Run 9999, deleted"
    assert str(find_name(RESTORE, restores[0].id)) == "Restore of 2 policies to Fabrikam"


def test_a_long_reason_is_cut_in_a_name():
    assert shortened("x" * 60) == "x" * 60
    assert shortened("x" * 61) == "x" * 59 + "…"
