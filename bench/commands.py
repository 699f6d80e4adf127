"""How long a command takes to answer: its help, and a run of 900 items. The aims: 150 ms, and 300 ms."""

import resource
import statistics
import subprocess
import sysconfig
import time
from pathlib import Path

import click

from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import Tenant
from db.runs import runs
from db.runs.run_items import NewRunItem
from db.states import RunKind
from web.commands import cli

LOOKS, ITEMS = 20, 900
TENANTKEEP = str(Path(sysconfig.get_path("scripts")) / "tenantkeep")


def main() -> None:
    print(f"Median of {LOOKS}, the longest, and the least processor time, of whole processes")
    with stage.engines() as urls:
        for words in [[], *_commands(cli)][:: max(1, len(_commands(cli)) // 6)]:
            _print([*words, "--help"])
        for engine, url in urls.items():
            stage.install(stage.beside(url, "commands"), 1)
            with database.connection_context():
                items = [NewRunItem("configurationPolicies", f"Policy {number}") for number in range(ITEMS)]
                run = runs.start(
                    tenant=Tenant.get(), kind=RunKind.BACK_UP, dedupe_key="bench", items=items, actor=SYSTEM
                ).run
            print(f"{engine}, {ITEMS} items:")
            _print(["run", "show", str(run.id)])


def _commands(group: click.Group, *words: str) -> list[list[str]]:
    found: list[list[str]] = []
    for name, command in group.commands.items():
        is_group = isinstance(command, click.Group)
        found += _commands(command, *words, name) if is_group else [[*words, name]]  # type: ignore[arg-type]
    return found


def _print(words: list[str]) -> None:
    times, busy = [], []
    for _ in range(LOOKS):
        begin, before = time.perf_counter(), _processor_seconds()
        subprocess.run([TENANTKEEP, *words], check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - begin) * 1000)
        busy.append((_processor_seconds() - before) * 1000)
    print(
        f"tenantkeep {' '.join(words)}: {statistics.median(times):.0f} ms (at most {max(times):.0f}), "
        f"{min(busy):.0f} ms of a processor",
        flush=True,
    )


def _processor_seconds() -> float:
    """Return what the ended children took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
