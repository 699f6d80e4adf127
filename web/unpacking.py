"""A backup set as somebody uploads it: our own download, read with limits, for nothing in it can be trusted."""

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any
from uuid import UUID

from actors.restore_requests import Uploaded
from db.errors import Invalid
from db.restores import Source

MOST_FILES = 20_000
MOST_BYTES = 256 * 1024 * 1024
# Text as we write it does not shrink to less than that; a bomb does.
MOST_RATIO, RATIO_FROM = 200, 10 * 1024 * 1024
# One file is read as a whole; and a value of two letters becomes an object of a hundred bytes.
LARGEST_FILE = 32 * 1024 * 1024
MOST_VALUES = 1_000_000
# The list of files at the end of a ZIP is read as a whole, before any of them can be counted.
LARGEST_DIRECTORY = 8 * 1024 * 1024
DEEPEST = 150
MANIFEST = "manifest.json"
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, struct.error)
_TEXTS = {"file": 1000, "policy_type": 80, "graph_id": 200, "name": 1000, "fingerprint": 64}


class Unpacking:
    """Raises Invalid when the file as a whole cannot be used; `left_out` names the files that cannot, and why."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self.left_out: list[str] = []
        self._read_bytes = 0
        self._zip = _opened(stream)
        self._files = _checked(self._zip)
        manifest = self._manifest()
        self.directory_id = _guid(manifest.get("directory_id"))
        self._lines = manifest["policies"]
        said = f"uploaded backup set {_text(manifest.get('backup_set'))} of {_text(manifest.get('tenant'))}"
        self.source = Source(self.directory_id, said[:250])

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._files:
            raise Invalid("The ZIP has no manifest.json: upload a backup set as it was downloaded here.")
        found, problem = self._json(MANIFEST)
        if problem or not isinstance(found, dict) or not isinstance(found.get("policies"), list):
            raise Invalid(f"Its manifest.json cannot be read: {problem or 'it lists no policies.'}")
        return found

    def uploaded(self) -> Iterator[Uploaded]:
        """One after another, so that only one is in memory."""
        seen: set[tuple[str, str]] = set()
        for line in self._lines[:MOST_FILES]:
            problem = _line_problem(line)
            name = _text(line.get("file"))[:60] if isinstance(line, dict) else "a line of the manifest"
            if not problem and (line["policy_type"], line["graph_id"]) in seen:
                problem = "it is listed twice."
            document, problem = (None, problem) if problem else self._document(line["file"])
            if problem:
                self.left_out.append(f"{name}: {problem}")
                continue
            seen.add((line["policy_type"], line["graph_id"]))
            yield _uploaded(line, document)

    def _document(self, name: str) -> tuple[Any, str]:
        if name not in self._files:
            return None, "it is not in the ZIP."
        found, problem = self._json(name)
        return found, problem or _shape_problem(found)

    def _json(self, name: str) -> tuple[Any, str]:
        """(what it holds, why not). Raises Invalid when the whole is too large after all."""
        try:
            data = self._bytes(name)
            if sum(map(data.count, (b"[", b"{", b","))) > MOST_VALUES:
                return None, "it holds more values than any policy does."
            found = json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_finite)
        except UnicodeDecodeError:
            return None, "it is not in UTF-8."
        except RecursionError:
            return None, "it is nested too deeply."
        except Invalid:
            raise
        except _BROKEN:
            return None, "it is broken, or no JSON."
        return (None, "it is nested too deeply.") if _is_deep(found) else (found, "")

    def _bytes(self, name: str) -> bytes:
        """Counted while it is read: a header may lie about the size."""
        left = min(MOST_BYTES - self._read_bytes, LARGEST_FILE)
        with self._zip.open(self._files[name]) as file:
            data = file.read(left + 1)
        self._read_bytes += len(data)
        if len(data) > left:
            raise Invalid(_too_large())
        return data


def _opened(stream: IO[bytes] | None) -> zipfile.ZipFile:
    try:
        if stream is None or _directory_bytes(stream) > LARGEST_DIRECTORY:
            raise Invalid("Choose a file." if stream is None else f"The ZIP holds more than {MOST_FILES:,} files.")
        return zipfile.ZipFile(stream)
    except Invalid:
        raise
    except _BROKEN as e:
        raise Invalid("That is not a ZIP file.") from e


def _directory_bytes(stream: IO[bytes]) -> int:
    """The size of the list of files, as the end of a ZIP says; what says nothing is refused by who reads it."""
    stream.seek(0, 2)
    begin = max(stream.tell() - 65_557, 0)
    stream.seek(begin)
    _, found, end = stream.read(65_557).rpartition(b"PK\x05\x06")
    stream.seek(0)
    return int.from_bytes(end[8:12], "little") if found else 0


def _checked(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Name -> entry. Raises Invalid."""
    if not all(one.filename for one in file.infolist()):
        raise Invalid("The ZIP holds a file without a name.")
    entries = [one for one in file.infolist() if not one.is_dir()]
    if len(entries) > MOST_FILES:
        raise Invalid(f"The ZIP holds more than {MOST_FILES:,} files.")
    for one in entries:
        _check_entry(one)
    if sum(one.file_size for one in entries) > MOST_BYTES:
        raise Invalid(_too_large())
    named = {one.filename: one for one in entries}
    if len(named) != len(entries):
        raise Invalid("The ZIP holds two files of one name.")
    return named


