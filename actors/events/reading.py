"""Reads a tenant's two audit logs, page by page: beside backups, syncs and captures, and for those who watch.

Each page is kept before the next is asked for, with the place at which to go on: nothing is read twice because
something after it had to wait. What cannot be read is noted, and costs no run its success.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from actors.tenants.graph_clients import sign_in_of, write_credential
from db.clock import utcnow
from db.events import event_logs, matching, tenant_events
from db.events.event_logs import Window
from db.events.own_writes import OwnApp
from db.models import Tenant
from db.runs.claims import Claim
from db.states import TenantLog
from graph.errors import Forbidden, GraphError, NotAvailable, Rejected, SignInFailed, Throttled
from graph.events.requests import EventPage, read_page
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)

# A log that is read for the first time may have fifty thousand events. The next look goes on where this one stopped.
MOST_PAGES = 100
# A run that reads a whole tenant may wait so long for our own budget of requests; for nothing else.
LONGEST_WAIT_SECONDS = 15.0
# Codes of errors that say that nobody answered: the other log would only be waited for as long again.
NO_ANSWER = ("timeout", "unreachable", "sign_in_unreachable", "proxy", "certificate")


@dataclass(frozen=True)
class NewEvents:
    """The result of a look into the logs. `event_ids`: events that were not known before, whatever they are about.

    `is_current`: every log that can be read was read up to the look's beginning. `refused`: the logs that cannot be.
    `retry_after`: seconds until the rest may be asked for, where Graph or our budget wants us to wait. `trouble`: why
    a log was not read to its end, in a sentence.
    """

    event_ids: list[int] = field(default_factory=list)
    is_current: bool = True
    refused: tuple[TenantLog, ...] = ()
    retry_after: float | None = None
    trouble: str | None = None


@dataclass
class _Progress:
    event_ids: list[int] = field(default_factory=list)
    is_current: bool = False
    is_refused: bool = False
    error: GraphError | None = None


def read_if_due(claim: Claim, graph: GraphClient, *, may_wait: bool = False, most_pages: int = MOST_PAGES) -> None:
    """Read the logs beside a run, unless somebody did a moment ago. Raises nothing but, if it `may_wait`, Throttled.

    A run that may wait does so for our own budget alone, a few seconds: it begins here anew, and goes on.
    """
    tenant = claim.run.tenant
    logs = [log for log in TenantLog if event_logs.is_due(tenant, log)]
    if logs:
        found = _read_logs(tenant, graph, logs, most_pages)
        throttled = next((log.error for log in found.values() if log.error and _is_short_wait(log.error)), None)
        if may_wait and throttled is not None:
            raise throttled
    matching.match_waiting(tenant)


def _is_short_wait(error: GraphError) -> bool:
    is_budget = isinstance(error, Throttled) and error.code == "budget"
    return is_budget and (getattr(error, "retry_after", None) or 0.0) <= LONGEST_WAIT_SECONDS


def read_new_events(tenant: Tenant, graph: GraphClient, *, most_pages: int = MOST_PAGES) -> NewEvents:
    """Read what is new in both logs. Raises SignInFailed; any other error is told in the result.

    One request to each log, where little happened since the last look.
    """
    logs = [log for log in TenantLog if event_logs.may_be_asked(tenant, log)]
    found = _read_logs(tenant, graph, logs, most_pages)
    errors = [log.error for log in found.values() if log.error]
    for error in errors:
        if isinstance(error, SignInFailed):
            raise error
    matching.match_waiting(tenant)
    waits = [error.retry_after for error in errors if isinstance(error, Throttled) and error.retry_after]
    return NewEvents(
        [event_id for log in found.values() for event_id in log.event_ids],
        len(found) == len(logs) and all(log.is_current or log.is_refused for log in found.values()),
        tuple(state.log for state in event_logs.states(tenant) if state.is_readable is False),
        max(waits, default=None),
        errors[0].sentence if errors else None,
    )


def _read_logs(
    tenant: Tenant, graph: GraphClient, logs: Iterable[TenantLog], most_pages: int
) -> dict[TenantLog, _Progress]:
    now = utcnow()
    writing = write_credential(tenant)
    others = (writing.client_id, writing.principal_id) if writing else ()
    own = OwnApp(str(tenant.client_id), sign_in_of(tenant).principal_id(), others)
    found = {}
    for log in logs:
        found[log] = _read_log(tenant, graph, log, own, now, most_pages)
        error = found[log].error
        if error and error.code in NO_ANSWER:
            break
    return found


def _read_log(
    tenant: Tenant, graph: GraphClient, log: TenantLog, own: OwnApp, now: datetime, most_pages: int
) -> _Progress:
    progress, began_anew = _Progress(), False
    for _ in range(most_pages):
        row = event_logs.get(tenant, log)
        window = event_logs.next_window(row, now)
        progress.is_current = event_logs.is_current(row, now)
        if window is None:
            return progress
        try:
            page = _read_page(graph, log, window)
        except GraphError as e:
            # A page link that is not taken any more: its window begins anew, once.
            if _is_stale_link(window, e) and not began_anew:
                began_anew = True
                event_logs.begin_window_anew(row)
                continue
            _record_error(tenant, log, progress, e)
            return progress
        facts = [event.facts() for event in page.events]
        progress.event_ids += tenant_events.save(tenant, log, facts, own, window, page.next_link)
    progress.is_current = event_logs.is_current(event_logs.get(tenant, log), now)
    return progress


def _read_page(graph: GraphClient, log: TenantLog, window: Window) -> EventPage:
    return drive_one(graph, read_page(log, window.since, window.until, window.link))


def _is_stale_link(window: Window, error: GraphError) -> bool:
    is_final = isinstance(error, Rejected) and not isinstance(error, Forbidden | SignInFailed | NotAvailable)
    return window.link is not None and is_final


def _record_error(tenant: Tenant, log: TenantLog, progress: _Progress, error: GraphError) -> None:
    """Note a log that cannot be read at all. What only did not work now is asked again with the next look."""
    logger.info("the %s audit log was not read: %s", log, error.sentence, extra={"tenant": tenant.name})
    if isinstance(error, Rejected) and not isinstance(error, SignInFailed):
        progress.is_refused = True
        event_logs.record_refusal(tenant, log, error.code, error.sentence)
    else:
        progress.error = error
