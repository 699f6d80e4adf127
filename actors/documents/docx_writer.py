"""Writes a document as DOCX, piece by piece into its ZIP: however long it is, no tree of it stands in memory.

Why not python-docx or docxtpl: docs/decisions/0042-own-docx.md.
"""

import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO

from markupsafe import Markup

from actors.documents import docx_parts
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
from actors.documents.language import DocumentLanguage
from db.documents.provider import picture_size

# The width of a page's text, in twentieths of a point.
TEXT_WIDTH = 9864
INDENT = 227
MAX_LOGO_WIDTH, MAX_LOGO_HEIGHT = 2_160_000, 900_000  # EMU: 6 cm by 2.5 cm
EMU_PER_PIXEL = 9525
_LOOKS = {Look.PLAIN: "Normal", Look.NOTE: "Note", Look.WARNING: "Warning"}
# Of columns that are not alike: settings and their values, how and to whom.
_WIDTHS: dict[int, Sequence[int]] = {2: (4200, 5664), 3: (3400, 2200, 4264)}
_RUN = Markup('<w:r>{}<w:t xml:space="preserve">{}</w:t></w:r>')
_BOLD = Markup("<w:rPr><w:b/></w:rPr>")
_SMALL = Markup('<w:rPr><w:color w:val="57606A"/><w:sz w:val="15"/></w:rPr>')
_FIELD = Markup('<w:r><w:fldChar w:fldCharType="{}"/></w:r>')


def write_docx(
    sink: IO[bytes], cover: Cover, blocks: Iterable[Block], language: DocumentLanguage, at: datetime
) -> None:
    """Write the file into `sink`, which need not seek. `blocks` begin after the cover."""
    title, author = on_one_line(cover.title), on_one_line(cover.provider) or "Tenantkeep"
    parts = {
        "[Content_Types].xml": docx_parts.content_types(cover.logo_type),
        "_rels/.rels": docx_parts.PACKAGE_RELATIONS,
        "docProps/core.xml": docx_parts.core_properties(title, author, language.code, at),
        "word/_rels/document.xml.rels": docx_parts.document_relations(cover.logo_type),
        "word/settings.xml": docx_parts.SETTINGS,
        "word/styles.xml": docx_parts.styles(language.code, is_right_to_left=language.is_right_to_left),
        "word/footer1.xml": docx_parts.footer(title),
    }
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text.encode())
        if cover.logo:
            file.writestr(f"word/media/logo.{docx_parts.EXTENSIONS[cover.logo_type]}", cover.logo)
        with file.open("word/document.xml", "w") as document:
            document.writelines(piece.encode() for piece in _document(cover, blocks))


def _document(cover: Cover, blocks: Iterable[Block]) -> Iterator[str]:
    yield docx_parts.DOCUMENT_HEAD
    if cover.logo:
        yield docx_parts.logo_paragraph(cover, *_logo_size(cover.logo))
    if cover.provider:
        yield _paragraph("Subtitle", _text(on_one_line(cover.provider)))
    yield _paragraph("Title", _text(on_one_line(cover.title)))
    yield _paragraph("Subtitle", _text(on_one_line(cover.subtitle)))
    bookmarks = itertools.count(1)
    for block in blocks:
        yield from _block(block, bookmarks)
    yield _paragraph("Gap", Markup())
    yield docx_parts.DOCUMENT_END


def _logo_size(logo: bytes) -> tuple[int, int]:
    width, height = (pixels * EMU_PER_PIXEL for pixels in picture_size(logo))
    scale = min(1.0, MAX_LOGO_WIDTH / width, MAX_LOGO_HEIGHT / height)
    return max(int(width * scale), 1), max(int(height * scale), 1)


def _block(block: Block, bookmarks: Iterator[int]) -> Iterator[str]:
    match block:
        case Heading():
            text = _text(on_one_line(block.text) or "–")
            content = _bookmarked(text, block.anchor, next(bookmarks)) if block.anchor else text
            yield _paragraph(f"Heading{block.level - 1}", content)
        case Paragraph():
            yield _paragraph(_LOOKS[block.look], _text(block.text))
        case Facts():
            for name, value in block.pairs:
                yield _paragraph("Fact", _text(name, _BOLD) + Markup("<w:r><w:tab/></w:r>") + _text(value))
        case Contents():
            yield from _contents(block)
        case TextTable():
            yield from _table(block)


