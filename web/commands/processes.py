"""`web`, `worker` and `scheduler`: the processes of an installation, for a supervisor to keep up; and `health`."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import click

import actors.scheduler
import actors.worker
import config
from actors.process import logs, startup
from actors.queue.queue_names import SERVED
from config import parsers
from db import clock
from db import database as engine
from db.installation import installation
from web.commands.frame import lazy_imports
from web.demo import running
from web.serving import probe

POSITIVE = click.IntRange(min=1)
# A worker, and the scheduler, beat every few seconds.
BEAT_SECONDS = 60.0


def register(cli: click.Group) -> None:
    for command in (web, worker, scheduler, health, demo):
        cli.command(command.__name__)(command)


@click.option("--bind", metavar="ADDRESS", help="Default: what TENANTKEEP_BIND says, else 127.0.0.1 at PORT (8000).")
@click.option("--processes", type=POSITIVE, default=2, show_default=True)
@click.option("--threads", type=POSITIVE, default=8, show_default=True, help="In each process.")
@click.option("--shutdown-seconds", type=POSITIVE, default=30, show_default=True, help="For a page, after SIGTERM.")
@click.option("--access-log", is_flag=True, help="Write a line for each request.")
def web(bind: str | None, **options: Any) -> None:
    """Serve the pages."""
    lazy_imports.finish()
    from web.serving import server  # with every page: no other command has to wait for them

    server.serve(server.ServerOptions(_checked_bind(bind) or _default_bind(), **options))


def _checked_bind(bind: str | None) -> str:
    try:
        return parsers.bind_address(bind) if bind else ""
    except ValueError as e:
        raise click.UsageError(f"--bind {e}.") from e


def _default_bind() -> str:
    settings = config.settings()
    return settings.bind or f"127.0.0.1:{settings.port}"


@click.option(
    "--queues",
    type=click.Choice(tuple(SERVED)),
    multiple=True,
    default=tuple(SERVED),
    help="Default: all.",
)
@click.option("--processes", type=POSITIVE, default=2, show_default=True)
@click.option("--threads", type=POSITIVE, default=8, show_default=True, help="In each process.")
@click.option("--shutdown-seconds", type=POSITIVE, default=60, show_default=True, help="For a run, after SIGTERM.")
@click.option("--tag", default="", help="Serve the tenants with this tag alone, one of TENANTKEEP_QUEUE_TAGS.")
@click.option("--keep-up", is_flag=True, help="Start a process that died again, where no supervisor does.")
def worker(keep_up: bool, tag: str, **options: Any) -> None:
    """Carry out runs: everything that talks to Graph."""
    if tag and tag.casefold() not in config.settings().queue_tags:
        raise click.UsageError(f"“{tag}” is none of the tags in {config.PREFIX}QUEUE_TAGS.")
    worker_options = actors.worker.Options(tag=tag.casefold(), **options)
    if keep_up:
        sys.exit(actors.worker.supervise(worker_options))
    actors.worker.replace_process(worker_options)


def scheduler() -> None:
    """Start what is due, and hand on what was lost."""
    lazy_imports.finish()
    actors.scheduler.run()


@click.argument("process", type=click.Choice(["web", "worker", "scheduler"]), required=False)
def health(process: str | None) -> None:
    """Say whether a process of this machine or container is alive: exit code 1 when it is not.

    Web is asked at its address. Whoever else is looked for, or any of them, beats in the database; while that is away,
    none is blamed.
    """
    problem = probe.web_problem(_default_bind()) if process == "web" else _beat_problem(process)
    click.echo(problem or f"The {process or 'process'} is alive.", err=bool(problem))
    sys.exit(1 if problem else 0)


def _beat_problem(process: str | None) -> str | None:
    settings = config.settings()
    logs.configure(settings.log_format)
    startup.bind(settings)
    host = socket.gethostname()
    kinds = [process] if process else installation.PROCESS_KINDS
    try:
        with engine.database.connection_context():
            clock.sync_with_database()
            beats = installation.beats_on(host, kinds, BEAT_SECONDS)
    except engine.DatabaseError:
        return None
    return None if beats else f"No {' or '.join(kinds)} on {host} has beaten in the last {BEAT_SECONDS:.0f} seconds."


@click.option(
    "--data", type=click.Path(path_type=Path), default=Path("var"), show_default=True, help="Where it keeps all."
)
@click.option(
    "--port", type=int, default=8000, envvar="PORT", show_default="PORT, else 8000", help="0 for any free one."
)
@click.option("--history/--no-history", default=True, help="Give the tenants a past: a year of nights and mistakes.")
@click.option("--load", type=click.Path(exists=True, path_type=Path), help="Exported policies to add as a tenant.")
@click.option(
    "--definitions", type=click.Path(exists=True, path_type=Path), help="A folder with what real settings are called."
)
@click.option("--lively", "is_lively", is_flag=True, help="Let somebody change something in the tenants now and then.")
def demo(**options: Any) -> None:
    """Run the whole of Tenantkeep here with demo tenants; Ctrl-C stops it."""
    lazy_imports.finish()
    running.demo(**options)
