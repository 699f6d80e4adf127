"""Every tenant with a tag follows, as long as it has the tag."""

import pytest

from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import Standard, StandardAdoption
from db.standards import adoptions, following_tags
from db.states import Ring
from db.tenants import tags

pytestmark = pytest.mark.usefixtures("lock_order")


def following():
    rows = StandardAdoption.select().order_by(StandardAdoption.id)
    return [(row.tenant.name, row.ring, row.folded_tag) for row in rows]


def test_tenants_follow_by_their_tags_and_leave_with_them(cast):
    standard = Standard.create(name="Base", uid="u")
    gold = following_tags.set_tag(standard, "Gold", Ring.EARLY, SYSTEM)
    following_tags.set_tag(standard, "North", Ring.PILOT, SYSTEM)
    tags.replace(cast.contoso, ["gold", "north"], SYSTEM)
    following_tags.follow()
    following_tags.follow()
    assert following() == [("Contoso", "pilot", "north")], "of two tags, the one of the earlier ring"
    adoption = adoptions.find(standard, cast.contoso)
    adoptions.set_values(adoption, {"prefix": "CT"}, {}, SYSTEM)
    tags.replace(cast.contoso, ["gold"], SYSTEM)
    tags.replace(cast.fabrikam, ["gold"], SYSTEM)
    following_tags.follow()
    assert following() == [("Contoso", "pilot", "gold"), ("Fabrikam", "early", "gold")], "the ring is its own by now"
    assert adoptions.find(standard, cast.contoso).values == {"prefix": "CT"}
    # Who was named by a person stays; the other one leaves.
    adoptions.adopt(standard, cast.fabrikam, Ring.ALL, SYSTEM)
    assert following_tags.set_tag(standard, "GOLD", Ring.ALL, SYSTEM).id == gold.id
    assert [(row.tag, row.ring) for row in following_tags.of_standard(standard)] == [
        ("Gold", "all"),
        ("North", "pilot"),
    ]
    following_tags.remove_tag(following_tags.find(standard, gold.id), SYSTEM)
    following_tags.follow()
    assert following() == [("Fabrikam", "all", None)]
    Standard.update(archived_at=standard.created_at).execute()
    tags.replace(cast.contoso, ["north"], SYSTEM)
    following_tags.follow()
    assert following() == [("Fabrikam", "all", None)], "nobody begins to follow what is archived"
    with pytest.raises(Invalid, match="archived"):
        following_tags.set_tag(Standard.get(), "Gold", Ring.ALL, SYSTEM)
