"""What is about Microsoft Graph, and not about the database, is tried on one engine."""

ABOUT_GRAPH = {"test_capture", "test_coverage", "test_slow_services"}


def pytest_collection_modifyitems(config, items):
    left_out = [one for one in items if one.path.stem in ABOUT_GRAPH and "[postgresql" in one.nodeid]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in set(left_out)]
