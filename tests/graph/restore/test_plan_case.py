"""How a plan names what an item refers to, and what is known of the secrets of an item once for all of its plan."""

import pytest

from graph.content.secret_signs import may_lack_secrets
from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import COPY, RestoreOptions
from graph.restore.plan_case import PlanCase, desired_before_creation
from graph.restore.resolver import Resolution
from tests.graph.content.test_mutated import contents
from tests.graph.restore.test_planner import NOW, SCRIPT, decided


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


def test_what_is_made_of_a_content_lacks_no_secret_that_the_content_may_not_lack():
    lacking = set()
    for key, item in contents():
        row, assignments = POLICY_TYPES[key], item.get("assignments")
        case = PlanCase(row, {"body": item, "assignments": assignments}, Match(), None, NOW)
        lacking |= {case.may_lack_secrets}
        for options in (RestoreOptions("exact"), RestoreOptions("none", existing=COPY, prefix="Copy of ")):
            made = [desired_before_creation(case, options, is_there=is_there)["body"] for is_there in (False, True)]
            assert case.may_lack_secrets or not any(may_lack_secrets(row, body) for body in made), key
    assert lacking == {False, True}
