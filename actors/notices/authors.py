"""Name who made a change, in plain words. Where that is not known, why: never “nobody”."""

from collections.abc import Mapping, Sequence

from actors.notices.plain_text import plain
from db.events import attribution, event_logs
from db.events.attribution import Doer
from db.events.event_logs import LogState
from db.models import Change
from db.states import DoerKind, TenantLog
from graph.policy_types.table import POLICY_TYPES

# More are counted.
MAX_NAMED = 2


def authors_of(changes: Sequence[Change]) -> dict[int, str]:
    """Return change id -> "by anna@contoso.example", or why nobody is named. Each change with its tenant and policy."""
    events = attribution.events_of_changes(changes)
    states: dict[int, Mapping[TenantLog, LogState]] = {}
    words = {}
    for change in changes:
        doers = attribution.doers_of(events[change.id])
        if change.tenant_id not in states:
            states[change.tenant_id] = {state.log: state for state in event_logs.states(change.tenant)}
        words[change.id] = _author(change, doers, states[change.tenant_id])
    return words


def _author(change: Change, doers: Sequence[Doer], states: Mapping[TenantLog, LogState]) -> str:
    restore_id = change.restore_id or next((doer.restore_id for doer in doers if doer.restore_id), None)
    if restore_id:
        return f"by Tenantkeep’s restore {restore_id}"
    if not doers:
        return _why_unknown(change, states)
    named = [_named(doer) for doer in doers[:MAX_NAMED]]
    more = f" and {len(doers) - MAX_NAMED} more" if len(doers) > MAX_NAMED else ""
    return f"by {' and '.join(named)}{more}" if not more else f"by {', '.join(named)}{more}"


def _named(doer: Doer) -> str:
    if doer.name is None or doer.kind == DoerKind.NOT_STATED:
        return "somebody whom the tenant’s log does not name"
    if doer.kind == DoerKind.APP:
        return f"the app {plain(doer.name)}"
    if doer.kind == DoerKind.SERVICE:
        return f"Microsoft’s service {plain(doer.name)}"
    return plain(doer.name) + (f" with {plain(doer.app_name)}" if doer.app_name else "")


def _why_unknown(change: Change, states: Mapping[TenantLog, LogState]) -> str:
    state = states[log_of(change.policy.policy_type)]
    if not state.is_offered:
        return "who did it is not known: this cloud has no log that can be read"
    if state.is_readable is False:
        return f"who did it is not readable (needs {state.needs})"
    if state.is_readable is None or state.read_to is None or state.read_to < change.seen_at:
        return "who did it is not known yet"
    return "who did it is not in the tenant’s log"


def log_of(policy_type: str) -> TenantLog:
    """Return the log in which Microsoft keeps who changed such policies."""
    row = POLICY_TYPES.get(policy_type)
    is_entras = row is not None and row.path.startswith("/identity/")
    return TenantLog.ENTRA if is_entras else TenantLog.INTUNE
