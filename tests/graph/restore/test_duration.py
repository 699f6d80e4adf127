"""How long a restore takes, from its requests and the limits of Graph alone."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.restore import duration
from graph.transport.rate_limits import CONDITIONAL_ACCESS, INTUNE, INTUNE_WRITES, usual_pace

ASSIGNED = {"body": {"displayName": "x"}, "assignments": [{"id": "1"}, {"id": "2"}]}


@pytest.mark.parametrize(
    ("key", "content", "flags", "expected"),
    [
        ("configurationPolicies", {"body": {}}, {}, {INTUNE: 2, INTUNE_WRITES: 1}),
        ("configurationPolicies", ASSIGNED, {}, {INTUNE: 4, INTUNE_WRITES: 2}),
        ("configurationPolicies", ASSIGNED, {"with_assignments": False}, {INTUNE: 2, INTUNE_WRITES: 1}),
        ("configurationPolicies", ASSIGNED, {"is_made": False}, {INTUNE: 4, INTUNE_WRITES: 1}),
        ("conditionalAccessPolicies", {"body": {}}, {}, {CONDITIONAL_ACCESS: 2}),
        ("conditionalAccessPolicies", None, {"is_made": False}, {CONDITIONAL_ACCESS: 4}),
    ],
)
def test_a_policy_takes_its_writes_and_the_looks_around_them(key, content, flags, expected):
    assert duration.requests_of(POLICY_TYPES[key], content, **flags) == expected


def test_every_policy_type_is_counted():
    for policy_type in POLICY_TYPES.values():
        assert duration.requests_of(policy_type, ASSIGNED).total() >= 2, policy_type.key


def test_seconds_are_those_of_the_windows_that_the_requests_fill():
    assert duration.seconds_for([]) == 0
    writes, window = usual_pace(INTUNE_WRITES)
    one = {INTUNE: 2, INTUNE_WRITES: 1}
    few, full, next_window = (duration.seconds_for([one] * count) for count in (1, writes, writes + 1))
    assert 0 < few < full < next_window <= few + window + 1
    # Conditional Access comes when Intune is through, one request a second.
    paced = [{CONDITIONAL_ACCESS: 2}] * 30
    assert duration.seconds_for(paced) >= 60
    assert duration.seconds_for([*paced, *[one] * 201]) >= 60 + 2 * window
