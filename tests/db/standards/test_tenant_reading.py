"""What was read of a tenant last: each policy by type and id, its newest snapshot and change, and its types."""

import pytest

from db.models import Policy
from db.standards import tenant_reading
from tests.support.changes import record_change
from tests.support.standard_rows import (
    CATALOG,
    catalog_body,
    follow,
    guid,
    has,
    item_of,
    listed_now,
    new_standard,
    version_of,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_each_policy_by_its_type_and_id_with_its_newest(cast):
    standard = new_standard()
    version_of(standard, item_of("a", catalog_body("Disk")), source_tenant=cast.contoso)
    version_of(standard, item_of("a", catalog_body("Disk")), source_tenant=cast.fabrikam)
    adoption, elsewhere = follow(standard, cast.contoso), follow(standard, cast.fabrikam)
    policy, _ = has(adoption, "a", guid(1), catalog_body("Disk"))
    _, newest = has(adoption, "a", guid(1), catalog_body("Disk", "new"))
    has(elsewhere, "a", guid(1), catalog_body("Theirs"))
    record_change(policy)
    last = record_change(policy)
    key = (CATALOG, guid(1))
    found = tenant_reading.policies_by_key(cast.contoso, [key, ("groups", guid(1)), (CATALOG, guid(2))])
    assert found == {key: Policy.get_by_id(policy.id)}
    snapshots = tenant_reading.newest_snapshots([policy.id])
    assert (snapshots[policy.id].id, bool(snapshots[policy.id].content.fingerprint)) == (newest.id, True)
    assert tenant_reading.newest_changes([policy.id]) == {policy.id: last.id}
    listed_now(cast.contoso, CATALOG)
    assert tenant_reading.coverage_by_type(cast.contoso).keys() == {CATALOG}
    assert tenant_reading.is_source(cast.contoso, standard)
    assert not tenant_reading.is_source(cast.fabrikam, standard)
