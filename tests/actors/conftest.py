"""What tests of restores share; and what is about Microsoft Graph, not about the database, is tried on one engine."""

import pytest

from tests.simulated import WRITE

ABOUT_GRAPH = {"test_capture", "test_coverage", "test_slow_services"}


def pytest_collection_modifyitems(config, items):
    left_out = [one for one in items if one.path.stem in ABOUT_GRAPH and "[postgresql" in one.nodeid]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in set(left_out)]


@pytest.fixture
def contoso(graph):
    """Contoso in the simulator, with every permission to write."""
    graph.change(permissions=WRITE)
    return graph
