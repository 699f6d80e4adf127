"""A tenant goes with everything that is kept of it, may be interrupted, and takes nothing of others along."""

import re

import pytest

from actors import scheduler
from actors.backups import due_schedules
from actors.plans import drafts
from actors.queue.enqueue import enqueue
from db.audit import chain
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid, SwitchedOff
from db.housekeeping import tenant_removal, tenant_switch
from db.models import AuditEvent, Content, Mapping, Restore, RestoreItem, Run, Schedule, Tenant
from db.policies import snapshots
from db.restores import restore_items
from db.runs import run_items, runs
from db.states import RestoreState, RunKind
from db.tenants import schedules, tenants
from tests.support import two_tenants
from tests.support.restore_steps import options
from tests.support.two_tenants import DIGITS, THEIRS

pytestmark = pytest.mark.usefixtures("lock_order")

# The log outlives whom it names; the head is its last hash.
LOG = frozenset({"audit_event", "audit_head"})


@pytest.fixture
def held(database, redis_url, _password_hash):
    """(the own tenant, the other): what each holds is told apart by its ids and words. Nothing is under way."""
    own, other, _people = two_tenants.both(_password_hash)
    for tenant in (own, other):
        tenant_switch.switch_off(tenant.tenant, SYSTEM)
        tenant_switch.switch_on(tenant.tenant, SYSTEM)
    return own.tenant, other.tenant


def removed(tenant):
    tenant_removal.begin(tenant, SYSTEM)
    while tenant_removal.remove_next_rows(tenant):
        pass


def test_nothing_of_it_is_left_but_the_log_and_all_of_the_others_is(held, monkeypatch):
    _own, other = held
    monkeypatch.setattr(tenant_removal, "ROWS_AT_ONCE", 1)

    def theirs():
        return [row for row in two_tenants.rows(LOG) if THEIRS.search(row) or re.search(DIGITS, row)]

    # People are nobody's; so are what they chose to see and what they hear by. Standards are the installation's.
    personal = re.compile(
        r"^(users|preference|session|seal|channel|notice_rule|delivery|standard|standard_version|standard_content"
        r"|standard_item|roll_out) "
    )
    mine = [row for row in two_tenants.rows(LOG) if row not in theirs()]
    assert len({row.split()[0] for row in theirs()}) > 15
    removed(other)
    assert [row for row in theirs() if not personal.match(row)] == []
    # Where a version was taken from is forgotten.
    theirs_once = "Zanzibar Ltd"
    assert [row for row in two_tenants.rows(LOG) if row.startswith("standard_version") and theirs_once in row] == []
    kept = [row for row in mine if not row.startswith("standard_version ")]
    assert [row for row in kept if row not in two_tenants.rows(LOG)] == []
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).get().action == "tenant:removed"
    assert list(chain.verify()) == []


def test_the_scheduler_goes_on_with_what_was_interrupted(held, monkeypatch):
    _own, other = held
    monkeypatch.setattr(tenant_removal, "ROWS_AT_ONCE", 2)
    rows = tenant_removal.begin(other, SYSTEM)
    assert tenant_removal.remove_next_rows(other) == 2
    assert tenant_removal.count_rows_left(other) == rows - 2
    for _ in range(100):
        scheduler.sweep()
        if not tenant_removal.tenants_being_removed():
            break
    assert Tenant.get_or_none(Tenant.id == other.id) is None


def test_nothing_is_removed_while_a_run_is_under_way_here_or_with_its_policies_elsewhere(captured, cast, redis_url):
    _policy, _run, snapshot = captured[0]
    restore = drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM)
    elsewhere = runs.start(tenant=cast.fabrikam, kind=RunKind.PREVIEW, dedupe_key="elsewhere", items=[], actor=SYSTEM,
                           restore_id=restore.id).run  # fmt: skip
    with pytest.raises(Invalid, match=f"Run {elsewhere.id} of Fabrikam is under way"):
        tenant_removal.begin(cast.contoso, SYSTEM)
    here = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="here", items=[], actor=SYSTEM).run
    with pytest.raises(Invalid, match=f"Run {here.id} of Contoso is under way"):
        tenant_removal.begin(cast.contoso, SYSTEM)
    assert Tenant.get_by_id(cast.contoso.id).is_active


