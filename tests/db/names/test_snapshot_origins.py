"""Origins: what a snapshot was made by, and never as if who captured it had changed the policy."""

import pytest

from db.audit.audit import SYSTEM, Actor
from db.models import BackupSet, Restore, RestoreItem, Run, Snapshot
from db.names.snapshot_origins import COMPARISON, SCHEDULE, origins_of
from db.states import RunKind, SetState
from tests.support.captures import capture_by_hand

BACKUP, RESTORE, CAPTURE = RunKind.BACK_UP, RunKind.RESTORE, RunKind.CAPTURE_SNAPSHOT


@pytest.mark.parametrize(
    ("kind", "by_person", "origin", "said"),
    [
        (CAPTURE, True, "web", "captured by Max"),
        (CAPTURE, True, COMPARISON, "captured by Max for a comparison"),
        (CAPTURE, False, "command", "captured by a command"),
        (BACKUP, True, "web", "captured by Max (Backup of {at})"),
        (BACKUP, False, SCHEDULE, "captured by the schedule (Backup of {at})"),
        (BACKUP, False, "command", "captured by a command (Backup of {at})"),
        (RESTORE, True, "web", "after “Restore of P to Contoso, INC-4711” by Max"),
        (RESTORE, False, "command", "after “Restore of P to Contoso, INC-4711”"),
        ("before", True, "web", "before “Restore of P to Contoso, INC-4711” by Max"),
        ("before", False, "command", "before “Restore of P to Contoso, INC-4711”"),
    ],
)
def test_a_snapshot_says_by_what_it_was_made(cast, captured, kind, by_person, origin, said):
    policy = captured[0][0]
    run, snapshot = capture_by_hand(policy, Actor.person(cast.max, None) if by_person else SYSTEM)
    is_before = kind == "before"
    Run.update(kind=RESTORE if is_before else kind, origin=origin).where(Run.id == run.id).execute()
    if is_before or kind == RESTORE:
        restore = Restore.create(
            tenant=cast.contoso, source_directory_id="d", source_name="C", options={}, reason="INC-4711"
        )
        RestoreItem.create(restore=restore, policy_type=policy.policy_type, graph_id=policy.graph_id, name="P",
                           references={}, safety_snapshot=snapshot if is_before else None)  # fmt: skip
        Run.update(restore_id=restore.id).where(Run.id == run.id).execute()
    if kind == BACKUP:
        BackupSet.create(tenant=cast.contoso, run=run, state=SetState.COMPLETE, selection={}, types={}, problems=[])
    at = Run.get_by_id(run.id).created_at
    found = origins_of([Snapshot.get_by_id(snapshot.id)])[snapshot.id]
    assert str(found.name) == said.format(at=f"{at.day} {at:%b %H:%M} UTC")
    assert found.is_after_restore == (kind == RESTORE)


def test_where_the_run_is_not_known_the_person_is(cast, captured):
    of_person, of_nobody = captured[0][2], capture_by_hand(captured[0][0], SYSTEM)[1]
    Snapshot.update(run=None).execute()
    found = origins_of([Snapshot.get_by_id(row.id) for row in (of_person, of_nobody)])
    assert str(found[of_person.id].name) == "captured by Ada"
    assert str(found[of_nobody.id].name) == "captured by a schedule or a command"
