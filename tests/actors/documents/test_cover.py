"""The front of a document: how whole it is, what was left out, and what could not be read."""

import pytest

from db.clock import utcnow
from db.states import ItemState, Offer, SetState
from db.tenants import coverage
from tests.support.documents import captured_policies, keep_set, text_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_front_says_how_whole_a_set_is_type_by_type(cast):
    kept = captured_policies(cast.contoso, {"name": "A", "settings": []}, {"name": "B", "settings": []})
    rows = {
        "configurationPolicies": {"state": str(ItemState.DONE), "error": 1, "message": None},
        "groups": {"state": str(ItemState.SKIPPED), "message": "It needs Group.Read.All."},
        "mobileApps": {"state": str(ItemState.SKIPPED), "offer": str(Offer.NOT_OFFERED), "message": None},
    }
    problems = [
        {"policy_type": "configurationPolicies", "policy": None, "name": f"P{n}", "reason": "error", "message": "No."}
        for n in range(501)
    ]
    backup_set = keep_set(cast.contoso, kept, types=rows, problems=problems, state=SetState.INCOMPLETE)
    told = text_of(cast.contoso, backup_set=backup_set.id, changed_since="2026-01-02", only_assigned=True)
    for part in (
        f"Backup set {backup_set.id} of ",
        "Some of what was asked for could not be read.",
        "- **Policies:** 0 of 2",
        "- **Left out:** Policies that are assigned to nobody",
        "- **Left out:** Policies whose content is the same since January 2, 2026",
        "| Settings catalog | 0 | 1 policy could not be read |",
        "| 0 | may not be read: a permission is missing (It needs Group.Read.All.) |",
        "## What could not be read",
        "| Settings catalog | P0 | No. |",
        "And 1 more.",
    ):
        assert part in told, part
    assert "not offered" not in told, "what the tenant does not offer is nobody's loss"
    only = text_of(cast.contoso, backup_set=backup_set.id, types=("groups",))
    assert "Policy types other than: " in only
    assert "P0" not in only


def test_of_a_tenant_the_last_backup_says_what_is_lacking(cast):
    captured_policies(cast.contoso, {"name": "A", "settings": []})
    assert "As the newest snapshot of each policy has it." in text_of(cast.contoso)
    coverage.record_backup(cast.contoso.id, utcnow(), [], {"groups": "It did not answer."})
    told = text_of(cast.contoso)
    assert "The last backup lacks some policy types" in told
    assert "It did not answer." in told
    assert "- **Captured:** nothing" in text_of(cast.fabrikam)
