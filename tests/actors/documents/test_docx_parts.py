"""Parts of a DOCX beside its text: each is XML, whatever the title is."""

import xml.etree.ElementTree as ET
from datetime import datetime

from actors.documents import docx_parts
from actors.documents.blocks import Cover


def test_every_part_is_xml_and_a_title_is_text():
    title = "<b>&\"'"
    cover = Cover(title, "", title, b"x", "image/png")
    at = datetime(2026, 11, 27, 3)
    for part in (
        docx_parts.content_types("image/jpeg"), docx_parts.content_types(""), docx_parts.PACKAGE_RELATIONS,
        docx_parts.document_relations("image/png"), docx_parts.SETTINGS, docx_parts.footer(title),
        docx_parts.core_properties(title, title, "de", at), docx_parts.styles("ar", is_right_to_left=True),
        f"{docx_parts.DOCUMENT_HEAD}{docx_parts.logo_paragraph(cover, 9525, 9525)}{docx_parts.DOCUMENT_END}",
    ):  # fmt: skip
        tree = ET.fromstring(part)  # noqa: S314 - we made it
        assert "b" not in {element.tag for element in tree.iter()}
    assert "<w:bidi/>" in docx_parts.styles("ar", is_right_to_left=True)
