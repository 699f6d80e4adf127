from datetime import timedelta

from db.clock import utcnow
from db.definitions import sources
from db.models import DefinitionSource, Policy, Snapshot, Tenant
from db.policies import snapshots
from db.states import PolicyState

TYPES = ("configurationPolicies", "intents")


def due():
    return [source.tenant.name for source in sources.due_sources(utcnow())]


def test_a_tenant_is_due_until_it_is_settled_and_one_that_refuses_hands_on_to_the_last_that_was_backed_up(cast):
    sources.mark_due(cast.fabrikam.id)
    first = DefinitionSource.get().due_since
    sources.mark_due(cast.fabrikam.id)
    sources.mark_due(cast.contoso.id)
    assert due() == ["Fabrikam", "Contoso"], "each once, and the one that has waited longest first"
    assert DefinitionSource.get(DefinitionSource.tenant == cast.fabrikam).due_since == first
    sources.settle(cast.contoso)
    assert due() == ["Fabrikam"]
    assert sources.due_sources(utcnow(), [DefinitionSource.get(DefinitionSource.tenant == cast.fabrikam).id]) == []

    sources.refuse(cast.fabrikam, "The permission is missing.")
    assert due() == [], "Contoso was never backed up"
    Tenant.update(last_backup_at=utcnow()).execute()
    sources.mark_due(cast.fabrikam.id)
    sources.refuse(cast.fabrikam, "The permission is missing.")
    assert due() == ["Contoso"]
    assert [source.refusal for source in sources.refusing()] == ["The permission is missing."]
    sources.put_off(cast.contoso, utcnow() + timedelta(hours=1))
    assert due() == []
    sources.settle(cast.fabrikam)
    assert sources.refusing() == []


def test_only_newest_snapshots_that_were_not_looked_through_are_unmet(cast, captured):
    ours = [(policy.id, snapshot.id) for policy, _, snapshot in captured if policy.tenant == cast.contoso]

    def unmet(types=TYPES, limit=9):
        found = sources.unmet_snapshots(cast.contoso, types, limit)
        assert bool(found) == sources.has_unmet(cast.contoso, types)
        return sorted((policy_id, snapshot.id) for policy_id, snapshot in found)

    assert unmet() == sorted(ours)
    assert unmet(types=["intents"]) == []
    assert len(unmet(limit=1)) == 1
    sources.mark_met(ours)
    assert unmet() == []
    # A later capture of one of them; and one that has left the tenant.
    snapshot = Snapshot.get_by_id(ours[0][1])
    content_id = snapshots.save_content(cast.contoso.id, {"body": {"x": 1}, "assignments": []}, "f" * 64)
    later = Snapshot.create(tenant=cast.contoso, policy=snapshot.policy, content=content_id, name="x", proof={},
                            references={})  # fmt: skip
    assert unmet() == [(ours[0][0], later.id)]
    Policy.update(state=PolicyState.GONE).where(Policy.id == ours[0][0]).execute()
    assert unmet() == []
