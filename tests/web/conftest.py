"""What a page finds is tried on both engines where an engine's own sorting, searching, counting or locking decides it;
all else here is about browsers, people and files, and tried on one. That PostgreSQL takes whatever pages, forms and the
API ask it is shown by tests/db/sql/test_query_plans.py, which visits each page, and by test_fuzz.py, which sends each
form.
"""

ON_BOTH_ENGINES = {
    "test_audit",
    "test_change_list",
    "test_dashboard",
    "test_day_calendar",
    "test_figures",
    "test_fuzz",
    "test_health",
    "test_list_view",
    "test_moving",
    "test_opened_lately",
    "test_policies",
    "test_search",
    "test_shared_apps",
    "test_tenant_changes",
}
# An UPDATE that only one of two wins, and arguments that one of them may refuse.
TESTS_ON_BOTH = {
    "test_an_object_that_does_not_exist_is_404",
    "test_odd_list_arguments_are_no_error",
    "test_where_the_database_is_gone_the_page_says_so_without_asking_it",
    "test_a_code_counts_once_and_one_of_long_ago_not_at_all",
    "test_a_recovery_code_lets_in_once_in_place_of_the_app_and_is_told",
    "test_an_answer_counts_once_and_only_in_the_browser_that_was_asked",
    "test_statements_and_rows_agree_about_the_level",
}


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if _is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item):
    is_of_pages = item.nodeid.startswith("tests/web/") and "[postgresql" in item.nodeid
    is_on_both = item.path.stem in ON_BOTH_ENGINES or getattr(item, "originalname", "") in TESTS_ON_BOTH
    return is_of_pages and (not is_on_both or "api" in item.path.parts)
