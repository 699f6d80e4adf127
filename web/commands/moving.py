"""`export-all` and `import-all`: the whole installation in one file, and back into an empty one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

from db.installation import export_file, import_file
from db.installation.export_file import ReportProgress
from web.commands.context import (
    add_commands,
    command_actor,
    force_option,
    json_option,
    open_installation,
    print_result,
    read_stdin_line,
)

passphrase_option = click.option(
    "--passphrase-stdin", "is_piped", is_flag=True, help="Read the passphrase from standard input instead of asking."
)


def register(cli: AppGroup) -> None:
    add_commands(cli, {"export-all": export_all, "import-all": import_all})


@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@force_option
@json_option
def export_all(file: Path, is_piped: bool, force: bool, as_json: bool) -> None:
    """Write the whole installation to one file that a passphrase opens. It may run meanwhile."""
    with open_installation():
        passphrase = read_stdin_line("passphrase") if is_piped else _ask_passphrase(again=True)
        with _progress("Exporting") as report:
            rows = export_file.export_all(file, passphrase, command_actor(), report, force=force)
        size = file.stat().st_size
        document = {"file": str(file), "rows": rows, "bytes": size}
        print_result(
            as_json, document, f"Wrote {rows} rows to {file}, {size} bytes. Without its passphrase nobody can read it."
        )


@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@json_option
def import_all(file: Path, is_piped: bool, as_json: bool) -> None:
    """Put an exported installation into this one, which must be empty."""
    with open_installation():
        passphrase = read_stdin_line("passphrase") if is_piped else _ask_passphrase(again=False)
        with _progress("Importing") as report:
            outcome = import_file.import_all(file, passphrase, command_actor(), report)
        document = {"rows": outcome.rows, "made_at": outcome.made_at, "ended_runs": outcome.ended_runs}
        text = f"Imported {outcome.rows} rows, exported at {outcome.made_at} UTC."
        text += (
            f" {outcome.ended_runs} run(s) were under way then, and ended here as failed." if outcome.ended_runs else ""
        )
        print_result(as_json, document, text)


def _ask_passphrase(again: bool) -> str:
    passphrase: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=again, err=True)
    return passphrase


@contextmanager
def _progress(label: str) -> Iterator[ReportProgress]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield report
