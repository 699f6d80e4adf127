"""What readiness says of a policy is what becomes of it: deleted alone, and restored, one of each type and verdict.

`python -m bench.readiness` tries all of them, and the real exported ones.
"""

import pytest

import config
from tests.support import servers
from tests.support.lone_deletions import LoneDeletions, is_right, simulator_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def fabrikam(database, quick, monkeypatch):
    port = servers.free_port()
    for name in ("GRAPH", "LOGIN"):
        monkeypatch.setenv(f"TENANTKEEP_{name}_URL", f"http://127.0.0.1:{port}")
    config.settings.cache_clear()
    with simulator_here(port, with_real=False) as state:
        yield LoneDeletions(state, next(facts for facts in state.tenants.values() if "Fabrikam" in facts.name))


def test_one_policy_of_each_type_and_verdict_becomes_what_was_said_of_it(fabrikam):
    lines = {(line.policy_type, line.verdict): line for line in fabrikam.said()}
    assert {verdict for _, verdict in lines} == {"by_itself", "by_hand", "not"}
    truths = [(line, fabrikam.truth_of(line)) for line in lines.values()]
    assert [(line.policy_type, line.name, line.why, truth) for line, truth in truths if not is_right(line, truth)] == []
