"""A list of tenants as CSV: read with a verdict on every line, and imported, each with a link for its administrator."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from actors.connecting import new_connections
from actors.connecting.new_connections import NewTenant
from db.audit.audit import Actor
from db.errors import Invalid
from db.states import AppAccess
from db.tenants import tags, tenants

MAX_LINES, MAX_CELL = 5000, 1000
_TITLES = {
    "name": "name", "tenant": "name", "directory_id": "directory_id", "directory id": "directory_id",
    "tenant id": "directory_id", "tags": "tags", "tag": "tags",
}  # fmt: skip
_ORDER = ("name", "directory_id", "tags")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class ImportLine:
    """A line of the file. `number`: where it ends in the file, from 1; `problem`: what to do about it, "" if nothing.

    `token`: of its link, once it is imported.
    """

    number: int
    name: str
    directory_id: str
    tags: tuple[str, ...] = ()
    problem: str = ""
    token: str = ""


def read_file(data: bytes) -> list[ImportLine]:
    """Read the file, and say of every line whether it can be imported. Writes nothing. Raises Invalid."""
    text = _decode(data)
    try:
        rows = list(_rows(text))
    except csv.Error as e:
        raise Invalid(f"The file is no CSV: {e}. Save it as “CSV UTF-8” and upload that.") from e
    if not rows:
        raise Invalid("The file has no line with a tenant. Its columns are: name, directory id, tags.")
    if len(rows) > MAX_LINES:
        raise Invalid(f"The file has more than {MAX_LINES} lines. Split it.")
    return _without_doubles([_read_row(number, cells) for number, cells in rows])


def _decode(data: bytes) -> str:
    """Decode as Excel saves it: UTF-8 with or without its mark, or UTF-16 with one. Raises Invalid."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\x00", "")
    except UnicodeDecodeError as e:
        raise Invalid("The file is neither UTF-8 nor UTF-16. In Excel, save it as “CSV UTF-8”.") from e


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, {column: cell}). A first line of titles says which column is which. Raises csv.Error."""
    first = _QUOTED.sub("", text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    columns: tuple[str, ...] | None = None
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            titles = tuple(_TITLES.get(cell.strip().lower(), "") for cell in cells)
            columns = titles if {"name", "directory_id"} <= set(titles) else _ORDER
            if columns is titles:
                continue
        yield reader.line_num, {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}


def _read_row(number: int, cells: dict[str, str]) -> ImportLine:
    line = ImportLine(number, cells.get("name", "")[:MAX_CELL], cells.get("directory_id", "")[:MAX_CELL])
    try:
        name, directory_id = tenants.clean_name(line.name), tenants.parse_guid(line.directory_id, "directory id")
        given = tags.parse(cells.get("tags", "")[:MAX_CELL].replace(";", ",").replace("|", ","))
    except Invalid as e:
        return replace(line, problem=str(e))
    return ImportLine(number, name, directory_id, tuple(given))


def _without_doubles(lines: list[ImportLine]) -> list[ImportLine]:
    """Say of the second line with a name or an id, and of what is a tenant already, that it cannot be imported."""
    taken: dict[str, str] = {}
    for name, directory_id in tenants.names_and_directories():
        taken |= {name: "There is already a tenant", directory_id: f"The directory is the tenant “{name}” already"}
    checked = []
    for line in lines:
        said = [taken[key] for key in (line.directory_id, line.name) if key in taken]
        if said and not line.problem:
            line = replace(line, problem=f"{said[0]}. Leave this line out.")
        if not line.problem:
            taken |= dict.fromkeys((line.name, line.directory_id), f"Line {line.number} has the same name or id")
        checked.append(line)
    return checked


def as_file(lines: list[ImportLine]) -> str:
    """Write the lines so that `read_file` reads them again as they are."""
    out = io.StringIO()
    csv.writer(out).writerows([_ORDER, *((line.name, line.directory_id, ",".join(line.tags)) for line in lines)])
    return out.getvalue()


def import_lines(lines: list[ImportLine], actor: Actor) -> list[ImportLine]:
    """Add the tenants of the lines without a problem, each waiting for consent. Return them with links, or problems.

    Raises Invalid where the installation has no app of its own.
    """
    new_connections.our_app("global", AppAccess.READ)
    return [_import(line, actor) for line in lines if not line.problem]


def _import(line: ImportLine, actor: Actor) -> ImportLine:
    try:
        new = NewTenant(line.name, line.directory_id, line.tags)
        _request, token = new_connections.ask(new, AppAccess.READ, actor)
    except Invalid as e:  # somebody was faster
        return replace(line, problem=str(e))
    return replace(line, token=token)


def as_rows(lines: list[ImportLine], address: Callable[[str], str]) -> list[tuple[str, ...]]:
    """Return the rows of a table of links, its titles first. `address`: of a token."""
    titles = ("name", "directory_id", "tags", "link", "problem")
    return [titles, *((line.name, line.directory_id, ", ".join(line.tags), address(line.token) if line.token else "",
                       line.problem) for line in lines)]  # fmt: skip
