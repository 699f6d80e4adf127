"""An uploaded backup set: our own download, read with limits, for nothing in it can be trusted.

One budget for the whole: bytes, values, files, seconds. It is spent before what it pays for is done, so that no file is
parsed that is one too many, and nothing is compared that did not pass.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actors.uploads import zip_files
from actors.uploads.zip_files import MOST_FILES, Broken, Seekable
from db.errors import Invalid
from graph.transport import strict_json

MOST_BYTES = 256 * 1024 * 1024
# A value of two letters becomes an object of a hundred bytes.
MOST_VALUES, MOST_VALUES_IN_FILE = 4_000_000, 500_000
# Of the processor, for one attempt: what others do meanwhile is nobody's fault.
MOST_SECONDS = 120
DEEPEST = 150
MANIFEST = "manifest.json"
_TEXTS = {"file": 1000, "policy_type": 80, "graph_id": 200, "name": 1000, "fingerprint": 64}
_LONGEST_SAID = 200


class LeftOut(Exception):
    """One file of the upload cannot be used, and why."""


@dataclass
class Budget:
    """What is left of it."""

    size: int = field(default_factory=lambda: MOST_BYTES)
    values: int = field(default_factory=lambda: MOST_VALUES)
    until: float = field(default_factory=lambda: time.thread_time() + MOST_SECONDS)

    def spend(self, data: bytes) -> None:
        """For a file that is to be parsed. Raises Invalid when the whole is too large after all."""
        self.values -= sum(map(data.count, (b"[", b"{", b",")))
        if self.values < 0:
            raise Invalid("The files hold more values together than any backup does.")
        self.check()

    def spend_size(self, count: int) -> None:
        self.size -= count
        if self.size < 0:
            raise Invalid(f"Unpacked it is larger than {MOST_BYTES // 1024**2} MB.")

    def check(self) -> None:
        if time.thread_time() > self.until:
            raise Invalid(f"Reading it took longer than {MOST_SECONDS} seconds. Upload a part of it.")


@dataclass(frozen=True)
class Line:
    """What the manifest says of one of its files; `problem`: why it cannot be used, for that alone."""

    file: str
    problem: str = ""
    policy_type: str = ""
    graph_id: str = ""
    name: str = ""
    fingerprint: str = ""
    # Of its text; "" in files of before there was one.
    sha256: str = ""
    references: Mapping[str, Mapping[str, str | None]] | None = None

    @property
    def says(self) -> dict[str, Any]:
        """To be shown apart: whoever made the file may have written anything."""
        return {"name": self.name, **(self.references or {})}


class Unpacking:
    """Raises Invalid when the file as a whole cannot be used."""

    def __init__(self, stream: Seekable) -> None:
        self._stream, self.budget = stream, Budget()
        self._files = zip_files.entries(stream)
        manifest = self._manifest()
        self.directory_id = _guid(manifest.get("directory_id"))
        self.says = {name: text(manifest[name])[:_LONGEST_SAID] for name in ("backup_set", "tenant", "created_at")
                     if isinstance(manifest.get(name), str | int)}  # fmt: skip
        self.lines = _lines(manifest["policies"])
        _refuse_contradictions(manifest, self.lines)
        listed = {one.file for one in self.lines}
        self.lines += [Line(name, "manifest.json does not list it.") for name in self._files
                       if name not in listed and name != MANIFEST]  # fmt: skip

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._files:
            raise Invalid("The ZIP has no manifest.json: upload a backup set as it was downloaded here.")
        try:
            found = self._json(MANIFEST)
        except LeftOut as e:
            raise Invalid(f"Its manifest.json cannot be read: {e}") from e
        if not isinstance(found, dict) or not isinstance(found.get("policies"), list):
            raise Invalid("Its manifest.json cannot be read: it lists no policies.")
        if len(found["policies"]) > MOST_FILES:
            raise Invalid(f"Its manifest.json lists more than {MOST_FILES:,} policies.")
        return found

    def document(self, line: Line) -> dict[str, Any]:
        """{"body": {...}, "assignments": [...] or None}. Raises LeftOut, and Invalid when the budget is spent."""
        if line.problem:
            raise LeftOut(line.problem)
        if line.file not in self._files:
            raise LeftOut("it is not in the ZIP.")
        found = self._json(line.file)
        _require_shape(found)
        return {"body": found["body"], "assignments": found.get("assignments")}

    def _json(self, name: str) -> Any:
        entry = self._files[name]
        self.budget.spend_size(entry.size)
        try:
            data = zip_files.read(self._stream, entry)
        except Broken as e:
            raise LeftOut("it is broken.") from e
        if sum(map(data.count, (b"[", b"{", b","))) > MOST_VALUES_IN_FILE:
            raise LeftOut("it holds more values than any policy does.")
        self.budget.spend(data)
        return _parsed(data)


def _parsed(data: bytes) -> Any:
    try:
        found = strict_json.loads(data.decode())
    except UnicodeDecodeError as e:
        raise LeftOut("it is not in UTF-8.") from e
    except RecursionError as e:
        raise LeftOut("it is nested too deeply.") from e
    except strict_json.DuplicateKey as e:
        raise LeftOut("it says one thing twice.") from e
    except ValueError as e:
        raise LeftOut("it is no JSON.") from e
    if strict_json.is_deep(found, DEEPEST):
        raise LeftOut("it is nested too deeply.")
    return found


def _guid(value: Any) -> str:
    try:
        return str(UUID(value))
    except (AttributeError, TypeError, ValueError) as e:
        raise Invalid("Its manifest.json does not say of which directory it is.") from e


def text(value: Any) -> str:
    """As it can be kept: PostgreSQL takes no NUL, and no database half a character."""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "")


def _lines(said: list[Any]) -> list[Line]:
    seen: set[tuple[str, str]] = set()
    return [_line(one, number, seen) for number, one in enumerate(said, start=1)]


def _line(said: Any, number: int, seen: set[tuple[str, str]]) -> Line:
    problem = _line_problem(said)
    if problem:
        file = said.get("file") if isinstance(said, dict) else None
        return Line(text(file)[:1000] if file and isinstance(file, str) else f"line {number} of manifest.json", problem)
    key = (said["policy_type"], said["graph_id"])
    problem = "it is listed twice." if key in seen else ""
    seen.add(key)
    texts = {name: said[name] if name == "file" else text(said[name]) for name in _TEXTS}
    return Line(
        **texts,
        problem=problem,
        sha256=str(said.get("sha256") or "")[:64],
        references=_references(said.get("references")),
    )


def _line_problem(line: Any) -> str:
    if not isinstance(line, dict):
        return "it is no object."
    for name, longest in _TEXTS.items():
        if not isinstance(line.get(name), str) or not 0 < len(line[name]) <= longest:
            return f"the manifest says no {name.replace('_', ' ')} that could be used."
    return ""


def _references(value: Any) -> dict[str, dict[str, str | None]]:
    """{"groups": {id: name or None}, …}; anything else of it says nothing."""
    found = value if isinstance(value, dict) else {}
    return {
        text(kind): {text(one): None if name is None else text(name)[:1000] for one, name in names.items()}
        for kind, names in found.items()
        if isinstance(names, dict)
    }


def _refuse_contradictions(manifest: Mapping[str, Any], lines: list[Line]) -> None:
    """Of the manifest with itself. Raises Invalid."""
    said = manifest.get("count")
    if said is not None and said != len(lines):
        raise Invalid(f"Its manifest.json says {text(said)[:20]} policies, and lists {len(lines)}.")
    twice = next(_repeated(one.file for one in lines), None)
    if twice is not None:
        raise Invalid(f"Its manifest.json lists the file “{text(twice)[:100]}” twice.")


def _repeated(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _require_shape(document: Any) -> None:
    """A policy is {"body": {...}, "assignments": [...] or null}. Raises LeftOut."""
    assignments = document.get("assignments") if isinstance(document, dict) else None
    is_policy = isinstance(document, dict) and set(document) <= {"body", "assignments"}
    is_policy = is_policy and isinstance(document.get("body"), dict)
    if not is_policy or not (assignments is None or _are_objects(assignments)):
        raise LeftOut("it is no policy as our downloads have them.")


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
