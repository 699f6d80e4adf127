"""A restore of a standard: from a directory of its own, without what is left out or unsure, report-only where new."""

import json

import pytest

from actors.rollouts import drafting
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Policy, Run, Snapshot
from db.policies import snapshots
from db.restores import mappings, restore_items
from db.standards import adoptions, exceptions, links
from db.standards.links import UnsureItem
from db.states import ExceptionKind, Ring
from tests.support.captures import capture_by_hand
from tests.support.rolled_out import guid, items, make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIREWALL, DEFENDER, OFFICES, MFA = guid(1, 1), guid(1, 2), guid(2, 1), guid(3, 1)
REPORT_ONLY = "enabledForReportingButNotEnforced"


def states_of(restore):
    contents = [snapshots.read_content(item.content_id)["body"] for item in restore_items.items(restore)]
    return [body["state"] for body in contents if "state" in body]


def test_a_draft_has_what_is_wanted_of_a_tenant_and_nothing_else(cast):
    standard = make_standard()
    version = make_version(standard)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    restore = drafting.draft_for(adoption, version, None, SYSTEM)
    assert [item.graph_id for item in restore_items.items(restore)] == list(items())
    assert (restore.source_directory_id, restore.source_name) == (standard.uid, "Standard Baseline, version 1")
    assert (restore.standard_id, restore.rollout_id) == (standard.id, None)
    assert (restore.options["assignments"], restore.options["existing"]) == ("leave", "update")
    assert states_of(restore) == [REPORT_ONLY], "a Conditional Access policy that is new arrives report-only"

    # One that is there keeps its own state; an exception and an unconfirmed item are left out.
    own = Policy.create(tenant=cast.contoso, policy_type="conditionalAccessPolicies", graph_id=guid(7, 7), name="MFA")
    mappings.set_mapping(cast.contoso, standard.uid, ("conditionalAccessPolicies", MFA), guid(7, 7), SYSTEM)
    capture_by_hand(own, SYSTEM, {**items()[MFA][1], "id": guid(7, 7), "state": "disabled"})
    asked = exceptions.ask(standard, DEFENDER, ExceptionKind.LEAVE_OUT, "another one", SYSTEM, tenant=cast.contoso)
    exceptions.approve(asked, SYSTEM, needs_another=False)
    unsure = UnsureItem(
        "configurationPolicies", "Firewall", [[guid(6, 1), "Firewall"], [guid(6, 2), "Firewall"]], "two"
    )
    links.save_unsure(adoption, {FIREWALL: unsure})
    restore = drafting.draft_for(adoption, version, None, SYSTEM)
    assert [item.graph_id for item in restore_items.items(restore)] == [OFFICES, MFA]
    assert states_of(restore) == ["disabled"]
    with pytest.raises(Invalid, match="Nothing of this standard"):
        drafting.draft_for(adoption, version, [DEFENDER], SYSTEM)

    # Switched on is only what arrived report-only, and is report-only still.
    assert drafting.prepare(adoption, version, None, switches_on=True).items == []
    Run.update(ended_at=None).execute()
    capture_by_hand(own, SYSTEM, {**items()[MFA][1], "id": guid(7, 7), "state": REPORT_ONLY})
    prepared = drafting.prepare(adoption, version, None, switches_on=True)
    assert [item.graph_id for item in prepared.items] == [MFA]
    assert states_of(prepared.create(SYSTEM)) == ["enabled"]
    assert Snapshot.select().count() >= 2
    assert "secret" not in json.dumps(restore.options)
