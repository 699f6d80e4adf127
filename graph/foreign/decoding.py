"""Reads a file's bytes as a value: encodings, JSON with a tolerant second try, YAML. Anybody may have written them."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from graph.foreign import yaml_text
from graph.foreign.export import FindingKind, ImportFinding
from graph.transport import strict_json

LARGEST_FILE = 32 * 1024 * 1024
MOST_VALUES = 500_000
# JSON in a text in JSON: KelvinTegelaar/CIPP keeps rows whose text holds a template whose text holds a policy.
DEEPEST_TEXT = 4
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_YAML = re.compile(r"(?:^---\s*\n)?^(?:'[^'\n]+'|\"[^\"\n]+\"|[A-Za-z@_#][\w@.# -]*):(?:\s|$)", re.MULTILINE)
_YAML_NAMES = (".yaml", ".yml")
# A comma before a closing bracket, outside of texts; texts are skipped whole. One without an end goes to the file's
# end: else it would be looked through again from each of its marks.
_TRAILING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*+[}\]])', re.DOTALL)


class Unreadable(Exception):
    """Raised for a file that holds a policy, perhaps, and cannot be read; the text says why."""


@dataclass(frozen=True)
class Document:
    """A file's value. `is_yaml` and `indent` (blanks before the first key of JSON) tell some tools apart."""

    value: Any
    is_yaml: bool = False
    indent: int = 0
    findings: tuple[ImportFinding, ...] = ()


def decode_text(data: bytes) -> str:
    """Return the text of UTF-8 or UTF-16, with or without a mark of its order. Raises Unreadable."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"It is larger than {LARGEST_FILE // 1024**2} MB: no policy is as large.")
    try:
        if data.startswith(_UTF16):
            return data.decode("utf-16")
        if len(data) > 3 and not data[1] and data[0]:  # Windows PowerShell, the mark cut off
            return data.decode("utf-16-le")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise Unreadable("It is neither in UTF-8 nor in UTF-16.") from e


def read_document(path: str, data: bytes) -> Document | None:
    """Return what the file holds; None for a text that is neither JSON nor YAML. Raises Unreadable."""
    text = decode_text(data)
    begins = text.lstrip()[:1]
    if not begins:
        return None
    if begins in ("{", "[") or (begins == '"' and text.rstrip().endswith('"')):
        return _json(text)
    if PurePosixPath(path).suffix.lower().strip() in _YAML_NAMES and _YAML.search(text[:2000]):
        return _yaml(text)
    return None


def _json(text: str) -> Document:
    _require_few_values(text)
    indent = re.match(r"\s*[\[{]\s*\n( *)", text)
    blanks = len(indent[1]) if indent else 0
    try:
        return Document(unwrap(_loads(text)), indent=blanks)
    except strict_json.DuplicateKey as e:
        raise Unreadable("It says one thing twice.") from e
    except ValueError:
        tolerant = _TRAILING.sub(lambda match: "" if match[0] == "," else match[0], text)
    try:
        value = unwrap(_loads(tolerant)) if tolerant != text else None
    except ValueError as e:
        raise Unreadable("It is damaged: it begins as JSON and is none.") from e
    if value is None:
        raise Unreadable("It is damaged: it begins as JSON and is none.")
    note = ImportFinding(FindingKind.PUT_RIGHT, "Commas that its tool left before closing brackets are taken out.")
    return Document(value, indent=blanks, findings=(note,))


def _require_few_values(text: str) -> None:
    if text.count(",") + text.count("{") + text.count("[") > MOST_VALUES:
        raise Unreadable("It holds more values than any policy does.")


def _loads(text: str) -> Any:
    try:
        value = strict_json.loads(text)
    except RecursionError as e:
        raise Unreadable("It is nested too deeply.") from e
    if strict_json.is_deep(value):
        raise Unreadable("It is nested too deeply.")
    return value


def _yaml(text: str) -> Document:
    _require_few_values(text)
    try:
        return Document(yaml_text.loads(text), is_yaml=True)
    except yaml_text.NotPlain as e:
        raise Unreadable(f"It is no YAML that can be used: {e}") from e


def unwrap(value: Any) -> Any:
    """Return the value of a text that holds JSON, a few times over; any other value as it is."""
    for _ in range(DEEPEST_TEXT):
        if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
            break
        _require_few_values(value)
        try:
            value = _loads(value.lstrip("\ufeff"))
        except ValueError:
            break
    return value
