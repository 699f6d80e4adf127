"""The HTML file: whole, by itself, and in its language's direction."""

from actors.documents.blocks import Contents, ContentsGroup, Cover, Facts, Heading, Look, Paragraph, Row, TextTable
from actors.documents.html_writer import html_pieces
from actors.documents.language import DocumentLanguage

BLOCKS = (
    Cover("Title", "Of it", "Example IT"),
    Facts([("Name", "Value")]),
    Contents([ContentsGroup("Type", "type-1", [("Policy", "policy-1"), ("", "policy-2")])]),
    Heading(2, "Type", "type-1"),
    Paragraph("One\nTwo", Look.WARNING),
    TextTable("Settings", ("Setting", "Value"), [Row(("A", "1"), 9, "id-1"), Row(("B", "2"))]),
)


def test_the_file_needs_nothing_from_elsewhere_and_says_what_it_is():
    page = "".join(html_pieces(BLOCKS, "Title", DocumentLanguage("ar")))
    for part in ('<html lang="ar" dir="rtl">', "default-src 'none'".replace("'", "&#39;"), "<title>Title</title>",
                 '<nav aria-label="Contents">', '<a href="#policy-2">policy-2</a>', '<h2 id="type-1">Type</h2>',
                 '<p class="warning">One\nTwo</p>', '<th scope="col">Setting</th>', '<td class="in3">A</td>',
                 '<span class="small">id-1</span>', "<dt>Name</dt><dd>Value</dd>"):  # fmt: skip
        assert part in page, part
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
