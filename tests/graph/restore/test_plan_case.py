"""How a plan names what an item refers to."""

import pytest

from graph.restore.resolver import Resolution
from tests.graph.restore.test_planner import SCRIPT, decided


@pytest.mark.parametrize("how", ["unresolved", "dropped"])
def test_what_an_uploaded_file_calls_something_is_told_as_its_word(how):
    group = "11111111-2222-4333-8444-555555555555"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
    missing = Resolution("groups", group, "SG-Test-lab", how, is_assignment=True, why="It is not there.")
    script = {**SCRIPT, "assignments": [{"target": target}]}
    ours, uploaded = (decided(script, resolutions=[missing], is_uploaded=is_uploaded) for is_uploaded in (False, True))
    assert "the group “SG-Test-lab”" in said(ours)
    assert f"“SG-Test-lab” (so its source calls the group “{group}”)" in said(uploaded)


def said(plan):
    return " ".join((plan.message or "", *(shortfall.values.get("what", "") for shortfall in plan.shortfalls)))
