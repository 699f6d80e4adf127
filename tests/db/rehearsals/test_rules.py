"""Labs: who is none is named by nobody, and one that is a lab no more is nobody's."""

import pytest

from db.audit.audit import SYSTEM, Action
from db.errors import Invalid
from db.models import AuditEvent, Tenant
from db.rehearsals import rules

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_only_a_tenant_that_agreed_is_a_lab_and_only_while_it_does(cast):
    contoso, lab = cast.contoso, cast.fabrikam
    with pytest.raises(Invalid, match="not marked as a lab"):
        rules.name_lab(contoso, lab, SYSTEM)
    rules.mark_lab(lab, True, SYSTEM)
    rules.mark_lab(contoso, True, SYSTEM)
    with pytest.raises(Invalid, match="never its own lab"):
        rules.name_lab(contoso, contoso, SYSTEM)
    for _ in range(2):
        rules.name_lab(contoso, lab, SYSTEM)
    assert (rules.lab_of(contoso), rules.rehearsed_in(lab, 9)) == (lab, [contoso])
    assert rules.refusal_now(contoso, lab.id) == ""
    for column, word in (("four_eyes", "second approval"), ("is_active", "switched off")):
        Tenant.update({column: column == "four_eyes"}).where(Tenant.id == lab.id).execute()
        assert word in rules.refusal_now(contoso, lab.id)
        with pytest.raises(Invalid, match=word):
            rules.name_lab(cast.contoso, None, SYSTEM)
            rules.name_lab(cast.contoso, lab, SYSTEM)
        Tenant.update(four_eyes=False, is_active=True).where(Tenant.id == lab.id).execute()
        rules.name_lab(contoso, lab, SYSTEM)
    rules.mark_lab(lab, False, SYSTEM)
    assert rules.lab_of(contoso) is None
    assert "no longer the lab" in rules.refusal_now(contoso, lab.id)
    assert "removed" in rules.refusal_now(contoso, 999)
    Tenant.update(four_eyes=True).where(Tenant.id == lab.id).execute()
    with pytest.raises(Invalid, match="second approval"):
        rules.mark_lab(lab, True, SYSTEM)
    told = [row.details for row in AuditEvent.select().where(AuditEvent.action == Action.REHEARSAL_IS_LAB)]
    assert told == [{"is_lab": True}, {"is_lab": True}, {"is_lab": False}]
