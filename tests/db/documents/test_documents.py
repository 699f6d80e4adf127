"""Documents as rows: sealed chunks under a claim, bounded, and deleted when their time is over."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.documents import documents
from db.documents.documents import CHUNK_BYTES, DocumentFile
from db.encryption import SealError
from db.errors import Invalid
from db.models import DocumentChunk, PolicyDocument
from db.runs import claims
from db.runs.claims import ClaimLost
from db.runs.run_items import NewRunItem
from db.states import RunKind


@pytest.fixture
def begun(cast):
    """(claim, document) of Contoso."""
    item = NewRunItem("document", "Contoso")
    started = documents.start(cast.contoso, {"format": "html"}, "Contoso " * 99, "d:1", item, SYSTEM)
    return claims.take_claim(started.run.id, RunKind.DOCUMENT), documents.find_of_run(started.run)


def test_a_file_is_sealed_in_chunks_and_a_second_try_begins_anew(begun):
    claim, document = begun
    assert len(document.title) == documents.MAX_TITLE
    DocumentFile(claim, document).write(b"lost" * CHUNK_BYTES)
    file, text = DocumentFile(claim, document), b"0123456789" * (CHUNK_BYTES // 4)
    for start in range(0, len(text), 7777):
        file.write(text[start : start + 7777])
    file.finish(3)
    document = PolicyDocument.get_by_id(document.id)
    assert (document.size, document.policies, document.made_at is None) == (len(text), 3, False)
    assert b"".join(documents.read_chunks(document)) == text
    assert DocumentChunk.select().count() == 3
    DocumentChunk.update(number=9).where(DocumentChunk.number == 1).execute()
    DocumentChunk.update(number=1).where(DocumentChunk.number == 2).execute()
    with pytest.raises(SealError):
        list(documents.read_chunks(document))


def test_who_lost_the_claim_writes_nothing_and_too_much_is_refused(begun, monkeypatch):
    claim, document = begun
    file = DocumentFile(claim, document)
    monkeypatch.setattr(documents, "MAX_BYTES", 100)
    with pytest.raises(Invalid, match="Choose fewer policy types"):
        file.write(b"x" * 101)
    monkeypatch.undo()
    claims.wait(claim, "Another has it.", 0)
    with pytest.raises(ClaimLost):
        DocumentFile(claim, document)


def test_what_is_old_goes_with_its_chunks(begun):
    claim, document = begun
    file = DocumentFile(claim, document)
    file.write(b"x")
    file.finish(1)
    assert documents.delete_old(30) == 0
    PolicyDocument.update(created_at=utcnow() - timedelta(days=31)).execute()
    assert (documents.delete_old(30), PolicyDocument.select().count(), DocumentChunk.select().count()) == (1, 0, 0)
