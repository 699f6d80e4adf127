"""Options of a restore."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.restore.options import COPY, EXACT, UPDATE, RestoreOptions, is_copied


@pytest.mark.parametrize(
    ("key", "existing", "expected"),
    [("configurationPolicies", COPY, True), ("configurationPolicies", UPDATE, False), ("groups", COPY, False)],
)
def test_is_copied_for_all_but_groups(key, existing, expected):
    assert is_copied(POLICY_TYPES[key], RestoreOptions(EXACT, existing=existing)) is expected


def test_assignments_have_no_default():
    with pytest.raises(TypeError):
        RestoreOptions()
