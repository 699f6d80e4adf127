"""An uploaded backup set: our own download, read within limits, for nothing in it can be trusted.

The whole has one budget of bytes, values, files and seconds. Each is spent before the work that it pays for: no file is
parsed that is one too many, and nothing is compared that did not pass.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actors.uploads import zip_files
from actors.uploads.zip_files import MAX_FILES, BrokenEntry, Seekable
from db.errors import Invalid
from graph.transport import strict_json

MAX_BYTES = 256 * 1024 * 1024
# In memory, a value of two characters becomes an object of a hundred bytes.
MAX_VALUES, MAX_VALUES_IN_FILE = 4_000_000, 500_000
# Of processor time, for one attempt: other work of the machine does not count.
MAX_SECONDS = 120
MAX_DEPTH = 150
MANIFEST = "manifest.json"
_TEXTS = {"file": 1000, "policy_type": 80, "graph_id": 200, "name": 1000, "fingerprint": 64}
MAX_DESCRIPTION = 200


class LeftOut(Exception):
    """Raised for a file of the upload that cannot be used; the text says why."""


@dataclass
class ReadingBudget:
    """The rest of the limits for one upload."""

    size: int = field(default_factory=lambda: MAX_BYTES)
    values: int = field(default_factory=lambda: MAX_VALUES)
    until: float = field(default_factory=lambda: time.thread_time() + MAX_SECONDS)

    def spend(self, data: bytes) -> None:
        """Spend what parsing this file takes. Raises Invalid when the files together are too large."""
        self.values -= sum(map(data.count, (b"[", b"{", b",")))
        if self.values < 0:
            raise Invalid("The files hold more values together than any backup does.")
        self.check()

    def spend_size(self, count: int) -> None:
        self.size -= count
        if self.size < 0:
            raise Invalid(f"Unpacked it is larger than {MAX_BYTES // 1024**2} MB.")

    def check(self) -> None:
        if time.thread_time() > self.until:
            raise Invalid(f"Reading it took longer than {MAX_SECONDS} seconds. Upload a part of it.")


@dataclass(frozen=True)
class ManifestLine:
    """A manifest's line about one file. `problem`: why the line alone makes the file unusable."""

    file: str
    problem: str = ""
    policy_type: str = ""
    graph_id: str = ""
    name: str = ""
    fingerprint: str = ""
    # SHA-256 of the policy's text; "" in older files.
    sha256: str = ""
    references: Mapping[str, Mapping[str, str | None]] | None = None

    @property
    def says(self) -> dict[str, Any]:
        """The file's own claims, to be shown apart: whoever made the file may have written anything."""
        return {"name": self.name, **(self.references or {})}


class UploadedSet:
    """The manifest and the policies of an uploaded file. Raises Invalid when the file as a whole cannot be used."""

    def __init__(self, stream: Seekable) -> None:
        self._stream, self.budget = stream, ReadingBudget()
        self._files = zip_files.read_entries(stream)
        manifest = self._manifest()
        self.directory_id = _guid(manifest.get("directory_id"))
        says = {name: manifest.get(name) for name in ("backup_set", "tenant", "created_at")}
        self.says = {
            name: storable_text(value)[:MAX_DESCRIPTION] for name, value in says.items() if isinstance(value, str | int)
        }
        self.lines = _lines(manifest["policies"])
        _refuse_contradictions(manifest, self.lines)
        listed = {line.file for line in self.lines}
        unlisted = [name for name in self._files if name not in listed and name != MANIFEST]
        self.lines += [ManifestLine(name, "manifest.json does not list it.") for name in unlisted]

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._files:
            raise Invalid("The ZIP has no manifest.json: upload a backup set as it was downloaded here.")
        try:
            manifest = self._json(MANIFEST)
        except LeftOut as e:
            raise Invalid(f"Its manifest.json cannot be read: {e}") from e
        if not isinstance(manifest, dict) or not isinstance(manifest.get("policies"), list):
            raise Invalid("Its manifest.json cannot be read: it lists no policies.")
        if len(manifest["policies"]) > MAX_FILES:
            raise Invalid(f"Its manifest.json lists more than {MAX_FILES:,} policies.")
        return manifest

    def document(self, line: ManifestLine) -> dict[str, Any]:
        """Read {"body": {...}, "assignments": [...] or None}. Raises LeftOut, and Invalid when the budget is spent."""
        if line.problem:
            raise LeftOut(line.problem)
        if line.file not in self._files:
            raise LeftOut("it is not in the ZIP.")
        content = self._json(line.file)
        _require_shape(content)
        return {"body": content["body"], "assignments": content.get("assignments")}

    def _json(self, name: str) -> Any:
        entry = self._files[name]
        self.budget.spend_size(entry.size)
        try:
            data = zip_files.read_entry(self._stream, entry)
        except BrokenEntry as e:
            raise LeftOut("it is broken.") from e
        if sum(map(data.count, (b"[", b"{", b","))) > MAX_VALUES_IN_FILE:
            raise LeftOut("it holds more values than any policy does.")
        self.budget.spend(data)
        return _parse(data)


