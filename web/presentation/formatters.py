"""How values read on a page."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from actors.facade import policy_type_names
from actors.facade.snapshot_diff import Difference
from db.clock import utcnow
from db.models import Coverage
from db.states import (
    ItemState,
    Offer,
    Outcome,
    PolicyState,
    RestoreState,
    Result,
    RunState,
    SetState,
    Standing,
    WriteState,
)

# What a badge says -> (look, icon). Never colour alone: the word stands beside it.
# Keyed by the word: a word that two enums share, such as "running" for a run and a restore, has one look.
_LOOKS: dict[str, tuple[str, str]] = {
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
    Standing.GOOD: ("good", "check"),
    Standing.UNSCHEDULED: ("muted", "calendar-times-o"),
    Standing.PARTLY: ("warn", "exclamation-triangle"),
    Standing.LATE: ("warn", "clock-o"),
    Standing.NEVER: ("bad", "times"),
    Standing.DISCONNECTED: ("bad", "chain-broken"),
    Offer.NOT_OFFERED: ("muted", "minus"),
    Offer.NEVER_READ: ("muted", "lock"),
    Offer.NOT_PERMITTED: ("warn", "lock"),
    Offer.FAILED: ("bad", "times"),
    PolicyState.PRESENT: ("good", "check"),
    PolicyState.GONE: ("warn", "chain-broken"),
    Result.OK: ("good", "check"),
    Result.REFUSED: ("warn", "ban"),
    RestoreState.DRAFT: ("muted", "pencil-square-o"),
    RestoreState.PREVIEWED: ("info", "eye"),
    RestoreState.APPROVED: ("good", "thumbs-o-up"),
    RestoreState.FINISHED: ("good", "flag-checkered"),
    RestoreState.EXPIRED: ("warn", "hourglass-end"),
    Outcome.LISTED: ("good", "check"),
    Outcome.CAPTURED: ("good", "camera"),
    Outcome.UNCHANGED: ("muted", "check"),
    Outcome.READ: ("good", "check"),
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
    Outcome.FREED: ("good", "recycle"),
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
    "servicePrincipalObjects": "Service principal",
    "agentIdentities": "Agent identity",
    "authenticationContextNumbers": "Number of an authentication context",
    "networkProfiles": "Network profile",
    "vppTokens": "Apple volume purchase token",
    "microsoftTunnelSites": "Microsoft Tunnel site",
    "configManagerCollections": "Configuration Manager collection",
    "cloudPcOnPremisesConnections": "Azure network connection",
    "cloudPcImages": "Cloud PC image",
    "derivedCredentials": "Derived credential",
    "iosLobAppProvisioningConfigurations": "iOS provisioning profile",
    "customControls": "Custom control",
    "filteringProfiles": "Global Secure Access profile",
    "privateLinkPolicies": "Private link policy",
    "logAnalyticsWorkspaces": "Log Analytics workspace",
    "managementConditionStatements": "Condition statement",
    "autopatchGroups": "Windows Autopatch group",
    "directories": "Directory id",
    "domains": "Domain",
}
_INTUNE = re.compile(r"(https://intune\.microsoft\.com/[^\s<>\"']*[^\s<>\"'.,;:)])")


def kind_title(kind: str) -> str:
    """What a reference or a mapping is of."""
    return OTHER_KINDS.get(kind) or policy_type_names.title(kind)


def linked(text: str) -> Markup:
    """Addresses in Intune become links; everything else of the text stays text."""
    anchor = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>')
    parts = _INTUNE.split(text)
    return Markup("").join(anchor.format(part) if number % 2 else part for number, part in enumerate(parts))


def except_for(exceptions: Sequence[Coverage]) -> str:
    """What follows “backed up, except”: how many policy types, for how long, and the first one's reason."""
    if not exceptions:
        return ""
    count, oldest = len(exceptions), exceptions[0]
    since = _for_days((utcnow() - oldest.bad_since).days)
    types = "1 policy type" if count == 1 else f"{count} policy types"
    return f"{types} since {since}: {policy_type_names.title(oldest.policy_type)}: {oldest.why}"


