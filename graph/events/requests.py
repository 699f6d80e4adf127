"""The requests to both logs: a page at a time, so that each can be kept before the next is asked for.

Sources: learn.microsoft.com (List auditEvents, List directoryAudits); which filters work in practice:
almenscorner/IntuneCD (Intune) and rknightion/graph2otel, which also takes pages of a thousand. Times stand there
unquoted, with quotation marks they are refused (the msec PowerShell module, Get-MsecIntuneAuditEvent). Neither log has
a delta query, and only the directory's promises an order: a window is read whole, whatever order it comes in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from graph.errors import Rejected
from graph.events import parsing
from graph.events.read_event import ReadEvent
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Request
from graph.transport.pages import next_link, page_elements

INTUNE_LOG, ENTRA_LOG = "intune", "entra"
PAGE_SIZE = 1000


@dataclass(frozen=True)
class EventPage:
    """The events of one page, without those of reading; `next_link`: where the window goes on, None at its end."""

    events: Sequence[ReadEvent]
    next_link: str | None


@dataclass(frozen=True)
class _Log:
    path: str
    # What narrows a window. A tenant that refuses this as a filter is asked for the whole window instead.
    narrow: str
    parse: Callable[[Sequence[Any]], list[ReadEvent]]


# Conditions joined in brackets are in use by others; a tenant that refuses them is asked for the whole window. Of
# groups only what changes them: in a large tenant people come into and leave them all the time.
_OF_POLICIES = (
    f"loggedByService eq '{parsing.CONDITIONAL_ACCESS}'",
    f"loggedByService eq '{parsing.AUTHENTICATION_METHODS}'",
    "category eq 'Policy'",
    "category eq 'DirectoryManagement'",
    *(f"activityDisplayName eq '{verb} group'" for verb in ("Add", "Update", "Delete", "Restore", "Hard Delete")),
)
_LOGS = {
    INTUNE_LOG: _Log("/deviceManagement/auditEvents", "activityOperationType ne 'Get'", parsing.parse_intune),
    ENTRA_LOG: _Log(
        "/auditLogs/directoryAudits",
        f"({' or '.join(_OF_POLICIES)})",
        parsing.parse_entra,
    ),
}


def read_page(log: str, since: datetime, until: datetime, link: str | None = None) -> RequestSteps[EventPage]:
    """Read one page of a window (naive UTC), both ends included: the first, or the one behind a page link."""
    of = _LOGS[log]
    [answer] = yield [_request(link or _window_path(of, since, until, is_narrow=True))]
    if link is None and isinstance(answer.error, Rejected) and answer.error.status == 400:
        [answer] = yield [_request(_window_path(of, since, until, is_narrow=False))]
    page = answer.require_body()
    return EventPage(of.parse(page_elements(page)), next_link(page))


def _request(path: str) -> Request:
    return Request(path, version="/v1.0")


def _window_path(log: _Log, since: datetime, until: datetime, *, is_narrow: bool) -> str:
    condition = f"activityDateTime ge {_utc(since)} and activityDateTime le {_utc(_second_after(until))}"
    if is_narrow:
        condition += f" and {log.narrow}"
    return f"{log.path}?$top={PAGE_SIZE}&$filter={quote(condition, safe='')}"


def _second_after(at: datetime) -> datetime:
    return at + timedelta(seconds=1) if at.microsecond else at


def _utc(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat() + "Z"
