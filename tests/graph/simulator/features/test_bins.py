"""The simulator's bins: what lies in them, for how long, and what comes back."""

import pytest

from graph.simulator.features import bins
from graph.simulator.model.replies import Refused
from graph.simulator.store.state import Tenant

CA_BIN = "identity/conditionalAccess/deletedItems/policies"
MAY = {"Policy.ReadWrite.ConditionalAccess", "Group.ReadWrite.All"}


def restored(tenant, granted=MAY, path=f"{CA_BIN}/a/restore"):
    return bins.restore(tenant, granted, path.split("/"))


def test_what_is_deleted_lies_in_its_bin_and_comes_back_as_it_was():
    tenant = Tenant("T", "d", "c", "s")
    bins.keep(tenant, "identity/conditionalAccess/policies", {"id": "a", "state": "enabled"})
    assert tenant.held(CA_BIN, "a")["deletedDateTime"]
    with pytest.raises(Refused):
        restored(tenant, {"Policy.Read.All"})
    path, object_id, reply = restored(tenant)
    assert (path, object_id, reply.status) == ("identity/conditionalAccess/policies", "a", 200)
    assert reply.body == {"id": "a", "state": "enabled", "deletedDateTime": None}
    assert tenant.held(path, "a") == {"id": "a", "state": "enabled"}
    with pytest.raises(Refused):
        restored(tenant)
    assert restored(tenant, path="identity/conditionalAccess/policies/a") is None


def test_only_some_groups_are_kept_and_nothing_longer_than_thirty_days():
    tenant = Tenant("T", "d", "c", "s")
    for number, group in enumerate([{}, {"onPremisesSyncEnabled": True}, {"mailEnabled": True},
                                    {"mailEnabled": True, "groupTypes": ["Unified"]}]):  # fmt: skip
        bins.keep(tenant, "groups", {"id": str(number), **group})
    bins.keep(tenant, "identity/conditionalAccess/authenticationStrength/policies", {"id": "s"})
    assert set(tenant.collections) == {bins.DIRECTORY_BIN}
    assert set(tenant.collections[bins.DIRECTORY_BIN]) == {"0", "3"}
    assert restored(tenant, path=f"{bins.DIRECTORY_BIN}/3/restore")[0] == "groups"
    tenant.put(bins.DIRECTORY_BIN, {"id": "old", "deletedDateTime": "2020-01-01T00:00:00Z"})
    bins.refuse(tenant, bins.DIRECTORY_BIN)
    assert set(tenant.collections[bins.DIRECTORY_BIN]) == {"0"}
