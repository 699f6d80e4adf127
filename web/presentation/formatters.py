"""Formats of values on a page: badges, times, sizes and short sentences."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask_babel import gettext, ngettext
from markupsafe import Markup

from actors.facade import policy_type_names
from actors.facade.snapshot_diff import Difference
from db.clock import utcnow
from db.models import Schedule
from db.states import (
    ItemState,
    LaterChangeKind,
    Offer,
    Outcome,
    PolicyState,
    Result,
    WriteState,
)
from db.tenants import credentials, schedule_words, schedules
from web.translation.languages import ENGLISH, current_language
from web.translation.sentences import translated, translated_markup

# What a badge says -> (look, icon). Never colour alone: the word stands beside it.
# Runs, backup sets, restores and tenants have none here: what their badges say is a verdict (web/verdicts/).
_BADGES: dict[str, tuple[str, str]] = {
    ItemState.PENDING: ("muted", "clock-o"),
    ItemState.WORKING: ("info", "refresh"),
    ItemState.DONE: ("good", "check"),
    ItemState.SKIPPED: ("warn", "minus"),
    ItemState.FAILED: ("bad", "times"),
    ItemState.UNCERTAIN: ("warn", "question"),
    Offer.NOT_OFFERED: ("muted", "minus"),
    Offer.NEVER_READ: ("muted", "lock"),
    Offer.NOT_PERMITTED: ("warn", "lock"),
    Offer.FAILED: ("bad", "times"),
    PolicyState.PRESENT: ("good", "check"),
    PolicyState.GONE: ("warn", "chain-broken"),
    LaterChangeKind.DELETED: ("bad", "trash-o"),
    LaterChangeKind.CHANGED: ("warn", "pencil"),
    LaterChangeKind.NEW: ("info", "plus"),
    Result.OK: ("good", "check"),
    Result.REFUSED: ("warn", "ban"),
    Outcome.LISTED: ("good", "check"),
    Outcome.CAPTURED: ("good", "camera"),
    Outcome.UNCHANGED: ("muted", "check"),
    Outcome.READ: ("good", "check"),
    Outcome.CREATE: ("info", "plus"),
    Outcome.UPDATE: ("info", "pencil"),
    Outcome.RECREATE: ("info", "repeat"),
    Outcome.UNDELETE: ("info", "undo"),
    Outcome.REMOVE: ("bad", "trash-o"),
    Outcome.MATCHES: ("muted", "check"),
    Outcome.EXISTS: ("muted", "minus"),
    Outcome.BLOCKED: ("warn", "ban"),
    Outcome.CONFLICT: ("warn", "code-fork"),
    Outcome.CREATED: ("good", "plus"),
    Outcome.UPDATED: ("good", "pencil"),
    Outcome.RECREATED: ("good", "repeat"),
    Outcome.UNDELETED: ("good", "undo"),
    Outcome.REMOVED: ("good", "trash-o"),
    Outcome.UNKNOWN: ("warn", "question"),
    Outcome.FREED: ("good", "recycle"),
    Outcome.PASSED: ("good", "check"),
    Outcome.ERROR: ("bad", "times"),
    Outcome.CANCELLED: ("muted", "ban"),
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
    "directoryRoleTemplates": "Directory role",
    "externalDirectories": "Directory of guests",
    "directories": "Directory id",
    "domains": "Domain",
}
_INTUNE = re.compile(r"(https://intune\.microsoft\.com/[^\s<>\"']*[^\s<>\"'.,;:)])")


def kind_title(kind: str) -> str:
    """Return the title of a kind of object that references and mappings are about."""
    return translated(OTHER_KINDS.get(kind) or policy_type_names.title(kind))


def policy_type_title(key: str, odata_type: str | None = None) -> str:
    """Return the title of a policy type in the reader's language."""
    return translated(policy_type_names.title(key, odata_type))


def item_name(name: str | None, policy_type: str | None) -> str:
    """Return what an item of a run, or a finding, is called: a policy by its own name, all else in our words.

    "" for what has no name.
    """
    if not name:
        return ""
    title = policy_type_names.title(policy_type or "")
    is_a_policy = title not in (policy_type or "", name)
    return name if is_a_policy else translated(name)


