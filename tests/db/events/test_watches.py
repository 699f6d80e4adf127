"""Watched tenants: switching, the moments of looks, backing off, freshness."""

from datetime import timedelta
from itertools import pairwise

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.events import watches
from db.models import AuditEvent, Tenant, Watch

pytestmark = pytest.mark.usefixtures("lock_order")


def backed_up(tenant):
    Tenant.update(last_backup_at=utcnow()).where(Tenant.id == tenant.id).execute()
    return tenant


def test_watching_is_switched_once_and_each_switch_is_audited(cast):
    assert watches.set_watched(cast.contoso, True, SYSTEM)
    assert not watches.set_watched(cast.contoso, True, SYSTEM)
    assert watches.set_watched(cast.contoso, True, SYSTEM, every_minutes=10)
    assert watches.of_tenants([cast.contoso.id, cast.fabrikam.id])[cast.contoso.id].every_minutes == 10
    assert watches.set_watched(cast.contoso, False, SYSTEM)
    assert not watches.set_watched(cast.contoso, False, SYSTEM)
    told = [event.details for event in AuditEvent.select().where(AuditEvent.action == "tenant:watched")]
    assert told == [
        {"is_on": True, "every_minutes": None},
        {"is_on": True, "every_minutes": 10},
        {"is_on": False, "every_minutes": None},
    ]
    for minutes in (0, 1441):
        with pytest.raises(Invalid, match="every 1 to 1440 minutes"):
            watches.set_watched(cast.contoso, True, SYSTEM, every_minutes=minutes)


def test_a_tenant_is_due_at_once_and_then_at_its_own_moments_once_it_was_backed_up(cast):
    now = utcnow()
    watches.set_watched(cast.contoso, True, SYSTEM)
    assert not watches.due_watches(utcnow())  # never backed up: nothing is captured that a change could differ from
    backed_up(cast.contoso)
    [watch] = watches.due_watches(utcnow())
    assert not watches.due_watches(utcnow(), [watch.id])
    assert watches.claim_due(watch, now, 5)
    assert not watches.claim_due(watch, now, 5)
    moments = [Watch.get().next_at]
    assert timedelta(minutes=2.5) <= moments[0] - now < timedelta(minutes=7.5)
    for _ in range(3):
        assert not watches.due_watches(moments[-1] - timedelta(seconds=1))
        [due] = watches.due_watches(moments[-1] + timedelta(seconds=20))
        assert watches.claim_due(due, moments[-1] + timedelta(seconds=20), 5)
        moments.append(Watch.get().next_at)
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=5)}
    # After hours without a scheduler one look is enough.
    [due] = watches.due_watches(moments[-1] + timedelta(hours=9))
    watches.claim_due(due, moments[-1] + timedelta(hours=9), 5)
    assert Watch.get().next_at > moments[-1] + timedelta(hours=9)
    Tenant.update(is_active=False).execute()
    assert not watches.due_watches(moments[-1] + timedelta(days=1))


def test_five_hundred_tenants_do_not_begin_in_one_second():
    now = utcnow()
    ids = range(1, 501)
    moments = [watches._next_look(Watch(tenant_id=each), now, timedelta(minutes=5)) for each in ids]
    per_second = [
        sum(1 for each in moments if each.replace(microsecond=0) == second)
        for second in {each.replace(microsecond=0) for each in moments}
    ]
    assert max(per_second) <= 8
    assert len(per_second) > 200


def test_what_fails_is_looked_at_less_often_up_to_once_an_hour_and_freshness_never_goes_back(cast):
    watches.set_watched(backed_up(cast.contoso), True, SYSTEM)
    waits = []
    for _ in range(7):
        watches.record_failure(Watch.get(), "It needs a permission.", 5)
        waits.append((Watch.get().next_at - utcnow()).total_seconds() / 60)
    assert waits[0] <= 15
    assert 30 <= waits[-1] <= 90
    assert (Watch.get().failures, Watch.get().error) == (7, "It needs a permission.")
    fresh = utcnow() - timedelta(minutes=3)
    watches.record_look(Watch.get(), fresh)
    watches.record_look(Watch.get(), fresh - timedelta(minutes=1))
    assert (Watch.get().failures, Watch.get().error, Watch.get().fresh_at) == (0, None, fresh)
    watches.record_look(Watch.get(), None, "One policy could not be read.")
    assert (Watch.get().fresh_at, Watch.get().error) == (fresh, "One policy could not be read.")
    assert watches.oldest_freshness() == (1, fresh)
    watches.set_watched(cast.fabrikam, True, SYSTEM)
    assert watches.oldest_freshness() == (2, None)
