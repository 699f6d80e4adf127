"""The app roles of an app registration are those that the tables of policy types ask for."""

from graph.policy_types import manifest
from graph.policy_types.permissions import TO_BACK_UP, TO_RESTORE
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_rules import WRITE_RULES


def names(roles):
    return {role.name for role in roles}


def test_roles_are_those_that_the_tables_ask_for():
    reads = [*(row.access for row in POLICY_TYPES.values()), *(look_up.access for look_up in TO_BACK_UP)]
    writes = [rule.access for rule in WRITE_RULES.values() if not rule.cannot_restore]
    writes += [look_up.access for look_up in TO_RESTORE]
    assert names(manifest.TO_READ) == {access.ask for access in reads}
    assert names(manifest.TO_WRITE) == {access.ask for access in writes}
    assert all(access.is_granted(names(manifest.roles(writes=False))) for access in reads)
    both = names(manifest.roles(writes=True))
    assert all(access.is_granted(both) for access in [*reads, *writes]), "one app can do both"
    assert not any(".ReadWrite." in name or name == "Group.Create" for name in names(manifest.TO_READ))


def test_manifest_names_each_role_once():
    for writes in (False, True):
        [access] = manifest.required_resource_access(writes)
        assert access["resourceAppId"] == "00000003-0000-0000-c000-000000000000"
        ids = [role["id"] for role in access["resourceAccess"]]
        assert len(set(ids)) == len(ids) == len(manifest.roles(writes))
        assert {role["type"] for role in access["resourceAccess"]} == {"Role"}