def link_intune_addresses(text: str) -> Markup:
    """Show a sentence in the reader's language, addresses in Intune as links. Everything else of it stays text."""
    anchor = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>')
    parts = _INTUNE.split(translated(text))
    return Markup("").join(anchor.format(part) if number % 2 else part for number, part in enumerate(parts))


def state_badge(state: str, word: str = "") -> Markup:
    """Show a state with its look and icon; `word`: what a page calls it, where that is not the state's own word."""
    look, icon = _BADGES.get(state, ("muted", "circle-o"))
    return Markup('<span class="badge badge-{}"><i class="fa fa-{}" aria-hidden="true"></i> {}</span>').format(
        look, icon, translated(word or state)
    )


POLICY_STATES = {PolicyState.PRESENT: "in the tenant", PolicyState.GONE: "deleted from tenant"}


def policy_state_badge(state: str) -> Markup:
    return state_badge(state, POLICY_STATES[PolicyState(state)])


def datetime_html(at: datetime | None) -> Markup:
    """Show the time in UTC. The script shows it in the reader's zone and keeps the exact time as its title."""
    if at is None:
        return Markup('<span class="text-muted">–</span>')
    at = at.replace(microsecond=0)
    return Markup('<time datetime="{}Z" title="{} UTC">{} UTC</time>').format(at.isoformat(), at, _short_datetime(at))


_TOLD_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC\b")


def with_times(text: str) -> Markup:
    """Show a sentence with its times like all others, so that the script shows them in the reader's zone.

    Markup comes back as it is: its times are marked already.
    """
    if isinstance(text, Markup):
        return text
    pieces = _TOLD_TIME.split(text)
    return Markup("").join(_told_time(piece) if place % 2 else piece for place, piece in enumerate(pieces))


_IN_ADDRESS = re.compile(r"(?<=\w)@(?=\w)")


def with_breaks(text: str) -> Markup:
    """Let an e-mail address go on in the next line behind its @, sooner than within a word."""
    return Markup("@<wbr>").join(_IN_ADDRESS.split(text))


def _told_time(piece: str) -> str:
    try:
        return datetime_html(datetime.fromisoformat(piece))
    except ValueError:  # digits that are no time
        return piece + " UTC"


def _short_datetime(at: datetime) -> str:
    """Write a time as the reader's language does. English has no one way: 2026-03-01 12:00."""
    language = current_language()
    return f"{at:%Y-%m-%d %H:%M}" if language == ENGLISH else format_datetime(at, "short", locale=language)


NEXT_TIMES = 3


def schedule_html(schedule: Schedule) -> Markup:
    """Say when it comes in words, and what it reads. A cron that has none is shown with its next times."""
    if schedule_words.recurrence(schedule.cron):
        when = Markup("{}").format(translated(schedule_words.describe(schedule.cron, schedule.time_zone)))
    else:
        zone, now = str(schedule.time_zone), utcnow()
        moments = (schedule_words.moment(at, zone, now) for at in schedules.coming(schedule, NEXT_TIMES))
        times = ", ".join(moments)
        when = Markup("<code>{}</code> ({}): {}").format(schedule.cron, schedule_words.zone_words(zone), times)
    if schedule.is_rehearsal:
        return translated_markup("{}, rehearses a restore").format(when)
    return translated_markup("{}, reads everything").format(when) if schedule.is_full else when


def time_ago_html(at: datetime | None) -> Markup:
    """Show how long ago it was. The script puts the exact time in the reader's zone into the title."""
    if at is None:
        return Markup('<span class="text-muted">{}</span>').format(gettext("never"))
    at = at.replace(microsecond=0)
    ago = gettext("%(time)s ago", time=_span_text((utcnow() - at).total_seconds(), parts=1))
    return Markup('<time class="ago" datetime="{}Z" title="{} UTC">{}</time>').format(at.isoformat(), at, ago)


def credential_kind(kind: str) -> str:
    """Return what people call a credential of this kind, in the reader's language."""
    return translated(credentials.kind_words(kind))


def credential_end(at: datetime, now: datetime) -> str:
    """Say when a credential ends: “ends on 2026-03-01, in 12 days”."""
    day = f"{at:%Y-%m-%d}"
    if at < now:
        return gettext("ended on %(day)s", day=day)
    days = (at - now).days
    if days == 0:
        return gettext("ends on %(day)s, today", day=day)
    return ngettext("ends on %(day)s, in 1 day", "ends on %(day)s, in %(num)s days", days, day=day)


