"""Name who made a change, in plain words. Where that is not known, why: never “nobody”."""

from collections.abc import Mapping, Sequence

from actors.facade import tenant_logs
from actors.notices.plain_text import plain
from db.events import attribution, event_logs
from db.events.attribution import Doer
from db.events.event_logs import LogState
from db.models import Change
from db.states import DoerKind, TenantLog

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
    # Who else touched it in between is not hidden behind a restore of ours.
    all_named = [f"Tenantkeep’s restore {restore_id}"] if restore_id else []
    all_named += [_named(doer) for doer in doers if not doer.restore_id]
    if not all_named:
        return _why_unknown(change, states)
    named, left = all_named[:MAX_NAMED], len(all_named) - MAX_NAMED
    return f"by {', '.join(named)} and {left} more" if left > 0 else f"by {' and '.join(named)}"


def _named(doer: Doer) -> str:
    if doer.name is None or doer.kind == DoerKind.NOT_STATED:
        return "somebody whom the tenant’s log does not name"
    if doer.kind == DoerKind.APP:
        return f"the app {plain(doer.name)}"
    if doer.kind == DoerKind.SERVICE:
        return f"Microsoft’s service {plain(doer.name)}"
    return plain(doer.name) + (f" with {plain(doer.app_name)}" if doer.app_name else "")


def _why_unknown(change: Change, states: Mapping[TenantLog, LogState]) -> str:
    state = states[tenant_logs.log_of(change.policy.policy_type)]
    if not state.is_offered:
        return "who did it is not known: this cloud has no log that can be read"
    if state.is_readable is False:
        return f"who did it is not readable (needs {state.needs})"
    if state.is_readable is None or state.read_to is None or state.read_to < change.seen_at:
        return "who did it is not known yet"
    return "who did it is not in the tenant’s log"