def _parse(data: bytes) -> Any:
    try:
        value = strict_json.loads(data.decode())
    except UnicodeDecodeError as e:
        raise LeftOut("it is not in UTF-8.") from e
    except RecursionError as e:
        raise LeftOut("it is nested too deeply.") from e
    except strict_json.DuplicateKey as e:
        raise LeftOut("it says one thing twice.") from e
    except ValueError as e:
        raise LeftOut("it is no JSON.") from e
    if strict_json.is_deep(value, MAX_DEPTH):
        raise LeftOut("it is nested too deeply.")
    return value


def _guid(value: Any) -> str:
    try:
        return str(UUID(value))
    except (AttributeError, TypeError, ValueError) as e:
        raise Invalid("Its manifest.json does not say of which directory it is.") from e


def storable_text(value: Any) -> str:
    """Return the value as a text that can be stored: PostgreSQL takes no NUL, and no database half a character."""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "")


def _lines(entries: list[Any]) -> list[ManifestLine]:
    seen: set[tuple[str, str]] = set()
    return [_line(entry, number, seen) for number, entry in enumerate(entries, start=1)]


def _line(entry: Any, number: int, seen: set[tuple[str, str]]) -> ManifestLine:
    problem = _line_problem(entry)
    if problem:
        file = entry.get("file") if isinstance(entry, dict) else None
        return ManifestLine(
            storable_text(file)[:1000] if file and isinstance(file, str) else f"line {number} of manifest.json", problem
        )
    key = (entry["policy_type"], entry["graph_id"])
    problem = "it is listed twice." if key in seen else ""
    seen.add(key)
    texts = {name: entry[name] if name == "file" else storable_text(entry[name]) for name in _TEXTS}
    return ManifestLine(
        **texts,
        problem=problem,
        sha256=str(entry.get("sha256") or "")[:64],
        references=_references(entry.get("references")),
    )


def _line_problem(line: Any) -> str:
    if not isinstance(line, dict):
        return "it is no object."
    for name, longest in _TEXTS.items():
        if not isinstance(line.get(name), str) or not 0 < len(line[name]) <= longest:
            return f"the manifest says no {name.replace('_', ' ')} that could be used."
    return ""


def _references(value: Any) -> dict[str, dict[str, str | None]]:
    """Return {"groups": {id: name or None}, …}, without anything that has another form."""
    kinds = value if isinstance(value, dict) else {}
    return {
        storable_text(kind): {
            storable_text(object_id): None if name is None else storable_text(name)[:1000]
            for object_id, name in names.items()
        }
        for kind, names in kinds.items()
        if isinstance(names, dict)
    }


def _refuse_contradictions(manifest: Mapping[str, Any], lines: list[ManifestLine]) -> None:
    """Check the manifest against itself. Raises Invalid."""
    count = manifest.get("count")
    if count is not None and count != len(lines):
        raise Invalid(f"Its manifest.json says {storable_text(count)[:20]} policies, and lists {len(lines)}.")
    duplicate = next(_repeated(line.file for line in lines), None)
    if duplicate is not None:
        raise Invalid(f"Its manifest.json lists the file “{storable_text(duplicate)[:100]}” twice.")


def _repeated(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _require_shape(document: Any) -> None:
    """Check that the document is {"body": {...}, "assignments": [...] or null}. Raises LeftOut."""
    assignments = document.get("assignments") if isinstance(document, dict) else None
    is_policy = isinstance(document, dict) and set(document) <= {"body", "assignments"}
    is_policy = is_policy and isinstance(document.get("body"), dict)
    if not is_policy or not (assignments is None or _are_objects(assignments)):
        raise LeftOut("it is no policy as our downloads have them.")


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(element, dict) for element in value)
