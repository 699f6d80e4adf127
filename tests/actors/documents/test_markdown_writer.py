"""Markdown: marks at the beginning of lines, cells, and indented settings."""

import pytest

from actors.documents.blocks import Heading, Look, Paragraph, Row, TextTable
from actors.documents.markdown_writer import markdown_pieces


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# a", r"\# a"), ("- a", r"\- a"), ("+ a", r"\+ a"), ("1) a", r"1\) a"), ("12. a", r"12\. a"),
        ("===", r"\==="),
        ("a - b # c 1. d", "a - b # c 1. d"), ("2026 a", "2026 a"), ("a|b", r"a\|b"), ("  \ta", "a"),
        ("http://x", r"http\://x"), ("www.x", r"www\.x"), ("a@b.c", r"a\@b.c"), ("a\n\nb", "a\\\nb"),
        ("&lt;", r"\&lt;"),
    ],
)  # fmt: skip
def test_texts_stay_texts(text, told):
    assert "".join(markdown_pieces([Paragraph(text)])) == f"{told}\n\n"


def test_tables_headings_and_notes():
    table = TextTable("", ("Setting", "Value"), [Row(("A\nB", "1"), 2, "id")])
    assert "".join(markdown_pieces([Heading(3, "", "policy-1"), Paragraph("a\nb", Look.NOTE), table])) == (
        '<a id="policy-1"></a>\n\n### –\n\n> a\\\n> b\n\n'
        "| Setting | Value |\n| --- | --- |\n| &nbsp;&nbsp;&nbsp;&nbsp;A<br>B | 1<br>id |\n\n"
    )