def test_what_a_restore_wrote_elsewhere_stays_there_and_what_none_has_written_goes(captured, cast):
    _policy, _run, snapshot = captured[0]
    written, planned = (drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM) for _ in range(2))
    Restore.update(state=RestoreState.FINISHED).where(Restore.id == written.id).execute()
    body = snapshots.read_snapshot(snapshot)
    Mapping.create(tenant=cast.fabrikam, source_directory_id=cast.contoso.directory_id, kind="groups", source_id="a",
                   target_id="b")  # fmt: skip
    removed(cast.contoso)
    [item] = restore_items.items(written)
    assert snapshots.read_content(item.content_id) == body
    assert Content.get_by_id(item.content_id).tenant == cast.fabrikam
    assert RestoreItem.select().count() == 1
    assert Restore.get_or_none(Restore.id == planned.id) is None
    assert not Mapping.select().exists()


def test_a_restore_elsewhere_that_begins_to_write_meanwhile_is_not_taken_away(captured, cast):
    planned = drafts.from_snapshot(captured[0][2], cast.fabrikam, options(), SYSTEM)
    Restore.update(state=RestoreState.RUNNING).where(Restore.id == planned.id).execute()
    assert not tenant_removal._delete_if_unwritten(planned.id), "it was planned when it was looked at"
    removed(cast.contoso)
    [item] = restore_items.items(planned)
    assert Content.get_by_id(item.content_id).tenant == cast.fabrikam


def test_once_begun_nothing_starts_in_it_and_it_cannot_be_switched_on(captured, cast):
    tenant_removal.begin(cast.contoso, SYSTEM)
    tenant_removal.begin(cast.contoso, SYSTEM)
    with pytest.raises(SwitchedOff, match="being removed"):
        runs.start(tenant=cast.contoso, kind=RunKind.CREDENTIAL, dedupe_key="x", items=[], actor=SYSTEM)
    with pytest.raises(Invalid, match="being removed"):
        tenant_switch.switch_on(cast.contoso, SYSTEM)
    begun = AuditEvent.select().where(AuditEvent.action == "tenant:removal-begun")
    assert begun.count() == 1


def test_the_next_tenant_has_a_number_that_no_event_names(captured, cast):
    """Else its managers would read in the audit log what was done to the one before."""
    removed(cast.fabrikam)
    guid = "5f3759df-0000-4000-8000-000000000001"
    assert tenants.add("Woodgrove", guid, guid, SYSTEM).id > cast.fabrikam.id
    assert AuditEvent.select().where(AuditEvent.tenant_id == cast.fabrikam.id).exists()


def test_a_run_cannot_ask_graph_once_its_tenant_is_switched_off(graph, worker, ended, cast):
    """Also one that came between: recorded while the tenant was being switched off."""
    policy_run = capture_run(cast)
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    enqueue(policy_run)
    run = ended(policy_run.id)
    assert (run.state, run.error_code) == ("failed", "tenant_off")
    assert graph.requests()["http"] == 0
    assert Tenant.get_by_id(cast.contoso.id).connection_error is None


def capture_run(cast):
    item = run_items.NewRunItem("configurationPolicies", "x", graph_id="x")
    return runs.start(tenant=cast.contoso, kind=RunKind.CAPTURE_SNAPSHOT, dedupe_key="x", items=[item],
                      actor=SYSTEM).run  # fmt: skip


def test_a_schedule_of_a_tenant_that_is_off_starts_nothing_and_makes_up_for_it_once(cast, redis_url):
    schedules.add(cast.contoso, "0 * * * *", "UTC", SYSTEM)
    Schedule.update(next_at=utcnow()).execute()
    due = schedules.due_schedules(utcnow())
    tenant_switch.switch_off(cast.contoso, SYSTEM)
    scheduler.sweep()
    assert not Run.select().exists()
    for found_a_moment_before in due:
        due_schedules.start(found_a_moment_before)
    assert not Run.select().exists()
    tenant_switch.switch_on(cast.contoso, SYSTEM)
    Schedule.update(next_at=utcnow()).execute()
    scheduler.sweep()
    scheduler.sweep()
    assert Run.select().count() == 1


def test_a_removal_waits_and_can_be_taken_back_until_its_day(held):
    own, _other = held
    due_at = tenant_removal.request(own, SYSTEM, 7)
    assert due_at > utcnow()
    assert not tenant_removal.tenants_being_removed()
    assert Tenant.get_by_id(own.id).is_active, "it is backed up as ever"
    tenant_removal.take_back(own, SYSTEM)
    with pytest.raises(Invalid, match="does not wait"):
        tenant_removal.take_back(own, SYSTEM)
    tenant_removal.request(own, SYSTEM, 7)
    Tenant.update(removal_due_at=utcnow()).where(Tenant.id == own.id).execute()
    assert [tenant.id for tenant in tenant_removal.tenants_being_removed()] == [own.id]
    with pytest.raises(Invalid, match="does not wait"):
        tenant_removal.take_back(own, SYSTEM)
