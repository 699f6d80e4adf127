import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import BackupSet, Policy, Restore, Tenant
from db.names import finder
from tests.support.restore_steps import options


@pytest.fixture
def things(cast, captured):
    """One restore and one backup set of each tenant."""
    made = []
    for policy, run, snapshot in (captured[0], captured[2]):
        reason = f"INC-47{policy.tenant_id} because"
        restore = drafts.from_snapshot(snapshot, policy.tenant, options(), SYSTEM)
        Restore.update(reason=reason).where(Restore.id == restore.id).execute()
        facts = {"selection": {}, "types": {}, "problems": [], "pinned_reason": reason}
        kept = BackupSet.create(tenant=policy.tenant, run=run, **facts)
        made.append((policy, run, restore, kept, snapshot))
    return made


def found(text, ids=None):
    rows_by_name = vars(finder.find(text, ids))
    return {name: [row.id for row in rows] for name, rows in rows_by_name.items() if rows}


def test_things_are_found_by_name_number_and_reason(things, cast):
    policy, run, restore, kept, snapshot = things[0]
    own = Policy.select().where(Policy.tenant == cast.contoso)
    assert found("contoso") == {
        "tenants": [cast.contoso.id],
        "policies": sorted((row.id for row in own), reverse=True),
    }
    assert found("policy 1 conto")["policies"] == [policy.id]
    assert found(f"inc-47{cast.contoso.id}") == {"restores": [restore.id], "sets": [kept.id]}
    for text in (f"run {run.id}", f"#{run.id}", str(run.id)):
        assert found(text)["runs"] == [run.id]
    assert found(f"restore {restore.id}")["restores"] == [restore.id]
    assert found(f"{snapshot.id}")["snapshots"] == [snapshot.id]
    assert found("") == found("   ") == found("zebra") == found("9" * 30) == {}


def test_nothing_of_another_tenant_is_found(things, cast):
    ids = [cast.contoso.id]
    policy, run, restore, kept, _ = things[1]
    for text in ("fabrikam", f"INC-47{cast.fabrikam.id}", str(run.id), str(restore.id), str(kept.id), policy.graph_id,
                 cast.fabrikam.directory_id, "policy"):  # fmt: skip
        things_found = finder.find(text, ids)
        assert all(row.id == cast.contoso.id for row in things_found.tenants)
        others = [*things_found.policies, *things_found.restores, *things_found.runs, *things_found.sets]
        assert {row.tenant_id for row in [*others, *things_found.snapshots]} <= set(ids), text
    assert finder.rows_by_id(Tenant, [cast.fabrikam.id, cast.contoso.id], ids) == {cast.contoso.id: cast.contoso}
    assert found("fabrikam", []) == {}
