"""`export-all` and `import-all`: the whole installation in one file, and back into an empty one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

from db.installation import export_file, import_file
from db.installation.export_file import ReportProgress
from web.commands.context import actor, answer, as_json, force_option, from_stdin, opened

passphrase_stdin = click.option(
    "--passphrase-stdin", "is_piped", is_flag=True, help="Read the passphrase from standard input instead of asking."
)


def register(cli: AppGroup) -> None:
    cli.command("export-all", with_appcontext=False)(export_all)
    cli.command("import-all", with_appcontext=False)(import_all)


@click.argument("file", type=click.Path(path_type=Path))
@passphrase_stdin
@force_option
@as_json
def export_all(file: Path, is_piped: bool, force: bool, as_json: bool) -> None:
    """Write the whole installation to one file that a passphrase opens. It may run meanwhile."""
    with opened():
        passphrase = from_stdin("passphrase") if is_piped else _asked(again=True)
        with _progress("Exporting") as tell:
            rows = export_file.export_all(file, passphrase, actor(), tell, force=force)
        size = file.stat().st_size
        document = {"file": str(file), "rows": rows, "bytes": size}
        answer(
            as_json, document, f"Wrote {rows} rows to {file}, {size} bytes. Without its passphrase nobody can read it."
        )


@click.argument("file", type=click.Path(path_type=Path))
@passphrase_stdin
@as_json
def import_all(file: Path, is_piped: bool, as_json: bool) -> None:
    """Put an exported installation into this one, which must be empty."""
    with opened():
        passphrase = from_stdin("passphrase") if is_piped else _asked(again=False)
        with _progress("Importing") as tell:
            made = import_file.import_all(file, passphrase, actor(), tell)
        document = {"rows": made.rows, "made_at": made.made_at, "ended_runs": made.ended_runs}
        text = f"Imported {made.rows} rows, exported at {made.made_at} UTC."
        text += f" {made.ended_runs} run(s) were under way then, and ended here as failed." if made.ended_runs else ""
        answer(as_json, document, text)


def _asked(again: bool) -> str:
    passphrase: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=again, err=True)
    return passphrase


@contextmanager
def _progress(label: str) -> Iterator[ReportProgress]:
    """A bar on a terminal, silence elsewhere."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield tell
