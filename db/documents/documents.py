"""Documents: asked for, written in sealed chunks by their run, downloaded, and deleted when their time is over."""

import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import DocumentChunk, PolicyDocument, Run, Tenant
from db.runs import claims, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.states import RunKind

CHUNK_BYTES = 256 * 1024
MAX_BYTES = 64 * 1024 * 1024
MAX_TITLE = 300
# Deleted with their chunks in one statement.
DOCUMENTS_AT_ONCE = 20


def start(
    tenant: Tenant, options: Mapping[str, Any], title: str, dedupe_key: str, item: NewRunItem, actor: Actor
) -> StartedRun:
    """Start the run that makes a document, or find the active one that makes the same. Raises SwitchedOff."""
    with database.atomic():
        started = runs.start(tenant=tenant, kind=RunKind.DOCUMENT, dedupe_key=dedupe_key, items=[item], actor=actor)
        if started.is_new:
            PolicyDocument.create(
                tenant=tenant,
                run=started.run,
                requested_by=actor.user_id,
                options=dict(options),
                format=options["format"],
                title=title[:MAX_TITLE],
            )
    return started


def find_of_run(run: Run) -> PolicyDocument | None:
    document: PolicyDocument | None = PolicyDocument.get_or_none(PolicyDocument.run == run)
    return document


def seal_owner(row: DocumentChunk) -> str:
    return _seal_owner(row.document_id, row.number)


def _seal_owner(document_id: int, number: int) -> str:
    return f"document:{document_id}:{number}"


class DocumentFile(io.RawIOBase):
    """The file of a document while its run writes it: sealed chunk after chunk, never whole in memory.

    It begins by deleting what an earlier try has written. Raises Invalid when the file grows too large.
    """

    def __init__(self, claim: Claim, document: PolicyDocument) -> None:
        super().__init__()
        self._claim, self._document = claim, document
        self._waiting, self._number = bytearray(), 0
        self.size = 0
        with database.atomic():
            claims.assert_claim(claim)
            DocumentChunk.delete().where(DocumentChunk.document == document).execute()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        self.size += len(data)
        if self.size > MAX_BYTES:
            raise Invalid(f"The document would have more than {MAX_BYTES // 1024**2} MB. Choose fewer policy types.")
        while len(self._waiting) >= CHUNK_BYTES:
            self._save(bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def _save(self, piece: bytes) -> None:
        sealed = keyring().seal(piece, _seal_owner(self._document.id, self._number))
        with database.atomic():
            claims.assert_claim(self._claim)
            DocumentChunk.create(document=self._document, number=self._number, sealed=sealed)
        self._number += 1

    def finish(self, policies: int) -> None:
        """Write the rest, and say that the document is made; in a transaction of the caller's or its own."""
        if self._waiting:
            self._save(bytes(self._waiting))
            self._waiting.clear()
        made = {"size": self.size, "policies": policies, "made_at": utcnow()}
        PolicyDocument.update(made).where(PolicyDocument.id == self._document.id).execute()


def read_chunks(document: PolicyDocument) -> Iterator[bytes]:
    """Yield the file of a made document. Raises SealError when the key is missing."""
    number = 0
    while row := DocumentChunk.get_or_none((DocumentChunk.document == document.id) & (DocumentChunk.number == number)):
        yield keyring().unseal(row.sealed, seal_owner(row))
        number += 1


def delete_old(days: int) -> int:
    """Delete some of the documents that were asked for longer ago. Return how many: at the end, fewer than at once."""
    old = PolicyDocument.select(PolicyDocument.id).where(PolicyDocument.created_at < utcnow() - timedelta(days=days))
    ids = [row[0] for row in old.order_by(PolicyDocument.created_at).limit(DOCUMENTS_AT_ONCE).tuples()]
    return int(PolicyDocument.delete().where(PolicyDocument.id.in_(ids)).execute()) if ids else 0
