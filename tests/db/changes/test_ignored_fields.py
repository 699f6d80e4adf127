"""Ignored fields: of a tenant or of all, each once, never a whole policy, and on record."""

import pytest

from db.audit.audit import SYSTEM
from db.changes import ignored_fields
from db.errors import Invalid
from db.models import AuditEvent

TYPE = "configurationPolicies"


def test_a_field_is_ignored_once_in_a_tenant_or_in_all_and_counts_again(cast):
    own = ignored_fields.add(cast.contoso, TYPE, "body/state", SYSTEM)
    assert ignored_fields.add(cast.contoso, TYPE, " body/state ", SYSTEM) == own, "twice is once"
    everywhere = ignored_fields.add(None, TYPE, "body/state", SYSTEM)
    assert ignored_fields.of_tenant(cast.contoso, TYPE) == [own, everywhere]
    assert ignored_fields.of_tenant(cast.fabrikam, TYPE) == ignored_fields.all_of(None) == [everywhere]
    assert ignored_fields.seen_by([cast.fabrikam.id]) == [everywhere]
    assert ignored_fields.remove(own, SYSTEM)
    assert not ignored_fields.remove(own, SYSTEM)
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.tenant_id == cast.contoso.id)]
    assert [act for act in acts if act.startswith("ignored-field")] == ["ignored-field:added", "ignored-field:removed"]


@pytest.mark.parametrize("path", ["", "body", "assignments", "body/*", "x" * 501])
def test_no_whole_policy_is_ignored_and_no_place_whose_name_is_not_kept(cast, path):
    with pytest.raises(Invalid):
        ignored_fields.add(None, TYPE, path, SYSTEM)
