"""Contents of standards: compressed, sealed, once per standard and fingerprint. They hold no secrets."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from db.encryption import keyring
from db.models import Standard, StandardContent


def seal_owner(content: StandardContent) -> str:
    return _owner(content.standard_id, content.fingerprint)


def _owner(standard_id: int, fingerprint: str) -> str:
    return f"standard:{standard_id}:content:{fingerprint}"


def save(standard: Standard, contents: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Save contents by their fingerprints, each once. Return fingerprint -> id.

    Always in one order: somebody else may save the same contents just now.
    """
    is_known = (StandardContent.standard == standard) & StandardContent.fingerprint.in_(list(contents))
    known = dict(StandardContent.select(StandardContent.fingerprint, StandardContent.id).where(is_known).tuples())
    rows = [_row(standard, mark, contents[mark]) for mark in sorted(contents.keys() - known.keys())]
    if not rows:
        return known
    # Another may have saved one since: then its row is taken.
    inserted = StandardContent.insert_many(rows).on_conflict(
        conflict_target=[StandardContent.standard, StandardContent.fingerprint],
        update={StandardContent.plain_bytes: StandardContent.plain_bytes},
    )
    ids = inserted.returning(StandardContent.fingerprint, StandardContent.id).tuples().execute()
    return known | dict(ids)


def _row(standard: Standard, fingerprint: str, content: Mapping[str, Any]) -> dict[str, Any]:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    sealed = keyring().seal(zlib.compress(plain, 6), _owner(standard.id, fingerprint))
    return {"standard": standard.id, "fingerprint": fingerprint, "sealed": sealed, "plain_bytes": len(plain)}


def open_content(content: StandardContent) -> dict[str, Any]:
    """Return the document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    packed = keyring().unseal(content.sealed, seal_owner(content))
    document: dict[str, Any] = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    return document
