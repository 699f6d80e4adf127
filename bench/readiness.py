"""Readiness against truth: every policy of the demo's tenants and of the real exports is deleted alone and restored.

`python -m bench.readiness [--large N] [--only NAME]`: the share of predictions that came true, a table by policy type,
and how long judging a tenant takes; at last of one with N policies (5,000 unless given; 0: none).
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import REDIS_PORT, SIMULATOR_PORT, stage
from db.database import database
from graph.simulator.store.state import State, Tenant
from graph.transport import rate_limits
from tests.support import servers
from tests.support.lone_deletions import LoneDeletions, is_right, simulator_here
from tests.support.simulated_tenant import WRITE


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.readiness")
    parser.add_argument("--large", type=int, default=5000, help="policies of the largest tenant; 0: none")
    parser.add_argument("--only", default="", help="only tenants with this in their name")
    options = parser.parse_args()
    for service in rate_limits.LIMITS:  # how long Graph makes us wait is not what is measured
        rate_limits.LIMITS[service] = (1_000_000, 1.0)  # type: ignore[index]
    with tempfile.TemporaryDirectory(prefix="tenantkeep-bench-") as folder:
        (Path(folder) / "redis").mkdir()
        with servers.redis_server(REDIS_PORT, Path(folder) / "redis"), simulator_here(SIMULATOR_PORT) as state:
            stage.bind(f"sqlite:///{folder}/bench.db")
            with database.connection_context():
                _measure_all(state, options.only, options.large)


def _measure_all(state: State, only: str, large: int) -> None:
    said, right = Counter[str](), Counter[str]()
    for facts in list(state.tenants.values()):
        if only in facts.name and facts.permissions:  # the app's own directory grants none
            _measure(LoneDeletions(state, facts), said, right)
    print("| policy type | policies | predictions that came true |\n|---|---|---|")
    for policy_type in sorted(said):
        print(f"| {policy_type} | {said[policy_type]} | {right[policy_type]} |")
    print(f"| all | {said.total()} | {right.total()} |", flush=True)
    if large:
        judged = LoneDeletions(state, _add_large(state, large))
        print(f"{large:,} policies: judged in {judged.seconds:.1f} s, {judged.processor_seconds:.1f} s of it processor "
              "time of the worker's thread")  # fmt: skip


def _measure(deletions: LoneDeletions, said: Counter[str], right: Counter[str]) -> None:
    lines, began = deletions.said(), time.perf_counter()
    wrong = [(line, truth) for line in lines if not is_right(line, truth := deletions.truth_of(line))]
    taken = time.perf_counter() - began
    said.update(line.policy_type for line in lines)
    right.update(line.policy_type for line in lines)
    right.subtract(line.policy_type for line, _ in wrong)
    print(f"{deletions.tenant.name}: {len(lines) - len(wrong)} of {len(lines)} predictions came true; judged in "
          f"{deletions.seconds:.1f} s, deleted and restored one by one in {taken:.0f} s", flush=True)  # fmt: skip
    for line, truth in wrong:
        print(f"  {line.policy_type} {line.name}: said {line.verdict} {line.why!r}, was {truth.verdict} {truth.why!r}")


def _add_large(state: State, policies: int) -> Tenant:
    guid = "00005000-1111-4111-8111-111111111111"
    there = {"deviceManagement/configurationPolicies": dict(stage._policies(policies)), "groups": dict(stage.GROUPS)}
    made = Tenant("Large", guid, guid, "bench client secret", permissions=set(WRITE), collections=there)
    state.add(made)
    return made


if __name__ == "__main__":
    main()
