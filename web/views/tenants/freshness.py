"""The freshness of a tenant: up to when everything that was changed in it is captured, and why not further."""

from datetime import datetime, timedelta

from markupsafe import Markup

import config
from db.clock import utcnow
from db.models import Tenant, Watch
from db.states import Level
from web.presentation.formatters import datetime_html, time_ago_html
from web.translation.sentences import translated, translated_markup
from web.verdicts.verdicts import Verdict

# What is older, of a tenant that can be watched: no look was made when it was due.
_LOOKS_MISSED = 3
_LOGS_ARE_LATE = timedelta(minutes=20)

NOT_WATCHED = "Not watched: the next backup finds what was changed."


def freshness_verdict(tenant: Tenant, watch: Watch | None) -> Verdict:
    """Return the verdict, without its sentence, which has times in it: freshness_sentence."""
    if watch is None:
        return Verdict(Level.NEUTRAL, "not watched")
    if watch.error:
        return Verdict(Level.ATTENTION, "not watched now" if watch.failures else "partly watched")
    if tenant.last_backup_at is None or watch.fresh_at is None:
        return Verdict(Level.NEUTRAL, "not watched yet")
    return Verdict(Level.ATTENTION, "behind") if _is_behind(watch) else Verdict(Level.GOOD, "watched")


def _is_behind(watch: Watch) -> bool:
    minutes = watch.every_minutes or config.settings().watch_minutes
    return bool(watch.fresh_at < utcnow() - _LOGS_ARE_LATE - _LOOKS_MISSED * timedelta(minutes=minutes))


def freshness(tenant: Tenant, watch: Watch | None) -> Markup:
    """Say how fresh the tenant is, for its own page: a badge and a sentence or two."""
    return Markup("{} {}").format(freshness_verdict(tenant, watch).badge, freshness_sentence(tenant, watch))


def freshness_sentence(tenant: Tenant, watch: Watch | None) -> Markup:
    if watch is None:
        return Markup("{}").format(translated(NOT_WATCHED))
    if watch.error:
        return Markup("{} {}").format(_cannot_be_watched(watch), _captured_before(watch.fresh_at))
    if tenant.last_backup_at is None:
        return Markup("{}").format(translated("Watching begins after the first backup of the whole tenant."))
    if watch.fresh_at is None:
        return Markup("{}").format(translated("The first look at its audit logs comes in a moment."))
    return _captured_before(watch.fresh_at)


def _cannot_be_watched(watch: Watch) -> Markup:
    words = "Cannot be watched: {}" if watch.failures else "Not everything could be captured: {}"
    return translated_markup(words).format(translated(watch.error))


def _captured_before(at: datetime | None) -> Markup:
    if at is None:
        return Markup("")
    return translated_markup("Everything changed before {} is captured.").format(datetime_html(at))


def freshness_line(tenant: Tenant, watch: Watch | None) -> Markup:
    """Say the same in a few words, for tables; nothing of a tenant that is not watched."""
    if watch is None:
        return Markup("")
    verdict = freshness_verdict(tenant, watch)
    if verdict.level != Level.GOOD:
        sentence = str(freshness_sentence(tenant, watch).striptags())
        return Verdict(verdict.level, verdict.word, sentence).badge
    return translated_markup("watched: captured up to {}").format(time_ago_html(watch.fresh_at))
