"""How values read on a page."""

import re
from datetime import datetime, timedelta

from markupsafe import Markup

from actors import catalogue
from db.clock import utcnow
from db.states import ItemState, Outcome, PolicyState, RestoreState, Result, RunState, SetState, WriteState

# State -> (look, icon). Never colour alone: the word stands beside it.
_LOOKS = {
    RunState.QUEUED: ("muted", "clock-o"),
    RunState.RUNNING: ("info", "refresh"),
    RunState.SUCCEEDED: ("good", "check"),
    RunState.PARTIAL: ("warn", "exclamation-triangle"),
    RunState.FAILED: ("bad", "times"),
    RunState.CANCELLED: ("muted", "ban"),
    ItemState.PENDING: ("muted", "clock-o"),
    ItemState.WORKING: ("info", "refresh"),
    ItemState.DONE: ("good", "check"),
    ItemState.SKIPPED: ("warn", "minus"),
    ItemState.UNCERTAIN: ("warn", "question"),
    SetState.COMPLETE: ("good", "check"),
    SetState.WARNINGS: ("warn", "exclamation-triangle"),
    SetState.INCOMPLETE: ("bad", "times"),
    PolicyState.PRESENT: ("good", "check"),
    PolicyState.GONE: ("warn", "chain-broken"),
    Result.OK: ("good", "check"),
    Result.REFUSED: ("warn", "ban"),
    RestoreState.DRAFT: ("muted", "pencil-square-o"),
    RestoreState.PREVIEWED: ("info", "eye"),
    RestoreState.APPROVED: ("good", "thumbs-o-up"),
    RestoreState.FINISHED: ("good", "flag-checkered"),
    RestoreState.EXPIRED: ("warn", "hourglass-end"),
    Outcome.CREATE: ("info", "plus"),
    Outcome.UPDATE: ("info", "pencil"),
    Outcome.RECREATE: ("info", "repeat"),
    Outcome.REMOVE: ("bad", "trash-o"),
    Outcome.MATCHES: ("muted", "check"),
    Outcome.EXISTS: ("muted", "minus"),
    Outcome.BLOCKED: ("warn", "ban"),
    Outcome.CONFLICT: ("warn", "code-fork"),
    Outcome.CREATED: ("good", "plus"),
    Outcome.UPDATED: ("good", "pencil"),
    Outcome.RECREATED: ("good", "repeat"),
    Outcome.REMOVED: ("good", "trash-o"),
    Outcome.UNKNOWN: ("warn", "question"),
    Outcome.ERROR: ("bad", "times"),
    WriteState.SENDING: ("info", "refresh"),
    WriteState.ANSWERED: ("good", "check"),
    WriteState.FOUND: ("good", "check"),
    WriteState.NOT_FOUND: ("muted", "minus"),
    WriteState.WAITING: ("warn", "hourglass-half"),
}
# What policies refer to and is no policy type of ours.
OTHER_KINDS = {
    "groups": "Group",
    "users": "User",
    "servicePrincipals": "Application",
    "agreements": "Terms of use",
    "groupPolicyDefinitions": "Administrative template setting",
    "groupPolicyPresentations": "Administrative template field",
    "managedAppProtections": "App protection policy",
    "depOnboardingTokens": "Apple token",
}
_INTUNE = re.compile(r"(https://intune\.microsoft\.com/[^\s<>\"']*[^\s<>\"'.,;:)])")


def kind_title(kind: str) -> str:
    """What a reference or a mapping is of."""
    return OTHER_KINDS.get(kind) or catalogue.title(kind)


def linked(text: str) -> Markup:
    """Addresses in Intune become links; everything else of the text stays text."""
    anchor = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>')
    parts = _INTUNE.split(text)
    return Markup("").join(anchor.format(part) if number % 2 else part for number, part in enumerate(parts))


def state_badge(state: str) -> Markup:
    look, icon = _LOOKS.get(state, ("muted", "circle-o"))  # type: ignore[call-overload]
    return Markup('<span class="badge badge-{}"><i class="fa fa-{}" aria-hidden="true"></i> {}</span>').format(
        look, icon, state
    )


def moment(at: datetime | None) -> Markup:
    """UTC in the page; the script shows it in the reader's zone and keeps the exact time as its title."""
    if at is None:
        return Markup('<span class="text-muted">–</span>')
    at = at.replace(microsecond=0)
    return Markup('<time datetime="{}Z" title="{} UTC">{} UTC</time>').format(
        at.isoformat(), at, f"{at:%Y-%m-%d %H:%M}"
    )


def duration(begin: datetime | None, end: datetime | None = None) -> str:
    if begin is None:
        return "–"
    seconds = int(((end or utcnow()) - begin) / timedelta(seconds=1))
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def detail(value: object) -> str:
    """A detail of an audit event: counts in one line, zeros left out."""
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items() if count) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def size(count: int) -> str:
    return (
        f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"
    )


def short(fingerprint: str) -> str:
    return fingerprint[:10]
