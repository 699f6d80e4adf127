"""After a rotation older keys can go."""

import os

import config
from db import encryption
from db.audit.audit import SYSTEM
from db.installation import installation, key_rotation
from db.models import Tenant
from db.policies import snapshots
from db.tenants import tenants


def test_after_a_rotation_the_old_key_is_no_longer_needed(captured):
    [policy, _, snapshot], *_ = captured
    new = os.urandom(32)
    encryption.use_keys([new, *config.settings().encryption_keys])
    assert key_rotation.rotate(SYSTEM) > 2
    assert key_rotation.rotate(SYSTEM) == 0
    encryption.use_keys([new])
    installation.check_keys()
    assert tenants.credential_values(Tenant.get_by_id(policy.tenant_id)) == {"secret": "contoso client secret"}
    assert snapshots.read_snapshot(snapshot)["body"]["name"] == policy.name