def _check_entry(one: zipfile.ZipInfo) -> None:
    path = PurePosixPath(one.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise Invalid("The ZIP holds a file that leads out of its folder.")
    if one.flag_bits & 0x1:
        raise Invalid("The ZIP is encrypted. Upload it without a password.")
    if one.compress_type not in _READABLE:
        raise Invalid("The ZIP is compressed in a way that our downloads are not.")
    if one.file_size > LARGEST_FILE:
        raise Invalid(f"The ZIP holds a file of more than {LARGEST_FILE // 1024**2} MB: no policy is as large.")
    if one.file_size > RATIO_FROM and one.file_size > MOST_RATIO * max(one.compress_size, 1):
        raise Invalid("The ZIP holds a file that grows more than any policy does when it is unpacked.")


def _too_large() -> str:
    return f"Unpacked it is larger than {MOST_BYTES // 1024**2} MB."


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    """1e999 would be infinite, which nothing after this could write as JSON."""
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _is_deep(value: Any) -> bool:
    """Without recursion: that is what it protects from."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level, depth = [one for values in inner for one in values], depth + 1
    return bool(level)


def _guid(value: Any) -> str:
    try:
        return str(UUID(value))
    except (AttributeError, TypeError, ValueError) as e:
        raise Invalid("Its manifest.json does not say of which directory it is.") from e


def _text(value: Any) -> str:
    """As it can be kept: PostgreSQL takes no NUL, and no database half a character."""
    return str(value).encode("utf-8", "replace").decode().replace("\x00", "")


def _line_problem(line: Any) -> str:
    if not isinstance(line, dict):
        return "it is no object."
    for name, longest in _TEXTS.items():
        if not isinstance(line.get(name), str) or not 0 < len(line[name]) <= longest:
            return f"the manifest says no {name.replace('_', ' ')} that could be used."
    return ""


def _shape_problem(document: Any) -> str:
    """A policy is {"body": {...}, "assignments": [...] or null}."""
    assignments = document.get("assignments") if isinstance(document, dict) else None
    is_policy = isinstance(document, dict) and set(document) <= {"body", "assignments"}
    is_policy = is_policy and isinstance(document.get("body"), dict)
    if not is_policy or not (assignments is None or _are_objects(assignments)):
        return "it is no policy as our downloads have them."
    return ""


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _uploaded(line: dict[str, Any], document: Any) -> Uploaded:
    return Uploaded(
        policy_type=_text(line["policy_type"]),
        graph_id=_text(line["graph_id"]),
        name=_text(line["name"]),
        fingerprint=line["fingerprint"],
        references=_references(line.get("references")),
        document={"body": document["body"], "assignments": document.get("assignments")},
        sha256=str(line.get("sha256") or "")[:64],
    )


def _references(value: Any) -> dict[str, dict[str, str | None]]:
    """{"groups": {id: name or None}, …}; anything else of it says nothing."""
    found = value if isinstance(value, dict) else {}
    return {
        _text(kind): {_text(one): None if name is None else _text(name) for one, name in names.items()}
        for kind, names in found.items()
        if isinstance(names, dict)
    }