# As browsers name themselves, the more particular first: each also names those it wants to be taken for.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Return what a person calls the browser: “Firefox on Windows”."""
    name = next((name for token, name in _BROWSERS if token in user_agent), "Another browser")
    system = next((name for token, name in _SYSTEMS if token in user_agent), "")
    return translated(f"{name} on {system}" if system else name)


def count_text(count: int, noun: str, nouns: str = "") -> str:
    """Write a count with its noun: “1 run”, “3 runs”. `nouns` is the plural of those that do not end in “s”."""
    return ngettext(f"%(num)s {noun}", f"%(num)s {nouns or noun + 's'}", count)


def count_policies(count: int) -> str:
    return count_text(count, "policy", "policies")


def duration(begin: datetime | None, end: datetime | None = None) -> str:
    return "–" if begin is None else seconds_text(((end or utcnow()) - begin).total_seconds())


def seconds_text(count: float) -> str:
    """Write a number of seconds as “8 s”, “3 min 20 s”, “2 h 5 min”, “3 days 4 h”."""
    return _span_text(count, parts=2)


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def _span_text(count: float, parts: int) -> str:
    """Write seconds in the largest unit that fits and the ones just below it: `parts` units in all."""
    rest, numbers = max(int(count), 0), []
    for size, _ in _UNITS:
        number, rest = divmod(rest, size)
        numbers.append(number)
    first = next((place for place, number in enumerate(numbers) if number), len(_UNITS) - 1)
    shown = [(numbers[place], _UNITS[place][1]) for place in range(first, min(first + parts, len(_UNITS)))]
    words = [count_text(number, "day") if unit == "d" else f"{number} {unit}" for number, unit in shown if number]
    return " ".join(words) or "0 s"


NAMES_SHOWN = 4
DIFFERENCES_SHOWN = 2
LONGEST_VALUE = 60


NO_REAL_CHANGE = "No real change (order or timestamps only)"


def change_summary(differences: Sequence[Difference] | None) -> str:
    """Say what changed: “Password minimum length: 8 → 12”; of several changes how many: “2 changed, 1 added: …”."""
    if differences is None:
        return "The changes cannot be shown: a stored content cannot be opened. Tell your admin."
    if not differences:
        return NO_REAL_CHANGE
    if len(differences) == 1:
        return _change_sentence(differences[0])
    tally = Counter(difference.kind for difference in differences)
    names = list(dict.fromkeys(difference.label for difference in differences))
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    counts = ", ".join(f"{tally[kind]} {kind}" for kind in ("changed", "added", "removed") if tally[kind])
    return f"{counts}: {'; '.join(names[:NAMES_SHOWN])}{more}"


def first_differences(differences: Sequence[Difference] | None) -> str:
    """Say the first differences with their values, and how many more there are: for one line of a list."""
    if not differences:
        return change_summary(differences)
    words = "; ".join(_change_sentence(difference) for difference in differences[:DIFFERENCES_SHOWN])
    more = len(differences) - DIFFERENCES_SHOWN
    if more <= 0:
        return words
    return f"{words}; and 1 more difference" if more == 1 else f"{words}; and {more} more differences"


def _change_sentence(difference: Difference) -> str:
    sides = [_short_value(side) for side in (difference.before, difference.after)]
    if difference.kind == "changed" and None not in sides:
        return f"{difference.label}: {sides[0]} → {sides[1]}"
    return f"{difference.label} {difference.kind}"


def _short_value(value: object) -> str | None:
    """Write a value that fits in a line; None when it does not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "not set" if value is None else str(value) if isinstance(value, str | int | float) else ""
    return text if 0 < len(text) <= LONGEST_VALUE and "\n" not in text else None


def audit_detail(value: object) -> str:
    """Write a detail of an audit event: counts in one line, zeros left out."""
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items() if count) or "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_SIZES = ("B", "KB", "MB", "GB", "TB")


def file_size(count: int) -> str:
    """Write a number of bytes in the unit that suits it, with the decimal point of the reader's language."""
    power = max(power for power in range(len(_SIZES)) if power == 0 or count >= 1024**power)
    size = format_decimal(count / 1024**power, "0.0" if power else "0", locale=current_language())
    return f"{size} {_SIZES[power]}"
