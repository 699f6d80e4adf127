"""The words of a message: good to read on a phone at three in the morning.

What, where, since when, who, and one link. Names leave, never what a policy holds. All of it is plain text on one line
each: the senders give it the form of their channels, and escape what that form would read as marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import config
from actors.notices import sentences
from actors.notices.plain_text import plain, short_time
from actors.notices.sentences import Subject
from db.models import Delivery, Notice
from db.notices import notices
from db.notices.deliveries import Refusal
from db.states import NoticeEvent, NoticePhase, Severity

TEST_SUBJECT = "Test of Tenantkeep’s notices"
NOTHING_LEFT = "What it was about may no longer be told to whom the channel belongs."
MAX_LINES = 15
# Of one tenant, where there are several: one that is all in flames hides no other.
MAX_LINES_OF_TENANT = 5
_ORDER = list(Severity)


@dataclass(frozen=True)
class Message:
    """One message, in plain text: each sender gives it the form of its channel.

    `lines`: one thought each. `facts`: labels and values. `link`: "" where nobody said under which address pages are.
    """

    subject: str
    lines: tuple[str, ...] = ()
    link: str = ""
    severity: Severity | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PageLink:
    path: str
    # For who has no link: what to press.
    words: str


CHANNELS = PageLink("/channels/", "Channels")
DASHBOARD = PageLink("/", "Dashboard")
CHANGES = PageLink("/changes/", "Changes")
AUDIT_LOG = PageLink("/audit/", "Audit log")
# Of what is of the whole installation, and of acts.
PLACES = {
    NoticeEvent.AUDIT_BROKEN: AUDIT_LOG,
    NoticeEvent.SAFEGUARD_CHANGED: AUDIT_LOG,
    NoticeEvent.COPIES_FAILING: PageLink("/copies/", "Copies elsewhere"),
}
_OF_ROLLOUTS = (NoticeEvent.ROLLOUT, NoticeEvent.ROLLOUT_PLANNED)
_OF_RUNS = (NoticeEvent.RUN_FAILED, NoticeEvent.RUN_PARTIAL)
_OF_RESTORES = (
    NoticeEvent.RESTORE_ASKED,
    NoticeEvent.RESTORE_WAITING,
    NoticeEvent.RESTORE_DONE,
    NoticeEvent.TENANT_APPROVAL_WAITING,
)


def message_of(delivery: Delivery) -> Message:
    """Write the message of a delivery from what its notices are about, as it is now. Raises Refusal for good where
    its reader may no longer hear any of it.
    """
    if delivery.is_test:
        lines = ("This channel works. What is told by it comes the same way.",)
        return _with_address(Message(TEST_SUBJECT, lines), CHANNELS)
    told = notices.of_delivery(delivery)
    if not told:
        raise Refusal(NOTHING_LEFT, is_final=True, is_of_channel=False)
    subjects = sorted(sentences.subjects_of(told), key=lambda subject: -_ORDER.index(subject.severity))
    message = _of_one(subjects[0]) if len(subjects) == 1 else _of_many(subjects)
    message = replace(message, lines=(*message.lines, _origin(told[0])))
    return _with_address(message, place_of([subject.notice for subject in subjects]))


def _with_address(message: Message, place: PageLink) -> Message:
    """Add the link; where nobody said under which address pages are, where to look: never a link to elsewhere."""
    address = config.settings().public_url
    if address:
        return replace(message, link=address + place.path)
    return replace(message, lines=(*message.lines, f"Look in Tenantkeep under: {place.words}."))


def _origin(notice: Notice) -> str:
    return f"Sent by the channel “{plain(notice.channel.name)}”, which says what it tells."


# --- one -------------------------------------------------------------------------------------------------------------


def _of_one(subject: Subject) -> Message:
    facts = [("Tenant", subject.tenant)] if subject.tenant else []
    if subject.notice.phase == NoticePhase.BEGAN and subject.notice.occurrence.event == NoticeEvent.CHANGE:
        facts.append(("Severity", str(subject.severity)))
    since = "Well again since" if subject.notice.phase == NoticePhase.ENDED else sentences.time_label(subject)
    facts.append((since, short_time(subject.at, subject.zone)))
    facts += subject.facts
    where = f"{subject.tenant}: " if subject.tenant else ""
    return Message(where + subject.sentence, (), "", _severity([subject]), tuple(facts))


# --- many ------------------------------------------------------------------------------------------------------------


def _of_many(subjects: Sequence[Subject]) -> Message:
    by_tenant: dict[str, list[Subject]] = {}
    for subject in subjects:
        by_tenant.setdefault(subject.tenant, []).append(subject)
    lines: list[str] = []
    left, most = MAX_LINES, MAX_LINES if len(by_tenant) == 1 else MAX_LINES_OF_TENANT
    unsaid = 0
    for tenant, of_tenant in by_tenant.items():
        shown = of_tenant[: min(most, left)]
        left -= len(shown)
        if not shown:
            unsaid += len(of_tenant)
            continue
        if len(by_tenant) > 1:
            lines.append(f"{tenant or 'Installation'}:")
        lines += [_line(subject) for subject in shown]
        if len(shown) < len(of_tenant):
            lines.append(f"… and {len(of_tenant) - len(shown)} more in {tenant or 'the installation'}")
    if unsaid:
        lines.append(f"… and {unsaid} more in other tenants")
    return Message(_summary(subjects, list(by_tenant)), tuple(lines), "", _severity(subjects))


def _line(subject: Subject) -> str:
    """Return one line of a digest: "• 03:12 high: “MFA for admins” was changed, by anna@contoso.example"."""
    is_grave_change = subject.notice.occurrence.event == NoticeEvent.CHANGE
    severity = f" {subject.severity}:" if is_grave_change else ""
    who = f", {subject.who}" if subject.who else ""
    return f"• {short_time(subject.at, subject.zone)}{severity} {subject.sentence}{who}{subject.later}"


def _summary(subjects: Sequence[Subject], tenants: Sequence[str]) -> str:
    """Return "Contoso: 3 changes, 2 of them high" or "12 notices from 3 tenants, 4 of them high"."""
    is_change = [subject.notice.occurrence.event == NoticeEvent.CHANGE for subject in subjects]
    what = "changes" if all(is_change) else "notices"
    grave = sum(subject.severity == Severity.HIGH and not subject.is_well for subject in subjects)
    gravely = f", {grave} of them high" if 0 < grave < len(subjects) else ", all of them high" if grave else ""
    if len(tenants) == 1:
        return f"{tenants[0] or 'Tenantkeep'}: {len(subjects)} {what}{gravely}"
    return f"{len(subjects)} {what} from {len(tenants)} tenants{gravely}"


def _severity(subjects: Sequence[Subject]) -> Severity:
    """Return the gravest of what is not well again."""
    grave = [subject.severity for subject in subjects if not subject.is_well]
    return max(grave, key=_ORDER.index, default=Severity.LOW)


# --- where to look ---------------------------------------------------------------------------------------------------


def place_of(told: Sequence[Notice]) -> PageLink:
    """Return the one page that shows what these notices are about; of many, the list or the tenant that has them."""
    if len(told) == 1:
        return _place_of_one(told[0])
    events = {notice.occurrence.event for notice in told}
    tenant_ids = {notice.occurrence.tenant_id for notice in told}
    if events == {NoticeEvent.CHANGE}:
        only = next(iter(tenant_ids)) if len(tenant_ids) == 1 else None
        return PageLink(f"{CHANGES.path}?tenant={only}", CHANGES.words) if only else CHANGES
    return _place_of_tenant(tenant_ids.pop()) if len(tenant_ids) == 1 else DASHBOARD


def _place_of_one(notice: Notice) -> PageLink:
    about = notice.occurrence
    if about.event == NoticeEvent.CHANGE and about.change_id:
        return PageLink(f"/changes/{about.change_id}", f"{CHANGES.words}, change {about.change_id}")
    if about.event in _OF_RUNS and about.run_id:
        return PageLink(f"/runs/{about.run_id}", f"Runs, run {about.run_id}")
    if about.event in _OF_RESTORES and about.restore_id:
        return PageLink(f"/restores/{about.restore_id}", f"Restores, restore {about.restore_id}")
    if about.event == NoticeEvent.READINESS_FELL:
        return PageLink(f"/tenants/{about.tenant_id}/readiness", "Readiness")
    if about.event in _OF_ROLLOUTS:
        number = about.facts["rollout"]
        return PageLink(f"/rollouts/{number}", f"Standards, roll-out {number}")
    if about.event == NoticeEvent.STANDARD_EXCEPTION:
        followers = f"/standards/{about.facts['standard_id']}/tenants/"
        return PageLink(followers + str(about.tenant_id or ""), "Standards, who follows")
    if "copies_of" in about.facts:
        return PageLink(f"/copies/{about.facts['store_id']}", "Copies elsewhere")
    return PLACES.get(about.event) or _place_of_tenant(about.tenant_id)


def _place_of_tenant(tenant_id: int | None) -> PageLink:
    return PageLink(f"/tenants/{tenant_id}", f"Tenants, tenant {tenant_id}") if tenant_id else DASHBOARD
