"""`web`, `worker` and `scheduler`: the processes of an installation, to be kept up by a supervisor."""

import sys
from typing import Any

import click
from flask.cli import AppGroup

import actors.scheduler
import actors.worker
import config
from actors.queue.broker import SERVED

POSITIVE = click.IntRange(min=1)


def register(cli: AppGroup) -> None:
    for command in (web, worker, scheduler):
        cli.command(command.__name__, with_appcontext=False)(command)


@click.option("--bind", metavar="ADDRESS", help="Default: 127.0.0.1, at the port that PORT says (8000).")
@click.option("--processes", type=POSITIVE, default=2, show_default=True)
@click.option("--threads", type=POSITIVE, default=8, show_default=True, help="In each process.")
@click.option("--shutdown-seconds", type=POSITIVE, default=30, show_default=True, help="For a page, after SIGTERM.")
@click.option("--access-log", is_flag=True, help="Write a line for each request.")
def web(bind: str | None, **options: Any) -> None:
    """Serve the pages."""
    from web.serving import server  # with every page: no other command has to wait for them

    server.serve(server.ServerOptions(bind or f"127.0.0.1:{config.settings().port}", **options))


@click.option("--queues", type=click.Choice(tuple(SERVED)), multiple=True, default=tuple(SERVED), help="Default: all.")
@click.option("--processes", type=POSITIVE, default=2, show_default=True)
@click.option("--threads", type=POSITIVE, default=8, show_default=True, help="In each process.")
@click.option("--shutdown-seconds", type=POSITIVE, default=60, show_default=True, help="For a run, after SIGTERM.")
@click.option("--keep-up", is_flag=True, help="Start a process that died again, where no supervisor does.")
def worker(keep_up: bool, **options: Any) -> None:
    """Carry out runs: everything that talks to Graph."""
    worker_options = actors.worker.Options(**options)
    if keep_up:
        sys.exit(actors.worker.supervise(worker_options))
    actors.worker.replace_process(worker_options)


def scheduler() -> None:
    """Start what is due, and hand on what was lost."""
    actors.scheduler.run()
