"""Drafts of restores, before Graph is asked."""

import pytest

from actors.plans import drafts
from actors.plans.option_choices import parse_options
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Policy
from tests.support.captures import capture_by_hand


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_groups_get_their_members_in_their_own_tenant_alone(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    _, snapshot = capture_by_hand(policy, SYSTEM)
    members = parse_options({"groups": "members"}, own_tenant=False)
    restore = drafts.from_snapshot(snapshot, cast.fabrikam, parse_options({}, own_tenant=False), SYSTEM)
    with pytest.raises(Invalid, match="create the groups without members"):
        drafts.change_options(restore, members, SYSTEM)
