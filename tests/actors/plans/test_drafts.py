"""Drafts of restores, before Graph is asked."""

import pytest

from actors.plans import drafts
from actors.plans.option_choices import parse_options
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import Policy, Restore
from db.policies import policies
from db.restores import restore_items
from tests.support.captures import capture_by_hand


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_groups_get_their_members_in_their_own_tenant_alone(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    _, snapshot = capture_by_hand(policy, SYSTEM)
    members = parse_options({"groups": "members"}, own_tenant=False)
    restore = drafts.from_snapshot(snapshot, cast.fabrikam, parse_options({}, own_tenant=False), SYSTEM)
    with pytest.raises(Invalid, match="create the groups without members"):
        drafts.change_options(restore, members, SYSTEM)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_groups_that_what_is_brought_back_refers_to_are_looked_for(cast):
    """Deleted with the last policy that named it, a group was not noticed to be gone, and left in the bin."""
    group = policies.get_or_create(cast.contoso, "groups", "sg", "SG", None)
    newest = [capture_by_hand(group, SYSTEM, {"displayName": name})[1] for name in ("SG", "SG-Finance")][-1]
    policy = policies.get_or_create(cast.contoso, "configurationPolicies", "for-sg", "For SG", None)
    snapshot = capture_by_hand(policy, SYSTEM, groups={"sg": "SG", "never-captured": "X"})[1]
    restore = drafts.bring_back(cast.contoso, utcnow(), [snapshot.id], (), SYSTEM)
    found = {item.snapshot_id for item in restore_items.items(restore)}
    assert found == {snapshot.id, newest.id}
    assert restore.options["groups"] == "kept", "it is brought back, and never made"
    Restore.update(state="cancelled", standard_id=3, rollout_id=7).where(Restore.id == restore.id).execute()
    rest = drafts.repeat_unfinished(Restore.get_by_id(restore.id), SYSTEM)
    assert rest.brought_back_to == restore.brought_back_to, "what is left of it comes in the same order"
    assert (rest.standard_id, rest.rollout_id) == (3, 7), "the rest of a roll-out proves no put-back"
