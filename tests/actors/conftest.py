"""What tests of restores share; and what is about Microsoft Graph, not about the database, is tried on one engine."""

import pytest

from tests.support.simulated_tenant import WRITE

# Files and single tests.
ABOUT_GRAPH = {
    "test_capture",
    "test_undeletes",
    "test_kept_objects",
    "test_coverage",
    "test_slow_services",
    "test_what_passes_is_tried_again_and_nothing_is_missing",
    "test_throttling_in_other_words_costs_no_attempt",
    "test_a_token_that_ends_in_mid_run_is_renewed",
    "test_what_is_read_back_otherwise_is_looked_at_again_and_then_named",
    "test_assignments_are_left_removed_or_restored_as_chosen",
    "test_conditional_access_comes_back_in_the_state_that_was_chosen",
}


def pytest_collection_modifyitems(config, items):
    left_out = [one for one in items if _is_about_graph(one) and "[postgresql" in one.nodeid]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in set(left_out)]


def _is_about_graph(item):
    return not ABOUT_GRAPH.isdisjoint({item.path.stem, getattr(item, "originalname", "")})


@pytest.fixture
def contoso(graph):
    """Contoso in the simulator, with every permission to write."""
    graph.change(permissions=WRITE)
    return graph
