"""Tenants follow standards: in a ring, with their own values, until they leave."""

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid, SwitchedOff
from db.models import AuditEvent, Standard, StandardAdoption, StandardException, Tenant
from db.standards import adoptions
from db.states import Ring

pytestmark = pytest.mark.usefixtures("lock_order")


def test_a_tenant_follows_once_changes_its_ring_and_leaves_with_its_exceptions(cast):
    standard = Standard.create(name="Base", uid="u")
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    assert adoption.due_since
    assert adoptions.adopt(standard, cast.contoso, Ring.EARLY, SYSTEM) == adoption
    adoptions.adopt(standard, cast.fabrikam, Ring.ALL, SYSTEM, folded_tag="gold")
    assert [row.tenant.name for row in adoptions.followers(standard)] == ["Contoso", "Fabrikam"]
    assert [row.tenant for row in adoptions.followers(standard, Ring.EARLY)] == [cast.contoso]
    assert adoptions.followers(standard, tenant_ids=[]) == []
    assert [row.standard.name for row in adoptions.of_tenant(cast.contoso)] == ["Base"]
    assert adoptions.not_following(standard, None) == []
    by_tag = adoptions.find(standard, cast.fabrikam)
    with pytest.raises(Invalid, match="its tag “gold”"):
        adoptions.leave(by_tag, SYSTEM)
    asked = StandardException.create(standard=standard, tenant=cast.contoso, item_key="k", kind="leave_out", paths=[],
                                     reason="r")  # fmt: skip
    adoptions.leave(adoption, SYSTEM)
    adoptions.leave(adoption, SYSTEM)  # somebody was quicker
    assert StandardException.get_by_id(asked.id).ended_at
    assert StandardAdoption.select().count() == 1
    # Who is named by a person follows whatever the tags say.
    assert adoptions.adopt(standard, cast.fabrikam, Ring.ALL, SYSTEM).folded_tag is None
    told = [(row.action, row.details) for row in AuditEvent.select().where(AuditEvent.action.startswith("standard:"))]
    assert told == [
        ("standard:adopted", {"name": "Base", "ring": "pilot", "tag": None}),
        ("standard:ring-set", {"name": "Base", "ring": "early"}),
        ("standard:adopted", {"name": "Base", "ring": "all", "tag": "gold"}),
        ("standard:left", {"name": "Base", "exceptions": 1}),
        ("standard:ring-set", {"name": "Base", "ring": "all"}),
    ]


def test_nobody_begins_to_follow_what_is_archived_and_no_tenant_on_its_way_out_does(cast):
    standard = Standard.create(name="Base", uid="u", archived_at=utcnow())
    with pytest.raises(Invalid, match="archived"):
        adoptions.adopt(standard, cast.contoso, Ring.ALL, SYSTEM)
    Standard.update(archived_at=None).execute()
    Tenant.update(removing_since=utcnow()).where(Tenant.id == cast.contoso.id).execute()
    with pytest.raises(SwitchedOff):
        adoptions.adopt(standard, cast.contoso, Ring.ALL, SYSTEM)


def test_values_are_kept_till_they_are_given_back_and_only_a_change_is_told(cast):
    adoption = adoptions.adopt(Standard.create(name="Base", uid="u"), cast.contoso, Ring.PILOT, SYSTEM)
    StandardAdoption.update(due_since=None).execute()
    labels = {"prefix": "Prefix of names"}
    assert adoptions.set_values(adoption, {"prefix": "CT - ", "days": 3}, labels, SYSTEM) == ["days", "prefix"]
    assert StandardAdoption.get().due_since is not None
    StandardAdoption.update(due_since=None).execute()
    assert adoptions.set_values(adoption, {"prefix": "CT - "}, labels, SYSTEM) == []
    assert StandardAdoption.get().due_since is None
    assert adoptions.set_values(adoption, {"days": None}, labels, SYSTEM) == ["days"]
    assert StandardAdoption.get().values == {"prefix": "CT - "}
    told = AuditEvent.get(AuditEvent.action == "standard:values-set")
    assert told.details == {"name": "Base", "changed": ["days", "Prefix of names"]}
    adoptions.mark_due(adoption)
    assert StandardAdoption.get().due_since is not None
