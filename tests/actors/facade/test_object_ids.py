"""Object ids that people say: refused where they are none, of both sides of a mapping."""

import pytest

from actors.facade.object_ids import checked_targets
from db.errors import Invalid
from graph.references.stand_ins import stand_in

GROUP = "aaaaaaaa-0000-4000-8000-00000000000a"


def test_a_target_is_checked_and_a_source_that_somebody_typed():
    named = ("roleScopeTags", stand_in("roleScopeTags", "Berlin"))
    assert checked_targets({("groups", GROUP.upper()): GROUP.upper(), named: "3"}, {named}) == {
        ("groups", GROUP): GROUP,
        named: "3",
    }
    for key, target in ((("groups", "SG-Pilot"), GROUP), (("groups", GROUP), "SG-Pilot"), (named, "Berlin")):
        with pytest.raises(Invalid, match="is no object id of this kind"):
            checked_targets({key: target}, {named})
