"""DOCX files, opened by a real program where the machine has one."""

import io
import shutil
import subprocess
import zipfile
from datetime import datetime

import pytest

from actors.documents.blocks import Contents, ContentsGroup, Cover, Facts, Heading, Paragraph, Row, TextTable
from actors.documents.docx_writer import MAX_LOGO_HEIGHT, MAX_LOGO_WIDTH, write_docx
from actors.documents.language import DocumentLanguage
from tests.support.documents import HOSTILE, png

AT = datetime(2026, 11, 27, 3)
BLOCKS = (
    Facts([("Tenant", "Contoso")]),
    Contents([ContentsGroup("Rings", "type-1", [("Ring", "policy-1")])]),
    Heading(2, "Rings", "type-1"),
    Heading(3, "Ring", "policy-1"),
    Paragraph(HOSTILE),
    TextTable("Ring", ("Setting", "Value"), [Row(("Days", "3\n4"), 1, "id-1")]),
)


def made(logo=b""):
    out = io.BytesIO()
    write_docx(
        out,
        Cover("Contoso", "All", "Example IT", logo, "image/png" if logo else ""),
        BLOCKS,
        DocumentLanguage("en"),
        AT,
    )
    return out.getvalue()


class NoSeeking(io.RawIOBase):
    """What a document is written into: chunks, of which none is read again."""

    def __init__(self):
        super().__init__()
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def test_a_file_that_cannot_seek_gets_the_same_document():
    out = NoSeeking()
    write_docx(out, Cover("Contoso", "All"), BLOCKS, DocumentLanguage("en"), AT)
    with zipfile.ZipFile(io.BytesIO(bytes(out.data))) as file:
        assert file.testzip() is None
        document = file.read("word/document.xml").decode()
    assert '<w:hyperlink w:anchor="policy_1"' in document
    assert '<w:pStyle w:val="Heading2"/>' in document
    assert '<w:ind w:left="227"/>' in document
    assert "<w:br/>" in document


def test_a_logo_keeps_its_shape_within_bounds():
    for width, height in ((4000, 10), (10, 4000), (20, 20)):
        with zipfile.ZipFile(io.BytesIO(made(png(width, height)))) as file:
            extent = file.read("word/document.xml").decode().partition("<wp:extent ")[2].split('"')
        wide, high = int(extent[1]), int(extent[3])
        assert 0 < wide <= MAX_LOGO_WIDTH
        assert 0 < high <= MAX_LOGO_HEIGHT


@pytest.mark.skipif(not shutil.which("soffice"), reason="no LibreOffice (soffice) on this machine")
def test_libreoffice_opens_it_and_makes_a_pdf_of_it(tmp_path):
    (tmp_path / "document.docx").write_bytes(made(png(200, 80)))
    options = ["--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf"]
    done = subprocess.run(
        ["soffice", *options, "document.docx"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
    )
    assert "error" not in (done.stdout + done.stderr).lower(), done.stderr
    assert (tmp_path / "document.pdf").read_bytes().startswith(b"%PDF-")
