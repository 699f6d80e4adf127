"""The parts that a document is made of, whatever it is written as. Every text in them is plain, and untrusted.

A writer takes each text through `clean`: what XML, UTF-8 or a reader's eye would stumble over is replaced.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# Everything that XML 1.0 has no character for (https://www.w3.org/TR/xml/#charsets): control characters, NUL, lone
# surrogates. And the marks that turn the direction of what follows them around: they make one text look like another.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")


class Look(StrEnum):
    """The look of a paragraph."""

    PLAIN = "plain"
    # Said beside the matter.
    NOTE = "note"
    # Something is missing.
    WARNING = "warning"


@dataclass(frozen=True)
class Cover:
    """The first page. `logo`: a PNG or a JPEG, checked when it was given."""

    title: str
    subtitle: str
    provider: str = ""
    logo: bytes = b""
    logo_type: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or deeper. `anchor`: letters, digits and "-"; "": nothing leads to it."""

    level: int
    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    text: str
    look: Look = Look.PLAIN


@dataclass(frozen=True)
class Facts:
    """Names and values, a line each."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ContentsGroup:
    text: str
    anchor: str
    # (text, anchor)
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Contents:
    """A list of contents that leads to headings."""

    groups: Sequence[ContentsGroup]


@dataclass(frozen=True)
class Row:
    """A row of a table. `depth`: how far its first cell stands in. `small`: what stands below its last cell."""

    cells: Sequence[str]
    depth: int = 0
    small: str = ""


@dataclass(frozen=True)
class TextTable:
    """A table with a heading row. `title` says what it is of, for who does not see it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]


Block = Cover | Heading | Paragraph | Facts | Contents | TextTable


def clean(text: str) -> str:
    """Return the text with line feeds alone as ends of lines, and U+FFFD for what no file can hold."""
    return _UNFIT.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def on_one_line(text: str) -> str:
    return " ".join(clean(text).split())
