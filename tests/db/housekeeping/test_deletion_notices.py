"""Deletions are told before they happen: in the audit log, by notices, and to those who may take them back."""

from db.audit.audit import SYSTEM
from db.backups import deletions
from db.housekeeping import deletion_notices, tenant_removal
from db.models import AuditEvent, Occurrence, Run
from db.states import NoticeEvent, RunKind
from tests.db.backups.test_retention import nights


def test_sets_and_tenants_that_will_go_are_told(cast):
    nights(cast.contoso, 4)
    cast.contoso.retention = {"last": 1}
    run = Run.create(tenant=cast.contoso, kind=RunKind.PRUNE, dedupe_key="x")
    deletion_notices.announce_sets(cast.contoso, deletions.mark(cast.contoso, 7), run, SYSTEM)
    due_at = tenant_removal.request(cast.contoso, SYSTEM, 7)
    assert tenant_removal.request(cast.contoso, SYSTEM, 1) == due_at, "asked twice it goes no earlier"
    told = list(Occurrence.select().order_by(Occurrence.id))
    assert [row.event for row in told] == [NoticeEvent.DELETION_DUE] * 2
    assert told[0].facts["count"] == 3
    assert told[1].facts == {"due_at": due_at.isoformat()}
    actions = [event.action for event in AuditEvent.select().order_by(AuditEvent.id.desc()).limit(2)]
    assert actions == ["tenant:removal-announced", "backup-sets:deletion-announced"]
    assert cast.max in deletion_notices.managers(cast.contoso)
    assert cast.ada not in deletion_notices.managers(cast.contoso)