def _paragraph(style: str, content: Markup, more: Markup | str = "") -> str:
    return Markup('<w:p><w:pPr><w:pStyle w:val="{}"/>{}</w:pPr>{}</w:p>').format(style, more, content)


def _text(text: str, look: Markup | str = "") -> Markup:
    """Return the runs of a text; its ends of lines and tabs are elements of their own."""
    runs = []
    for number, line in enumerate(clean(text).split("\n")):
        runs += [Markup("<w:r><w:br/></w:r>")] if number else []
        for place, part in enumerate(line.split("\t")):
            runs += [Markup("<w:r><w:tab/></w:r>")] if place else []
            runs += [_RUN.format(look, part)] if part else []
    return Markup().join(runs)


def _bookmarked(content: Markup, anchor: str, number: int) -> Markup:
    name = anchor.replace("-", "_")
    return Markup('<w:bookmarkStart w:id="{0}" w:name="{1}"/>{2}<w:bookmarkEnd w:id="{0}"/>').format(
        number, name, content
    )


def _contents(contents: Contents) -> Iterator[str]:
    """Write a field that the reader's program fills with page numbers when asked; until then it is a list of links."""
    begin = _FIELD.format("begin") + Markup(
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
    )
    opening = begin + _FIELD.format("separate")
    for group in contents.groups:
        yield _paragraph("TOC1", opening + _link(group.text, group.anchor))
        opening = Markup()
        for text, anchor in group.links:
            yield _paragraph("TOC2", _link(text, anchor))
    yield _paragraph("Gap", opening + _FIELD.format("end"))


def _link(text: str, anchor: str) -> Markup:
    words = _text(on_one_line(text) or anchor)
    return Markup('<w:hyperlink w:anchor="{}" w:history="1">{}</w:hyperlink>').format(anchor.replace("-", "_"), words)


def _table(table: TextTable) -> Iterator[str]:
    widths = _WIDTHS.get(len(table.columns)) or [TEXT_WIDTH // len(table.columns)] * len(table.columns)
    yield Markup(
        '<w:tbl><w:tblPr><w:tblStyle w:val="Lines"/><w:tblW w:w="{}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1" '
        'w:noVBand="1"/><w:tblCaption w:val="{}"/></w:tblPr><w:tblGrid>{}</w:tblGrid>'
    ).format(
        sum(widths),
        on_one_line(table.title)[:250],
        Markup().join(Markup('<w:gridCol w:w="{}"/>').format(width) for width in widths),
    )
    shade = Markup('<w:shd w:val="clear" w:color="auto" w:fill="F6F8FA"/>')
    heading = [_cell(_text(column, _BOLD), width, shade) for column, width in zip(table.columns, widths, strict=True)]
    yield Markup("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{}</w:tr>").format(Markup().join(heading))
    for row in table.rows:
        yield _row(row, widths)
    yield "</w:tbl>"
    yield _paragraph("Gap", Markup())


def _row(row: Row, widths: Sequence[int]) -> str:
    cells = []
    for place, (text, width) in enumerate(zip(row.cells, widths, strict=True), start=1):
        content = _text(text)
        if row.small and place == len(row.cells):
            content += Markup("<w:r><w:br/></w:r>") + _text(row.small, _SMALL)
        indent = Markup('<w:ind w:left="{}"/>').format(INDENT * row.depth) if row.depth and place == 1 else ""
        cells.append(_cell(content, width, indent=indent))
    return Markup("<w:tr>{}</w:tr>").format(Markup().join(cells))


def _cell(content: Markup, width: int, shade: Markup | str = "", indent: Markup | str = "") -> Markup:
    return Markup('<w:tc><w:tcPr><w:tcW w:w="{}" w:type="dxa"/>{}</w:tcPr>{}</w:tc>').format(
        width, shade, _paragraph("Cell", content, indent)
    )
