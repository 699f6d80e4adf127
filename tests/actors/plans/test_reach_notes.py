"""A plan says whom a policy will reach and who loses it, and nothing where nobody's policies change."""

import pytest

from actors.plans.reach_notes import with_reach
from db.models import DirectoryName
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import ItemPlan

ONE, TWO, THREE = (f"{digit * 8}-1111-4111-8111-{digit * 12}" for digit in "123")
EXACT, KEPT = RestoreOptions(assignments="exact"), RestoreOptions(assignments="made")


def content(*group_ids, everybody=False, excluded=()):
    kinds = [("groupAssignmentTarget", group) for group in group_ids]
    kinds += [("exclusionGroupAssignmentTarget", group) for group in excluded]
    kinds += [("allDevicesAssignmentTarget", None)] if everybody else []
    targets = [{"@odata.type": f"#microsoft.graph.{kind}", "groupId": group} for kind, group in kinds]
    return {"body": {}, "assignments": [{"target": target} for target in targets]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_notes_say_whom_it_reaches_and_who_loses_it(cast):
    for object_id, name in ((ONE, "SG-One"), (TWO, "SG-Two")):
        DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=object_id, name=name)

    def notes(action, desired, now, options=EXACT):
        plan = ItemPlan(action, notes=("first",))
        found = with_reach(plan, cast.contoso, "deviceConfigurations", desired, now, options).notes
        assert found[0] == "first"
        return list(found[1:])

    assert notes("create", content(ONE, TWO), None) == ["It reaches 2 groups: SG-One, SG-Two."]
    assert notes("update", content(ONE), content(ONE, TWO)) == [
        "It reaches 1 group: SG-One.", "Taken from: SG-Two.",
    ]  # fmt: skip
    assert notes("update", content(THREE, everybody=True), content(THREE)) == [f"It reaches {THREE}, all devices."]
    assert notes("update", content(), content(ONE)) == ["Taken from: SG-One."]
    assert notes("remove", None, content(ONE, everybody=True)) == ["Taken from: SG-One, all devices."]
    assert notes("update", content(ONE, excluded=[TWO]), content(ONE)) == [], "who is included is the same"
    assert notes("update", content(ONE), content(TWO), KEPT) == [], "its assignments stay"
    assert notes("matches", content(ONE), content(TWO)) == []
    assert notes("create", content("(yet to be made)"), None) == ["It reaches 1 group: what this restore makes."]