def _for_days(days: int) -> str:
    return "today" if days < 1 else "yesterday" if days == 1 else f"{days} days"


def state_badge(state: str) -> Markup:
    look, icon = _LOOKS.get(state, ("muted", "circle-o"))
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


def ago(at: datetime | None) -> Markup:
    """How long since; the script puts the exact time in the reader's zone into the title."""
    if at is None:
        return Markup('<span class="text-muted">never</span>')
    at = at.replace(microsecond=0)
    return Markup('<time class="ago" datetime="{}Z" title="{} UTC">{} ago</time>').format(
        at.isoformat(), at, _span((utcnow() - at).total_seconds(), parts=1)
    )


def ends(at: datetime, now: datetime) -> str:
    """Of a credential: “ends on 2026-03-01, in 12 days”."""
    days = (at - now).days
    if at < now:
        return f"ended on {at:%Y-%m-%d}"
    return f"ends on {at:%Y-%m-%d}, {'today' if days == 0 else 'in 1 day' if days == 1 else f'in {days} days'}"


# As browsers name themselves, the more particular first: each also names those it wants to be taken for.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def browser(user_agent: str) -> str:
    """What a person calls it: "Firefox on Windows"."""
    name = next((name for mark, name in _BROWSERS if mark in user_agent), "Another browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{name} on {system}" if system else name


def duration(begin: datetime | None, end: datetime | None = None) -> str:
    return "–" if begin is None else seconds(((end or utcnow()) - begin).total_seconds())


def seconds(count: float) -> str:
    """“8 s”, “3 min 20 s”, “2 h 5 min”, “3 days 4 h”."""
    return _span(count, parts=2)


_UNITS = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))


def _span(count: float, parts: int) -> str:
    """In the largest unit that fits, and the ones just below it."""
    rest, numbers = max(int(count), 0), []
    for size, _ in _UNITS:
        number, rest = divmod(rest, size)
        numbers.append(number)
    first = next((place for place, number in enumerate(numbers) if number), len(_UNITS) - 1)
    shown = [(numbers[place], _UNITS[place][1]) for place in range(first, min(first + parts, len(_UNITS)))]
    words = [f"{number} {unit}{'s' if unit == 'day' and number != 1 else ''}" for number, unit in shown if number]
    return " ".join(words) or "0 s"


NAMED = 4
SHORT = 60


def changed(differences: Sequence[Difference] | None) -> str:
    """“Password minimum length: 8 → 12”, or of several, how many of what: “2 changed, 1 added: …”."""
    if differences is None:
        return "What changed cannot be told: a content cannot be opened. Tell your admin."
    if not differences:
        return "Nothing that counts."
    if len(differences) == 1:
        return _change(differences[0])
    tally = Counter(one.kind for one in differences)
    names = list(dict.fromkeys(one.label for one in differences))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    counts = ", ".join(f"{tally[kind]} {kind}" for kind in ("changed", "added", "removed") if tally[kind])
    return f"{counts}: {'; '.join(names[:NAMED])}{more}"


def _change(one: Difference) -> str:
    sides = [_short(side) for side in (one.before, one.after)]
    if one.kind == "changed" and None not in sides:
        return f"{one.label}: {sides[0]} → {sides[1]}"
    return f"{one.label} {one.kind}"


def _short(value: object) -> str | None:
    """A value that fits in a line; None when it does not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "not set" if value is None else str(value) if isinstance(value, str | int | float) else ""
    return text if 0 < len(text) <= SHORT and "\n" not in text else None


def detail(value: object) -> str:
    """A detail of an audit event: counts in one line, zeros left out."""
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items() if count) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def size(count: int) -> str:
    return (
        f"{count} B" if count < 1024 else f"{count / 1024:.1f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"
    )
