"""`export-all`, `import-all`, `import`: a whole installation in one file, and policies that another tool exported."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from actors.facade import foreign_formats
from actors.imports import import_files, import_run
from actors.uploads import zip_files
from db import models
from db.errors import Invalid
from db.imports import policy_imports
from db.installation import export_file, import_file
from db.states import RunState
from db.tenants import tenants
from web.commands.frame.context import (
    add_commands,
    command_actor,
    find_tenant,
    force_option,
    json_option,
    open_installation,
    print_result,
    read_stdin_line,
)
from web.commands.runs import EXIT_CODES, wait_for_end

passphrase_option = click.option(
    "--passphrase-stdin", "is_piped", is_flag=True, help="Read the passphrase from standard input instead of asking."
)


def register(cli: click.Group) -> None:
    add_commands(cli, {"export-all": export_all, "import-all": import_all, "import": import_policies})


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
def _progress(label: str) -> Iterator[export_file.ReportProgress]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield report


# --- policies of other tools -----------------------------------------------------------------------------------------

# The earliest day that a ZIP can name: the days of files are of no use here.
_DAY = (1980, 1, 1, 0, 0, 0)


@click.argument("path", type=click.Path(path_type=Path))
@click.option("--as", "name", default="", help="What to call it.  [default: the name of the folder or file]")
@click.option("--tenant", "tenant_text", default="", help="Whose it is. Needed where there are several tenants.")
@json_option
def import_policies(path: Path, name: str, tenant_text: str, as_json: bool) -> None:
    """Import policies that another tool exported: a folder, a ZIP or a single file."""
    with open_installation():
        tenant = _find_tenant(tenant_text)
        with _opened(path) as stream:
            start = import_run.start(tenant, stream, path.name, command_actor(), name=name or path.resolve().stem)
        if not start.is_new:
            raise Invalid(f"Run {start.run.id} still reads another import. Begin this one when it has ended.")
        run = wait_for_end(start.run.id)
        policy_import = policy_imports.find_of_run(run)
        document = _document(run, policy_import)
        print_result(as_json, document, _text(run, policy_import))
    sys.exit(EXIT_CODES.get(RunState(run.state), 1) if policy_import is None or policy_import.kept_at else 1)


def _find_tenant(text: str) -> models.Tenant:
    if text:
        return find_tenant(text)
    found = tenants.switched_on(None, 2)
    if len(found) != 1:
        raise Invalid("Say with --tenant whose policies these are to be: an import belongs to one tenant.")
    return found[0]


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Yield the file, or the folder as a ZIP. Raises Invalid where it cannot be read."""
    try:
        stream = _packed(path) if path.is_dir() else path.open("rb")
    except FileNotFoundError:
        raise Invalid(f"There is no folder and no file {path}.") from None
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {(e.strerror or str(e)).lower()}.") from None
    with stream:
        yield stream


def _packed(folder: Path) -> IO[bytes]:
    with ExitStack() as stack:
        packed = stack.enter_context(tempfile.TemporaryFile())
        _pack(folder, packed)
        packed.seek(0)
        stack.pop_all()  # it stays open
        return packed


def _pack(folder: Path, packed: IO[bytes]) -> None:
    """Pack a folder's files. Links are not followed. Raises Invalid for more than any export has."""
    count, size = 0, 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            name = str(file.relative_to(folder)).encode("utf-8", "replace").decode().replace("\\", "_")
            count, size = count + 1, size + file.stat().st_size
            if count > zip_files.MAX_FILES or size > import_files.MAX_BYTES:
                most = import_files.MAX_BYTES // 1024**2
                raise Invalid(f"The folder holds more than {zip_files.MAX_FILES:,} files, or more than {most} MB.")
            if file.stat().st_size > zip_files.MAX_FILE_BYTES or len(name.encode()) > zip_files.MAX_NAME:
                click.echo(f"Left out: {name[-100:]} is larger, or has a longer name, than any policy.", err=True)
                continue
            archive.writestr(zipfile.ZipInfo(name, _DAY), file.read_bytes(), zipfile.ZIP_DEFLATED)


def _files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> NoReturn:
        raise error  # a folder that nobody may read would be left out without a word

    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=False):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            file = Path(place) / name
            if file.is_file() and not file.is_symlink():
                yield file


def _document(run: models.Run, policy_import: models.PolicyImport | None) -> dict[str, Any]:
    error = {"code": run.error_code, "message": run.error_message} if run.error_code else None
    if policy_import is None:
        return {"import": None, "run": run.id, "state": run.state, "counts": {}, "files": [], "error": error}
    files = {file["path"]: {**file, "policies": []} for file in policy_import.files}
    for policy in policy_imports.policies_of(policy_import):
        empty = {"path": policy.path, "state": "policy", "format": policy.format, "why": "", "policies": []}
        files.setdefault(policy.path, empty)["policies"].append(
            {
                "policy_type": policy.policy_type,
                "graph_id": policy.graph_id,
                "name": policy.name,
                "findings": policy.findings,
                "placeholders": policy.placeholders,
            }
        )
    states = [file["state"] for file in files.values()]
    return {
        "import": policy_import.id,
        "name": policy_import.name,
        "tenant": policy_import.tenant.name,
        "formats": policy_import.formats,
        "is_kept": policy_import.kept_at is not None,
        "run": run.id,
        "state": run.state,
        "counts": {
            "files": policy_import.file_count,
            "policies": policy_import.policy_count,
            **{state: states.count(state) for state in sorted(set(states) - {"policy"})},
        },
        "findings": policy_import.findings,
        "files": [files[path] for path in sorted(files)],
        "error": error,
    }


def _text(run: models.Run, policy_import: models.PolicyImport | None) -> str:
    if policy_import is None:
        return f"Nothing was imported: {run.error_message or run.state}"
    formats = foreign_formats.format_words(policy_import.formats)
    lines = [f"{policy_import.name}: {policy_import.policy_count} policies, {formats}."]
    if policy_import.kept_at is None:
        lines = [f"Nothing in {policy_import.file_count} files is a policy."]
    lines += [f"{file['path']}: {file['why']}" for file in policy_import.files if file["state"] == "left_out"]
    return "\n".join(lines)
