"""The author of a change in words. Where none is known, the reason why not: never “nobody”."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext, ngettext
from markupsafe import Markup

from actors.facade import tenant_logs
from db.events import attribution, event_logs
from db.events.attribution import Doer
from db.events.event_logs import LogState
from db.models import Change, TenantEvent
from db.states import DoerKind, TenantLog
from web.presentation.formatters import datetime_html, with_breaks
from web.presentation.links import link
from web.translation.sentences import translated, translated_markup

LOG_TITLES: Mapping[str, str] = {TenantLog.INTUNE: "Intune audit log", TenantLog.ENTRA: "Entra ID audit log"}


@dataclass(frozen=True)
class Author:
    """The events of a tenant's own log that a change has, the oldest first; `why_unknown`: where there is none."""

    events: Sequence[TenantEvent]
    restore_id: int | None
    why_unknown: Markup | str

    @property
    def is_known(self) -> bool:
        return bool(self.events) or self.restore_id is not None

    @property
    def words(self) -> Markup | str:
        """One line: “by anna@contoso.example in the portal, and 1 more event”."""
        if self.restore_id is not None:
            # Who else touched it in between is not hidden behind a restore of ours.
            others = attribution.doers_of(event for event in self.events if event.restore_id is None)
            return _and_others(restore_words(self.restore_id), len(others))
        if not self.events:
            return self.why_unknown
        names = names_of(self.events)
        return _and_others(with_breaks(gettext("by %(name)s", name=names[0])), len(names) - 1)

    @property
    def plain_words(self) -> str:
        """All who are known, for a table of another program."""
        return "; ".join(names_of(self.events)) if self.events else Markup(self.words).striptags()  # noqa: S704


def _and_others(by: Markup, count: int) -> Markup:
    if count < 1:
        return by
    return Markup("{} {}").format(by, ngettext("and %(num)s other", "and %(num)s others", count))


def restore_words(restore_id: int) -> Markup:
    address = link("restores.page", gettext("restore %(number)s", number=restore_id), restore_id=restore_id)
    return translated_markup("by {} of ours").format(address)


def doer_words(event: TenantEvent) -> str:
    """Name the person or the app, and where a person did it."""
    return _doer_words(attribution.doer_of(event))


def _doer_words(doer: Doer) -> str:
    if doer.kind == DoerKind.NOT_STATED or not (doer.name or doer.app_name):
        return gettext("somebody whom Microsoft's log does not name")
    if doer.kind == DoerKind.APP:
        return gettext("the app %(name)s", name=doer.name or doer.app_name)
    if doer.kind == DoerKind.SERVICE:
        return gettext("Microsoft's service %(name)s", name=doer.name or doer.app_name)
    if doer.is_in_portal:
        return gettext("%(name)s in the portal", name=doer.name)
    return f"{doer.name} ({doer.app_name})" if doer.app_name else str(doer.name)


def names_of(events: Iterable[TenantEvent]) -> list[str]:
    """Name everybody once: who made the change before who only tried, and who is named before who is not."""
    rows = list(events)
    made = attribution.doers_of(rows)
    tried = [doer for doer in map(attribution.doer_of, rows) if doer not in made]
    doers = sorted([*made, *tried], key=lambda doer: (doer in tried, doer.kind == DoerKind.NOT_STATED))
    return list(dict.fromkeys(map(_doer_words, doers)))


def authors_of(changes: Sequence[Change]) -> dict[int, Author]:
    """Return change id -> its author: one look for the events of all, one for the logs."""
    events = attribution.events_of_changes(changes)
    states = event_logs.states_of({change.tenant for change in changes})
    return {change.id: _author(change, events.get(change.id, []), states[change.tenant_id]) for change in changes}


def _author(change: Change, events: Sequence[TenantEvent], states: Sequence[LogState]) -> Author:
    why = "" if events else why_unknown(change, log_of(change, states))
    ours = change.restore_id or next((event.restore_id for event in events if event.restore_id), None)
    return Author(events, ours, why)


def log_of(change: Change, states: Sequence[LogState]) -> LogState:
    """Return the state of the log that tells of policies like the change's."""
    log = tenant_logs.log_of(change.policy.policy_type)
    return next(state for state in states if state.log == log)


def why_unknown(change: Change, state: LogState) -> Markup | str:
    """Say why no event of the tenant's log is known for a change."""
    if not state.is_offered:
        return gettext("not known: this cloud has no such log")
    if state.is_readable is None:
        return gettext("not known: %(log)s was not read yet", log=translated(LOG_TITLES[state.log]))
    if not state.is_readable:
        return _why_unread(state)
    if state.reaches_from and change.seen_at < state.reaches_from:
        words = translated_markup("not known: the log was read back to {} only")
        return words.format(datetime_html(state.reaches_from))
    if state.read_to is None or state.read_to < change.seen_at:
        return gettext("not known yet: Microsoft's log comes later")
    return gettext("Microsoft's log does not say who")


def _why_unread(state: LogState) -> str:
    if state.lacks_permission or not state.why:
        return gettext("not readable: needs %(permission)s", permission=state.needs)
    return gettext("not readable: %(why)s", why=translated(state.why))


def log_words(state: LogState) -> Markup | str:
    """Say how far one of the tenant's logs was read, or why it was not."""
    if not state.is_offered:
        return translated("not offered in this cloud")
    if state.is_readable is None:
        return translated("not read yet")
    if not state.is_readable:
        return _why_unread(state)
    words = translated_markup("read from {} to {}")
    return words.format(datetime_html(state.reaches_from), datetime_html(state.read_to))
