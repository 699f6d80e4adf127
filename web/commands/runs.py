"""`sync`, `capture` and `run show`: starting runs like the browser does, and following them."""

import sys
import time
from typing import Any

import click
from flask.cli import AppGroup

import actors.capture
import actors.sync
from actors.starting import Start
from db import runs
from db.errors import Invalid
from db.models import Run, RunItem
from db.states import ACTIVE, RunState
from web.commands.context import actor, answer, as_json, opened, policy_named, tenant_named
from web.starting import sentence

EXIT_CODES = {RunState.SUCCEEDED: 0, RunState.PARTIAL: 2}
POLL_SECONDS = 0.5

wait_option = click.option("--wait", is_flag=True, help="Wait for its end. Exit 0 succeeded, 2 partial, 1 failed.")


def register(cli: AppGroup) -> None:
    cli.command("sync", with_appcontext=False)(sync)
    cli.command("capture", with_appcontext=False)(capture)
    group = AppGroup("run", help="Runs.")
    group.command("show", with_appcontext=False)(show)
    cli.add_command(group)


@click.argument("tenant")
@wait_option
@as_json
def sync(tenant: str, wait: bool, as_json: bool) -> None:
    """Read the list of a tenant's policies."""
    with opened():
        code = _follow(actors.sync.start(tenant_named(tenant), actor()), wait, as_json)
    sys.exit(code)


@click.argument("tenant")
@click.argument("policy")
@wait_option
@as_json
def capture(tenant: str, policy: str, wait: bool, as_json: bool) -> None:
    """Capture a snapshot of one policy."""
    with opened():
        code = _follow(actors.capture.start(policy_named(tenant_named(tenant), policy), actor()), wait, as_json)
    sys.exit(code)


@click.argument("run_id", type=int)
@as_json
def show(run_id: int, as_json: bool) -> None:
    """Show a run and its items."""
    with opened():
        run = Run.get_or_none(Run.id == run_id)
        if run is None:
            raise Invalid(f"There is no run {run_id}.")
        _print(run, as_json)


def _follow(start: Start, wait: bool, as_json: bool) -> int:
    if not as_json:
        click.echo(sentence(start), err=wait)
    run = _ended(start.run.id) if wait else Run.get_by_id(start.run.id)
    if wait or as_json:
        _print(run, as_json)
    return EXIT_CODES.get(run.state, 1) if wait else 0


def _ended(run_id: int) -> Run:
    """Poll until it ends; a progress bar on a terminal, silence elsewhere."""
    with click.progressbar(length=1, label=f"Run {run_id}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while (run := Run.get_by_id(run_id)).state in ACTIVE:
            counts = runs.counts(run)
            bar.length = counts["total"] or 1
            bar.update(counts["done"] + counts["skipped"] + counts["failed"] + counts["uncertain"] - bar.pos)
            time.sleep(POLL_SECONDS)
    return run


def _print(run: Run, as_json: bool) -> None:
    found = document(run)
    lines = [f"Run {run.id} ({run.kind}) of {run.tenant.name}: {run.state}"]
    lines += [f"  {run.waiting}"] if run.waiting else []
    lines += [f"  {run.error_message}"] if run.error_message else []
    lines += [_line(item) for item in found["items"]]
    answer(as_json, found, "\n".join(lines))


def _line(item: dict[str, Any]) -> str:
    return f"  {item['name']}: {item['outcome'] or item['state']}. {item['message'] or ''}".rstrip()


def document(run: Run) -> dict[str, Any]:
    """The JSON of a run, as docs/operating.md describes it."""
    items = RunItem.select().where(RunItem.run == run).order_by(RunItem.id)
    names = ("policy_type", "graph_id", "name", "state", "outcome", "reason", "message")
    return {
        "id": run.id,
        "kind": run.kind,
        "tenant": run.tenant.name,
        "state": run.state,
        "waiting": run.waiting,
        "counts": runs.counts(run),
        "outcomes": runs.outcomes(run),
        "backup_set": None,
        "restore": None,
        "error": {"code": run.error_code, "message": run.error_message} if run.error_code else None,
        "items": [{name: getattr(item, name) for name in names} for item in items],
    }
