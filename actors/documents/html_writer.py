"""Writes a document as one HTML file: no script, nothing from elsewhere, good to read and to print."""

import base64
from collections.abc import Iterable, Iterator

from markupsafe import Markup

from actors.documents.blocks import (
    Block,
    Contents,
    Cover,
    Facts,
    Heading,
    Look,
    Paragraph,
    TextTable,
    clean,
    on_one_line,
)
from actors.documents.language import DocumentLanguage

# The file asks nobody for anything, whatever a text in it might become.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --back: #f6f8fa; --link: #0a53a8; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: #fff;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere; }
a { color: var(--link); }
h1, h2, h3, h4 { line-height: 1.25; margin: 2rem 0 .5rem; }
h1 { font-size: 2rem; margin-top: 1rem; }
h2 { font-size: 1.5rem; border-bottom: 2px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.2rem; }
h4 { font-size: 1rem; margin-top: 1rem; }
p { margin: .5rem 0; white-space: pre-line; }
.note, .small { color: var(--soft); }
.small { display: block; font-size: .8rem; }
.warning { border-left: .25rem solid #9a6700; background: #fff8c5; padding: .5rem .75rem; }
.cover img { max-width: 15rem; max-height: 6rem; display: block; margin-bottom: 1rem; }
.cover p { color: var(--soft); margin: 0; }
dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .25rem 1rem; margin: .75rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; table-layout: fixed; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: start; vertical-align: top; border: 1px solid var(--line); padding: .3rem .5rem; }
td { white-space: pre-wrap; }
thead th { background: var(--back); }
.in1 { padding-inline-start: 1.5rem; } .in2 { padding-inline-start: 2.5rem; } .in3 { padding-inline-start: 3.5rem; }
nav ul { list-style: none; padding-inline-start: 1rem; margin: .25rem 0; }
nav > ul { padding: 0; }
nav > ul > li { margin-bottom: .5rem; }
@media (max-width: 34rem) {
  body { padding: 1rem .75rem 3rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  th, td { padding: .25rem .35rem; font-size: .9rem; }
}
@media print {
  @page { size: A4; margin: 18mm 16mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  a { color: inherit; text-decoration: none; }
  h1, h2, h3, h4 { break-after: avoid; }
  h2[id] { break-before: page; }
  tr, dl div { break-inside: avoid; }
  thead { display: table-header-group; }
}
"""
_DEEPEST = 3


def html_pieces(blocks: Iterable[Block], title: str, language: DocumentLanguage) -> Iterator[str]:
    """Yield the file piece by piece."""
    head = Markup(
        '<!doctype html>\n<html lang="{}" dir="{}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<title>{}</title>\n'
    )
    direction = "rtl" if language.is_right_to_left else "ltr"
    yield head.format(language.code, direction, _POLICY, on_one_line(title))
    yield f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    for block in blocks:
        yield from _block(block, language)
    yield "</main>\n</body>\n</html>\n"


def _block(block: Block, language: DocumentLanguage) -> Iterator[str]:
    match block:
        case Cover():
            yield _cover(block)
        case Heading():
            anchor = Markup(' id="{}"').format(block.anchor) if block.anchor else ""
            yield Markup("<h{0}{1}>{2}</h{0}>\n").format(block.level, anchor, on_one_line(block.text))
        case Paragraph():
            look = "" if block.look == Look.PLAIN else Markup(' class="{}"').format(block.look)
            yield Markup("<p{}>{}</p>\n").format(look, clean(block.text))
        case Facts():
            yield "<dl>\n"
            for name, value in block.pairs:
                yield Markup("<dt>{}</dt><dd>{}</dd>\n").format(clean(name), clean(value))
            yield "</dl>\n"
        case Contents():
            yield from _contents(block, language)
        case TextTable():
            yield from _table(block)


def _cover(cover: Cover) -> str:
    logo = ""
    if cover.logo:
        data = base64.b64encode(cover.logo).decode()
        logo = Markup('<img src="data:{};base64,{}" alt="{}">\n').format(
            cover.logo_type, data, on_one_line(cover.provider)
        )
    provider = Markup("<p>{}</p>\n").format(clean(cover.provider)) if cover.provider else ""
    parts = (logo, provider, on_one_line(cover.title), on_one_line(cover.subtitle))
    return Markup('<div class="cover">\n{}{}<h1>{}</h1>\n<p>{}</p>\n</div>\n').format(*parts)


def _contents(contents: Contents, language: DocumentLanguage) -> Iterator[str]:
    yield Markup('<nav aria-label="{}">\n<ul>\n').format(language.say("Contents"))
    for group in contents.groups:
        yield Markup('<li><a href="#{}">{}</a>\n<ul>\n').format(group.anchor, on_one_line(group.text))
        for text, anchor in group.links:
            yield Markup('<li><a href="#{}">{}</a></li>\n').format(anchor, on_one_line(text) or anchor)
        yield "</ul></li>\n"
    yield "</ul>\n</nav>\n"


def _table(table: TextTable) -> Iterator[str]:
    yield Markup("<table>\n<caption>{}</caption>\n<thead><tr>").format(on_one_line(table.title))
    for column in table.columns:
        yield Markup('<th scope="col">{}</th>').format(clean(column))
    yield "</tr></thead>\n<tbody>\n"
    for row in table.rows:
        depth = Markup(' class="in{}"').format(min(row.depth, _DEEPEST)) if row.depth else ""
        first, *others = row.cells
        yield Markup("<tr><td{}>{}</td>").format(depth, clean(first))
        small = Markup('<span class="small">{}</span>').format(clean(row.small)) if row.small else ""
        for place, cell in enumerate(others, start=2):
            yield Markup("<td>{}{}</td>").format(clean(cell), small if place == len(row.cells) else "")
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"
