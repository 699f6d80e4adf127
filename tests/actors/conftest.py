"""What tests of restores share; and what is about Microsoft Graph, not about the database, is tried on one engine."""

import pytest

from tests.support.simulated_tenant import WRITE
from tests.support.undeletes import let_undelete, lose, planned

# Files and single tests.
ABOUT_GRAPH = {
    "test_back_up",
    "test_capture",
    "test_coverage",
    "test_credential_change",
    "test_fairness",
    "test_kept_objects",
    "test_live_restore",
    "test_look",
    "test_put_back",
    "test_retries",
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
    "test_a_preview_writes_nothing_and_says_what_would_be_written",
    "test_a_live_restore_asks_why_and_keeps_the_answer_everywhere",
    "test_four_eyes_need_another_person_than_who_asked",
    "test_one_live_restore_per_tenant_at_a_time",
    "test_what_is_cancelled_in_the_midst_of_a_write_is_uncertain_and_settled_by_a_retry",
    "test_what_failed_is_tried_again_as_a_linked_run_with_a_fresh_look",
    "test_undo_writes_back_what_was_overwritten_and_removes_what_was_created",
    "test_a_group_that_is_not_there_blocks_the_policy_until_a_mapping_names_one",
    "test_a_second_restore_finds_what_the_first_one_made_even_when_it_was_renamed",
    "test_a_write_that_needs_approval_waits_without_a_worker_and_goes_on_once_approved",
    "test_two_of_one_name_whose_answers_were_lost_take_one_each",
    "test_a_worker_that_lost_the_run_makes_no_second_safety_set",
    "test_what_a_later_run_took_up_is_not_tried_again_from_an_old_page",
    "test_with_four_eyes_each_retry_is_approved_anew_by_who_did_not_ask",
    "test_while_one_is_tried_no_other_is_taken_and_one_that_was_forgotten_is_not_put_in_force",
    "test_one_that_somebody_switches_back_to_is_not_forgotten_by_who_found_it_old",
    "test_what_is_kept_beside_the_one_in_force_goes_after_a_fortnight",
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


@pytest.fixture
def lost(contoso, cast):
    """lost(policy type, body): the snapshot of an object that was deleted, and that the tenant lets come back."""
    let_undelete(contoso)
    return lambda *what: lose(contoso, cast.contoso, *what)


@pytest.fixture
def plan(cast, ended):
    """plan(snapshot, ...): a previewed restore of these."""
    return lambda *chosen, **changes: planned(cast.contoso, ended, chosen, **changes)
