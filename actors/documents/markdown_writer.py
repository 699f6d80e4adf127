"""Writes a document as Markdown that GitHub and others show alike. Nothing in a policy can become a mark of it."""

import re
from collections.abc import Iterable, Iterator

from actors.documents.blocks import (
    Block,
    Contents,
    Cover,
    Facts,
    Heading,
    Look,
    Paragraph,
    Row,
    TextTable,
    clean,
    on_one_line,
)

# Marks wherever they stand: emphasis, code, links, HTML, entities, tables, struck text, formulas, people on GitHub.
_MARKS = re.compile(r"([\\`*_\[\]<>|~&$@])")
# GitHub makes links of bare addresses (https://github.github.com/gfm/#autolinks-extension-).
_ADDRESS = re.compile(r"(?<=[a-zA-Z])(?=://)|(?<=\bwww)(?=\.)", re.IGNORECASE)
# Marks at the beginning of a line: headings, lists, rules, and the line below that makes a heading of the one above.
_BEGINNING = re.compile(r"(#|\+|-|=|\d{1,9}(?=[.)]))")
_INDENT = "&nbsp;&nbsp;"


def markdown_pieces(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the file piece by piece. A logo is left out: Markdown has none of its own."""
    for block in blocks:
        match block:
            case Cover():
                provider = f"{_inline(block.provider)}\n\n" if block.provider else ""
                yield f"{provider}# {_inline(block.title)}\n\n{_lines(block.subtitle)}\n\n"
            case Heading():
                anchor = f'<a id="{block.anchor}"></a>\n\n' if block.anchor else ""
                yield f"{anchor}{'#' * block.level} {_inline(block.text) or '–'}\n\n"
            case Paragraph():
                text = _lines(block.text)
                yield f"> {text.replace(chr(10), chr(10) + '> ')}\n\n" if block.look != Look.PLAIN else f"{text}\n\n"
            case Facts():
                yield "".join(f"- **{_inline(name)}:** {_inline(value)}\n" for name, value in block.pairs) + "\n"
            case Contents():
                yield from _contents(block)
            case TextTable():
                yield from _table(block)


def _contents(contents: Contents) -> Iterator[str]:
    for group in contents.groups:
        yield f"- [{_inline(group.text)}](#{group.anchor})\n"
        for text, anchor in group.links:
            yield f"  - [{_inline(text) or anchor}](#{anchor})\n"
    yield "\n"


def _table(table: TextTable) -> Iterator[str]:
    yield f"| {' | '.join(map(_inline, table.columns))} |\n|{' --- |' * len(table.columns)}\n"
    for row in table.rows:
        yield f"| {' | '.join(_cells(row))} |\n"
    yield "\n"


def _cells(row: Row) -> list[str]:
    first, *others = map(_cell, row.cells)
    cells = [_INDENT * row.depth + first, *others]
    if row.small:
        cells[-1] += f"<br>{_cell(row.small)}"
    return cells


def _cell(text: str) -> str:
    return "<br>".join(_escape(line) for line in clean(text).split("\n"))


def _inline(text: str) -> str:
    return _at_beginning(_escape(on_one_line(text)))


def _lines(text: str) -> str:
    """Return a paragraph; its lines stay lines, and an empty line ends nothing."""
    lines = [" ".join(line.split()) for line in clean(text).split("\n")]
    return "\\\n".join(_at_beginning(_escape(line)) for line in lines if line)


def _escape(text: str) -> str:
    return _ADDRESS.sub(r"\\", _MARKS.sub(r"\\\1", text.strip()))


def _at_beginning(line: str) -> str:
    found = _BEGINNING.match(line)
    if not found:
        return line
    mark = found[1]
    return f"{mark}\\{line[len(mark) :]}" if mark[0].isdigit() else f"\\{line}"
