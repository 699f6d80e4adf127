"""A webhook: one JSON document, signed, with the same id at each try (docs/notices.md says how to verify it)."""

import hashlib
import hmac
import json
import time
from datetime import datetime
from typing import Any

import config
from actors.notices.outgoing import Outgoing, post_body
from db.models import Notice, Occurrence
from db.notices import notices

SIGNATURE = "X-Tenantkeep-Signature"
TEST, DIGEST = "test", "digest"


def send(to: Outgoing) -> str:
    body = json.dumps(document(to), ensure_ascii=False).encode()
    headers = {SIGNATURE: signature(body, to.secret, int(time.time())), "X-Tenantkeep-Id": to.message_id}
    return post_body(to, body, headers)


def signature(body: bytes, secret: str, at: int) -> str:
    """Return the header's value: the time in seconds, and the HMAC-SHA256 over the time, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def document(to: Outgoing) -> dict[str, Any]:
    """Return the document. What is about one occurrence has it at the top, too."""
    told = [_notice(notice) for notice in notices.of_delivery(to.delivery)]
    only = told[0] if len(told) == 1 else {"event": TEST if to.delivery.is_test else DIGEST}
    return {
        "id": to.message_id,
        "occurred_at": _iso(to.delivery.created_at),
        "tenant": None,
        **only,
        "severity": to.message.severity,
        "subject": to.subject,
        "lines": list(to.message.lines),
        "facts": dict(to.message.facts),
        "link": to.message.link or None,
        "notices": told,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    occurrence = notice.occurrence
    tenant = occurrence.tenant if occurrence.tenant_id else None
    return {
        "event": occurrence.event,
        "phase": notice.phase,
        "occurred_at": _iso(occurrence.began_at),
        "ended_at": _iso(occurrence.ended_at),
        "severity": occurrence.severity,
        "tenant": {"name": tenant.name, "directory_id": tenant.directory_id} if tenant else None,
        "change": occurrence.change_id,
        "run": occurrence.run_id,
        "restore": occurrence.restore_id,
        "url": _api_url(occurrence),
    }


def _api_url(occurrence: Occurrence) -> str | None:
    """Return the address in the API of what it is about; None where there is none, or nobody said where pages are."""
    ids = {"changes": occurrence.change_id, "restores": occurrence.restore_id, "runs": occurrence.run_id}
    base = config.settings().public_url
    return next((f"{base}/api/v1/{noun}/{row_id}" for noun, row_id in ids.items() if base and row_id), None)


def _iso(at: datetime | None) -> str | None:
    return f"{at.isoformat(timespec='seconds')}Z" if at else None
