"""A tenant's policies as its page lists them: what no backup has as it is, by type, by words, in order."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Policy
from db.policies import tenant_policies
from db.policies.tenant_policies import OldSnapshots, TenantFilter


def test_they_are_counted_narrowed_and_ordered(cast):
    Policy.delete().execute()
    now = utcnow()
    for tenant in (cast.contoso, cast.fabrikam):
        for n, (key, name, captured, gone) in enumerate(
            [
                ("b", "Ring two", None, None),
                ("a", "Old ring", now, now),
                ("a", "ring One", now, None),
                ("a", "Edge", now - timedelta(days=2), None),
            ]
        ):
            Policy.create(tenant=tenant, policy_type=key, graph_id=f"{tenant.id} {n}", name=name, gone_at=gone,
                          state="gone" if gone else "present", last_captured_at=captured,
                          modified_at=now - timedelta(days=1))  # fmt: skip

    def names(**wanted):
        return [policy.name for policy in tenant_policies.page(cast.contoso, TenantFilter(**wanted), 9, 0)]

    assert names() == ["Edge", "ring One", "Old ring", "Ring two"], "what was deleted comes last in its type"
    assert names(is_due=True) == ["Edge", "Ring two"]
    assert names(policy_type="a", words=["RING"]) == ["ring One", "Old ring"]
    assert names(words=["ring", "two"]) == ["Ring two"]
    assert tenant_policies.count_by_type(cast.contoso, TenantFilter()) == {"a": 3, "b": 1}
    assert tenant_policies.count_by_type(cast.contoso, TenantFilter(is_due=True, words=["edge"])) == {"a": 1}
    [(changed, captured)] = tenant_policies.changed_since_snapshot(cast.contoso).items()
    assert (Policy.get_by_id(changed).name, captured) == ("Edge", now - timedelta(days=2))
    assert tenant_policies.old_snapshots(cast.contoso) == OldSnapshots(0, None)
    long_ago = now - tenant_policies.OLD_AFTER - timedelta(hours=1)
    Policy.update(last_captured_at=long_ago).where(Policy.policy_type == "a").execute()
    assert tenant_policies.old_snapshots(cast.contoso) == OldSnapshots(2, long_ago), "what is gone does not count"
