"""The author of a change in words. Where none is known, the reason why not: never “nobody”."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext, ngettext
from markupsafe import Markup

from actors.facade import tenant_logs
from db.events import attribution, event_lists
from db.models import Change, EventLog, TenantEvent
from db.states import DoerKind, TenantLog
from web.presentation.formatters import datetime_html
from web.presentation.links import link
from web.translation.sentences import translated, translated_markup

# Apps that are a portal of Microsoft's: who is named beside them pressed a button there.
PORTALS = frozenset({"5926fc8e-304e-4f59-8bed-58ca97cc39a4", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"})
LOG_TITLES: Mapping[str, str] = {TenantLog.INTUNE: "Intune audit log", TenantLog.ENTRA: "Entra ID audit log"}


@dataclass(frozen=True)
class Author:
    """The events of a tenant's own log that a change has, the newest first; `why_unknown`: where there is none."""

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
            return restore_words(self.restore_id)
        if not self.events:
            return self.why_unknown
        names = names_of(sorted(self.events, key=_says_little))
        by = translated_markup("by {}").format(names[0])
        if len(names) == 1:
            return by
        return Markup("{} {}").format(by, ngettext("and %(num)s other", "and %(num)s others", len(names) - 1))

    @property
    def plain_words(self) -> str:
        """All who are known, for a table of another program."""
        return "; ".join(names_of(self.events)) if self.events else Markup(self.words).striptags()  # noqa: S704


def _says_little(event: TenantEvent) -> tuple[bool, bool]:
    """Sort events last that failed, for those made no change, and those that name nobody."""
    return not event.is_success, event.doer_kind == DoerKind.NOT_STATED


def restore_words(restore_id: int) -> Markup:
    address = link("restores.page", gettext("restore %(number)s", number=restore_id), restore_id=restore_id)
    return translated_markup("by {} of ours").format(address)


def doer_words(event: TenantEvent) -> str:
    """Name the person or the app, and where a person did it."""
    name = event.doer_name or event.doer_id or ""
    if event.doer_kind == DoerKind.APP:
        return gettext("the app %(name)s", name=name or event.app_name or event.app_id or "")
    if event.doer_kind == DoerKind.SERVICE:
        return gettext("Microsoft's service %(name)s", name=name)
    if event.doer_kind == DoerKind.NOT_STATED or not name:
        return gettext("somebody whom Microsoft's log does not name")
    if event.app_id in PORTALS:
        return gettext("%(name)s in the portal", name=name)
    return gettext("%(name)s with %(app)s", name=name, app=event.app_name) if event.app_name else str(name)


def authors_of(changes: Sequence[Change]) -> dict[int, Author]:
    """Return change id -> its author: one statement for all events, one for the logs."""
    events = attribution.events_of_changes(changes)
    logs = event_lists.logs_by_tenant({change.tenant_id for change in changes})
    return {change.id: _author(change, events.get(change.id, []), logs) for change in changes}


def _author(change: Change, events: Sequence[TenantEvent], logs: Mapping[tuple[int, str], EventLog]) -> Author:
    log = tenant_logs.log_of(change.policy.policy_type)
    why = "" if events else why_unknown(change, log, logs.get((change.tenant_id, log)))
    ours = change.restore_id or next((event.restore_id for event in events if event.restore_id), None)
    return Author(events, ours, why)


def why_unknown(change: Change, log: TenantLog, state: EventLog | None) -> Markup | str:
    """Say why no event of the tenant's log is known for a change."""
    if state is None or state.asked_at is None:
        return gettext("not known: %(log)s was not read yet", log=translated(LOG_TITLES[log]))
    if state.error_code is not None:
        return _why_unread(log, state)
    if state.reaches_from and change.seen_at < state.reaches_from:
        return translated_markup("not known: the log was read back to {} only").format(
            datetime_html(state.reaches_from)
        )
    if state.read_to is None or state.read_to < change.seen_at:
        return gettext("not known yet: Microsoft's log comes later")
    return gettext("Microsoft's log does not say who")


def _why_unread(log: TenantLog, state: EventLog) -> str:
    if tenant_logs.is_refusal(state.error_code):
        return gettext("not readable: needs %(permission)s", permission=tenant_logs.PERMISSIONS[log])
    return gettext("not readable: %(why)s", why=translated(state.error_message or state.error_code))


def log_words(log: TenantLog, state: EventLog | None) -> Markup | str:
    """Say how far one of the tenant's logs was read, or why it was not."""
    if state is None or state.asked_at is None:
        return translated("not read yet")
    if state.error_code is not None:
        return _why_unread(log, state)
    return translated_markup("read from {} to {}").format(
        datetime_html(state.reaches_from), datetime_html(state.read_to)
    )


def names_of(events: Iterable[TenantEvent]) -> list[str]:
    return list(dict.fromkeys(map(doer_words, events)))
