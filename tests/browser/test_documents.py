"""A document's HTML file, opened as a file: axe finds nothing, and no script of a policy runs."""

from actors.documents.blocks import Contents, ContentsGroup, Cover, Facts, Heading, Look, Paragraph, Row, TextTable
from actors.documents.html_writer import html_pieces
from actors.documents.language import DocumentLanguage
from tests.browser.test_accessible import violations
from tests.support.documents import HOSTILE, png

BLOCKS = (
    Cover("Contoso", "All policies", "Example IT", png(200, 80), "image/png"),
    Facts([("Tenant", HOSTILE)]),
    Heading(2, "Contents"),
    Contents([ContentsGroup("Rings", "type-1", [(HOSTILE, "policy-1")])]),
    Heading(2, "Rings", "type-1"),
    Heading(3, HOSTILE, "policy-1"),
    Paragraph(HOSTILE, Look.WARNING),
    Paragraph("Beside it", Look.NOTE),
    Heading(4, "General"),
    TextTable("Ring", ("Setting", "Value"), [Row((HOSTILE * 20, HOSTILE), 1, "id")]),
)


def test_a_document_keeps_nobody_out_on_a_desk_and_on_a_phone(new_page, tmp_path):
    file = tmp_path / "document.html"
    file.write_text("".join(html_pieces(BLOCKS, "Contoso", DocumentLanguage("en"))))
    page = new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(file.as_uri())
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (said, {url.partition(":")[0] for url in asked} <= {"file", "data"}) == ([], True)
