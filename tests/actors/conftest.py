"""What tests of restores share; and what is about Microsoft Graph, not about the database, is tried on one engine."""

import pytest

from tests.support.simulated_tenant import WRITE

# Files and single tests.
ABOUT_GRAPH = {
    "test_back_up",
    "test_capture",
    "test_coverage",
    "test_fairness",
    "test_kept_objects",
    "test_look",
    "test_put_back",
    "test_slow_services",
    "test_through_graph",
    "test_undeletes",
    "test_watch",
    "test_what_is_read_back_otherwise_is_looked_at_again_and_then_named",
    "test_assignments_are_left_removed_or_restored_as_chosen",
    "test_conditional_access_comes_back_in_the_state_that_was_chosen",
    # About keys, which are the same for both.
    "test_keys_are_rotated_in_three_steps_while_captures_go_on",
}
# Of those files: each statement that they make comes in one of these.
ON_BOTH = {
    "test_a_tenant_is_listed_and_read_and_the_set_holds_every_policy",
    "test_a_second_backup_of_an_unchanged_tenant_asks_for_lists_alone",
    "test_a_set_stays_as_it_was_until_its_retry_ends_and_a_second_retry_finds_the_first",
    "test_a_policy_deleted_between_list_and_read_is_gone_and_no_failure",
    "test_a_look_reads_what_differs_and_touches_no_backup",
    "test_what_a_restore_of_ours_writes_is_ours_and_what_it_found_before_is_not",
    "test_a_change_is_captured_with_its_author_in_the_next_look",
    "test_what_a_worker_left_or_redis_lost_is_captured_once",
}


def pytest_collection_modifyitems(config, items):
    left_out = [one for one in items if _is_about_graph(one) and "[postgresql" in one.nodeid]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in set(left_out)]


def _is_about_graph(item):
    name = getattr(item, "originalname", "")
    return name not in ON_BOTH and not ABOUT_GRAPH.isdisjoint({item.path.stem, name})


@pytest.fixture
def contoso(graph):
    """Contoso in the simulator, with every permission to write."""
    graph.change(permissions=WRITE)
    return graph
