"""`make bench`: the figures that docs/benchmarks.md quotes, each benchmark in a process of its own.

Not bench/upgrade.py, which needs a checkout of the version before, nor bench/peer.py, which needs a program of others,
nor bench/scale.py, which takes an hour as it comes.
"""

import subprocess
import sys

for name in (
    "start_latency",
    "lists",
    "api",
    "search",
    "assignments",
    "captures",
    "backups",
    "restores",
    "readiness",
    "uploads",
    "commands",
    "documents",
    "copies",
    "conditional_access",
    "changes",
    "storage",
    "pruning",
    "moving",
    "recover",
    "night",
    "audit",
    "fleet",
    "watch",
    "observing",
    "pages",
    "words",
    "definitions",
    "settings",
    "standards",
    "rollouts",
):
    print(f"\n## {name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
