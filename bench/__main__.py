"""`make bench`: every figure that docs/benchmarks.md quotes, each benchmark in a process of its own."""

import subprocess
import sys

for name in (
    "start_latency",
    "lists",
    "captures",
    "backups",
    "restores",
    "conditional_access",
    "storage",
    "pruning",
    "moving",
    "night",
    "audit",
    "fleet",
    "upgrade",
):
    print(f"\n## {name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
