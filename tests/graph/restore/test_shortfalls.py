"""What becomes weaker: Conditional Access in every state of the backup and the tenant, under every choice."""

from itertools import product

import pytest

from tests.graph.restore.test_cases_options import ACCESS, decided, held
from tests.support.told import shortfall_codes

STATES = {"on": "enabled", "report only": "enabledForReportingButNotEnforced", "off": "disabled"}


def expected_code(captured, now, chosen):
    """The code for a Conditional Access policy: what it was in the backup, is now, and is chosen to be."""
    then = {"as captured": captured, "off": "off"}.get(chosen, "report only" if captured == "on" else captured)
    if then == "on" or (captured != "on" and now != "on"):
        return []
    kind = "captured" if captured != "on" else "on_to" if now == "on" else "left"
    return [f"{kind}_{'report_only' if then == 'report only' else 'off'}"]


@pytest.mark.parametrize(("captured", "now"), list(product(STATES, [*STATES, None])))
def test_conditional_access_that_protects_nobody_afterwards_is_told(captured, now):
    for chosen in ("as captured", "report only", "off"):
        live = held(ACCESS, "changed", state=STATES[now]) if now else None
        plan = decided(ACCESS, held(ACCESS, state=STATES[captured]), live, ("made", "update", chosen))
        assert shortfall_codes(plan) == expected_code(captured, now, chosen), chosen


def test_an_exclusion_that_is_added_to_an_enforced_policy_is_told_by_name():
    live, want = held(ACCESS), held(ACCESS)
    want["body"]["conditions"] = {"users": {"includeUsers": ["x"], "excludeGroups": ["g"]}}
    [found] = decided(ACCESS, want, live, ("made", "update", "as captured")).shortfalls
    assert (found.code, found.values) == ("excludes_more", {"who": "g"})
