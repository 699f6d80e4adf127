from datetime import timedelta

import pytest

from db.clock import utcnow
from db.installation import standstill
from db.models import (
    BackupSet,
    CopyErasure,
    CopyStore,
    Restore,
    RollOut,
    Schedule,
    Standard,
    StandardAdoption,
    StandardVersion,
    Tenant,
)
from db.standards import keeping
from db.states import RestoreState, Ring, RollOutState
from tests.db.copies.test_standing import COLUMNS
from tests.support.copied import make_set

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_recovered_installation_writes_and_deletes_nothing_until_somebody_says_so(cast):
    past = utcnow() - timedelta(days=1)
    standard = Standard.create(name="Ours", uid="0")
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    StandardAdoption.create(standard=standard, tenant=cast.contoso, ring=Ring.PILOT, values={}, counts={})
    facts = {"standard": standard, "version": version, "ring": Ring.PILOT, "stop_percent": 20, "at_once": 3}
    states = (RollOutState.RUNNING, RollOutState.ROLLING_BACK, RollOutState.FINISHED)
    for state in states:
        RollOut.create(**facts, state=state)
    draft = {"tenant": cast.contoso, "source_directory_id": "0", "source_name": "x", "options": {}}
    draft["state"] = RestoreState.PREVIEWED
    of_standard = Restore.create(**draft, standard_id=standard.id)
    keeping.mark(of_standard)
    asked_for = Restore.create(**draft)
    make_set(cast.contoso)
    BackupSet.update(deletion_due_at=past).execute()
    Tenant.update(removal_due_at=past).where(Tenant.id == cast.fabrikam.id).execute()
    Schedule.create(tenant=cast.contoso, cron="0 3 * * *", time_zone="UTC", next_at=past)
    store = CopyStore.create(
        **COLUMNS, claimed_by="a worker of then", claimed_until=utcnow(), turn=3, turn_claim="theirs"
    )
    for directory_id, begun_at in (("waits", None), ("half gone", past)):
        CopyErasure.create(store=store, directory_id=directory_id, tenant_name="X", due_at=past, begun_at=begun_at)
    standstill.stand_still()
    assert [row.state for row in RollOut.select().order_by(RollOut.id)] == [
        RollOutState.PAUSED, RollOutState.STOPPED, RollOutState.FINISHED,
    ]  # fmt: skip
    assert StandardAdoption.get().put_backs_a_day == 0
    assert (keeping.due(), keeping.on_their_way()) == ([], [])
    assert Restore.get_by_id(of_standard.id).state == RestoreState.CANCELLED
    assert Restore.get_by_id(asked_for.id).state == RestoreState.PREVIEWED
    assert BackupSet.get().deletion_due_at is None
    assert Tenant.get_by_id(cast.fabrikam.id).removal_due_at is None
    assert (Schedule.get().is_paused, CopyStore.get().is_active) == (True, False)
    assert CopyStore.get().claimed_until is None, "once it is switched on, it is looked after at once"
    assert (CopyStore.get().turn, CopyStore.get().turn_claim) == (None, None), "it was the old installation's"
    assert [erasure.directory_id for erasure in CopyErasure.select()] == ["half gone"]
