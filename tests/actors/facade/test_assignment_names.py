"""Names of targets: those of Microsoft's own objects, of policies, and those that a backup has looked up."""

import pytest

from actors.facade import assignment_names
from db.models import DirectoryName, Policy, PolicyTarget

GLOBAL, STRENGTH = "62e90394-69f5-4237-9190-012177145e10", "00000000-0000-0000-0000-000000000002"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_names_are_of_the_targets_own_tenant_and_kind(cast):
    here, there = cast.contoso.id, cast.fabrikam.id
    DirectoryName.create(tenant=here, kind="groups", object_id="g", name="Staff")
    Policy.create(tenant=here, policy_type="assignmentFilters", graph_id="f", name="Laptops")
    Policy.create(tenant=here, policy_type="roleDefinitions", graph_id="r", name="Helpdesk")

    def target(tenant, kind, object_id, filter_id=None):
        return PolicyTarget(tenant=tenant, kind=kind, object_id=object_id, filter_id=filter_id)

    targets = [target(here, "group", "g", "f"), target(here, "role", "r"), target(here, "role", GLOBAL),
               target(there, "group", "g"), target(here, "all users", ""), target(here, "location", "r")]  # fmt: skip
    assert assignment_names.names_of(targets) == {
        (here, "group", "g"): "Staff",
        (here, "filter", "f"): "Laptops",
        (here, "role", "r"): "Helpdesk",
        (here, "role", GLOBAL): "Global Administrator",
    }
    assert assignment_names.built_in_objects("global administrator") == [("role", GLOBAL)]
    assert ("strength", STRENGTH) in assignment_names.built_in_objects("multifactor")
    assert assignment_names.term_words("signInRiskLevels") == "Sign in risk levels"
