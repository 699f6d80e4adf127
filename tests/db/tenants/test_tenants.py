"""Tenants: what is refused, and what goes with one."""

import pytest

from db.audit.audit import SYSTEM, Actor
from db.models import Content, Snapshot, Tenant
from db.tenants import tenants
from tests.support.captures import capture_by_hand


def test_a_tenant_with_bad_ids_or_a_taken_name_is_refused(cast):
    with pytest.raises(ValueError, match="GUID"):
        tenants.add("New", "contoso.com", "x", SYSTEM)
    with pytest.raises(ValueError, match="already"):
        tenants.add("Contoso", "72f988bf-86f1-41af-91ab-2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db47", SYSTEM)


def test_deleting_a_tenant_deletes_its_contents_and_nothing_of_others(captured, cast):
    capture_by_hand(captured[0][0], Actor.person(cast.ada, None))
    others = Content.select().where(Content.tenant == cast.fabrikam).count()
    Snapshot.delete().where(Snapshot.tenant == cast.contoso).execute()
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    assert Content.select().count() == others > 0
