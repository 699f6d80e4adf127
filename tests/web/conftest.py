"""What is about browsers, people and files, not about what the database does, is tried on one engine."""

ON_ONE_ENGINE = {
    "test_access",
    "test_audit_sentences",
    "test_authors",
    "test_backup_zip",
    "test_bad_input",
    "test_entra",
    "test_kept_forms",
    "test_links",
    "test_pages",
    "test_passkeys",
    "test_people",
    "test_routes",
    "test_secrets_shown",
    "test_shown",
    "test_languages",
    "test_sign_in",
    "test_strangers",
    "test_tenant_administration",
    "test_upload",
}
# An UPDATE that only one of two wins, and arguments that one of them may refuse.
ON_BOTH = {
    "test_an_object_that_does_not_exist_is_404",
    "test_odd_list_arguments_are_no_error",
    "test_where_the_database_is_gone_the_page_says_so_without_asking_it",
    "test_a_code_counts_once_and_one_of_long_ago_not_at_all",
    "test_a_recovery_code_lets_in_once_in_place_of_the_app_and_is_told",
    "test_an_answer_counts_once_and_only_in_the_browser_that_was_asked",
}


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if _is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item):
    is_of_api = "api" in item.path.parts or item.path.stem == "test_token_limits"
    is_on_one = (is_of_api or item.path.stem in ON_ONE_ENGINE) and getattr(item, "originalname", "") not in ON_BOTH
    return is_on_one and "[postgresql" in item.nodeid
