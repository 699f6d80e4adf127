"""Places that do not count: as text and back, whatever moved in a list, and what is below them."""

from graph.changes import ignored_paths
from graph.changes.ignored_paths import is_ignored, path_of, patterns_of, text_of
from graph.policy_types.table import POLICY_TYPES


def test_a_path_outlives_positions_and_keeps_a_slash():
    path = ("body", "omaSettings", "./Device/X~1", "0", "value")
    assert path_of(text_of(path)) == path
    assert is_ignored(("body", "rules", "7", "text"), [("body", "rules", "*")])
    assert not is_ignored(("body", "rules"), [("body", "rules", "*")])
    assert not is_ignored(("body", "rule", "0"), [("body", "rules")])


def test_built_in_paths_name_policy_types_that_there_are():
    assert ignored_paths.BUILT_IN.keys() <= POLICY_TYPES.keys()
    assert patterns_of("intents", ["body/a", ""]) == [("body", "a")]
