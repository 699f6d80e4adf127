"""Backup sets that nothing keeps wait for their day, whoever wanted them gone, and can be kept until then."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.backups import deletions, retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, BackupSet, Policy, Snapshot
from tests.db.backups.test_retention import made, nights
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.usefixtures("lock_order")


def waiting(tenant):
    return {row.id for row in BackupSet.select().where(BackupSet.tenant == tenant) if row.deletion_due_at}


def test_what_no_rule_keeps_waits_and_comes_back_with_other_rules_or_a_pin(cast):
    sets = nights(cast.contoso, 6)
    assert not deletions.mark(cast.contoso, 7).set_ids, "without rules everything stays"
    retention.set_rules(cast.contoso, RetentionRules(last=2), SYSTEM)
    cast.contoso.retention = {"last": 2}
    new = deletions.mark(cast.contoso, 7)
    assert set(new.set_ids) == waiting(cast.contoso) == {sets[ago].id for ago in (2, 3, 4, 5)}
    assert new.is_unusual
    assert timedelta(days=6, hours=23) < new.due_at - utcnow() < timedelta(days=7, seconds=1)
    assert deletions.due(cast.contoso) == []
    assert not deletions.mark(cast.contoso, 0).set_ids, "what waits keeps its day, whatever the setting is by now"
    retention.pin(sets[5], "audit", None, SYSTEM)
    cast.contoso.retention = {"last": 3}
    deletions.mark(cast.contoso, 7)
    assert waiting(cast.contoso) == {sets[3].id, sets[4].id}
    BackupSet.update(deletion_due_at=utcnow() - timedelta(seconds=1)).where(BackupSet.id == sets[4].id).execute()
    assert deletions.due(cast.contoso) == [sets[4].id]
    assert deletions.waiting(cast.contoso).count == 2
    for rules, left in ((RetentionRules(last=4), {sets[4].id}), (None, set())):
        retention.set_rules(cast.contoso, rules, SYSTEM)
        assert waiting(cast.contoso) == left, "told at once, and not by the next look"


def test_a_flood_of_new_sets_and_the_end_of_a_protection_wait_like_any_rule(cast):
    sets = nights(cast.contoso, 3)
    retention.pin(sets[2], "good", None, SYSTEM)
    cast.contoso.retention = {"last": 2}
    assert deletions.mark(cast.contoso, 7).set_ids == []
    retention.unpin(sets[2], SYSTEM)
    for _ in range(4):
        made(cast.contoso, 0)
    new = deletions.mark(cast.contoso, 7)
    assert {sets[ago].id for ago in (1, 2)} <= set(new.set_ids)
    assert new.is_unusual, "as many came today, and that is no ordinary day"
    assert deletions.due(cast.contoso) == []


def test_taking_back_protects_all_that_wait_and_needs_a_reason(cast):
    sets = nights(cast.contoso, 4)
    cast.contoso.retention = {"last": 1}
    with pytest.raises(Invalid, match="waits for its deletion"):
        deletions.take_back(cast.contoso, "why", SYSTEM)
    deletions.mark(cast.contoso, 7)
    with pytest.raises(Invalid, match="Say why"):
        deletions.take_back(cast.contoso, " \x00 ", SYSTEM)
    assert deletions.take_back(cast.contoso, "Somebody wants them gone", SYSTEM) == 3
    assert not waiting(cast.contoso)
    assert {row.pinned_reason for row in BackupSet.select()} == {None, "Somebody wants them gone"}
    assert not deletions.mark(cast.contoso, 0).set_ids
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.action, event.details["count"]) == ("backup-sets:deletion-taken-back", 3)
    assert len(sets) == 4


def test_a_capture_goes_not_before_the_sets_of_its_time(cast):
    old, snapshot = made(cast.contoso, 40), capture_by_hand(Policy.get(Policy.tenant == cast.contoso), SYSTEM)[1]
    Snapshot.update(captured_at=old.created_at + timedelta(days=1)).where(Snapshot.id == snapshot.id).execute()
    assert deletions.older_than_waiting(cast.contoso, [snapshot.id]) == [snapshot.id]
    BackupSet.update(deletion_due_at=utcnow()).where(BackupSet.id == old.id).execute()
    assert deletions.older_than_waiting(cast.contoso, [snapshot.id]) == []
