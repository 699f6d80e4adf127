from datetime import timedelta

from db.clock import utcnow
from db.copies import commit_facts
from db.models import Change, Policy, Restore
from db.states import ChangeKind


def test_what_was_seen_since_and_whose_restores_did_it(cast):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    start = utcnow()
    for minutes in (0, 1, 2, 3):
        columns = {"kind": ChangeKind.CHANGED, "seen_at": start + timedelta(minutes=minutes)}
        Change.create(tenant=policy.tenant, policy=policy, **columns)
    seen = commit_facts.changes_seen(cast.contoso, start, start + timedelta(minutes=2), 9)
    assert [(change.seen_at - start).seconds for change in seen] == [60, 120]
    assert commit_facts.changes_seen(cast.fabrikam, start, start + timedelta(minutes=2), 9) == []
    common = {"tenant": cast.contoso, "source_directory_id": "d", "source_name": "x", "options": {}}
    made = Restore.create(**common, created_by=cast.ada)
    other = Restore.create(**common, created_by=cast.ada, changed_by=cast.max)
    whose = commit_facts.people_of_restores({made.id, other.id, 9999})
    assert whose == {made.id: (cast.ada.name, cast.ada.email), other.id: (cast.max.name, cast.max.email)}
    assert commit_facts.graph_ids_of({policy.id, 9999}) == {policy.graph_id}
