"""Tags of tenants."""

import pytest

from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import AuditEvent, TenantTag
from db.tenants import tags

pytestmark = pytest.mark.usefixtures("lock_order")


def test_a_tag_is_one_in_any_case_and_each_change_is_audited(cast):
    assert tags.replace(cast.contoso, tags.parse("Gold,  north   west ,gold"), SYSTEM)
    assert tags.of_tenant(cast.contoso) == ["Gold", "north west"]
    assert not tags.replace(cast.contoso, tags.parse("GOLD\nNorth West"), SYSTEM)
    assert tags.add_and_remove(cast.fabrikam, ["GOLD", "Straße"], ["north west"], SYSTEM)
    assert not tags.add_and_remove(cast.fabrikam, ["STRASSE"], [], SYSTEM)
    assert tags.names_by_tenant(None) == {
        cast.contoso.id: ["Gold", "north west"],
        cast.fabrikam.id: ["Gold", "Straße"],
    }
    assert tags.add_and_remove(cast.fabrikam, [], ["gold"], SYSTEM)
    assert tags.known([cast.fabrikam.id]) == {"strasse": "Straße"}
    told = [event.details for event in AuditEvent.select().where(AuditEvent.action == "tenant:tagged")]
    assert told == [
        {"added": ["Gold", "north west"], "removed": []},
        {"added": ["Gold", "Straße"], "removed": []},
        {"added": [], "removed": ["Gold"]},
    ]


def test_no_tenant_has_more_than_twenty_and_none_is_long(cast):
    twenty = [f"tag {number}" for number in range(20)]
    tags.replace(cast.contoso, twenty, SYSTEM)
    with pytest.raises(Invalid, match="more than 20"):
        tags.add_and_remove(cast.contoso, ["one more"], [], SYSTEM)
    tags.add_and_remove(cast.contoso, ["one more"], ["tag 3"], SYSTEM)
    assert TenantTag.select().count() == 20
    with pytest.raises(Invalid, match="at most 20"):
        tags.parse(",".join([*twenty, "one more"]))
    with pytest.raises(Invalid, match="at most 40"):
        tags.parse("x" * 41)
