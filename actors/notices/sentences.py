"""The words of a notice: one sentence for each event, begun or well again, and the facts that stand with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actors.facade import change_words, policy_type_names
from actors.facade.wording import Wording
from actors.notices import authors
from actors.notices.plain_text import plain, short_time
from db.audit.audit import Action
from db.models import Change, Notice, Occurrence
from db.notices import notices, occurrences, rules
from db.readiness import reports
from db.states import CellState, ChangeKind, NoticeEvent, NoticePhase, RunKind, RunState, Severity

# A digest says of no more who made a change: it shows no more.
MAX_AUTHORS = 100
# Settings that a notice of one change names, and letters of what was found at a store of copies.
MAX_PLACES, MAX_FOUND = 3, 250


@dataclass(frozen=True)
class Subject:
    """The words of one notice. `who`: "by …" or why that is not known; of a change only."""

    notice: Notice
    tenant: str
    severity: Severity
    sentence: str
    at: datetime
    zone: str
    who: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def is_well(self) -> bool:
        return bool(self.notice.phase == NoticePhase.ENDED or self.notice.occurrence.ended_at)

    @property
    def later(self) -> str:
        """In a digest: that what began is over by now."""
        told = self.notice.occurrence
        if self.notice.phase == NoticePhase.ENDED or not told.ended_at:
            return ""
        return f" (well again since {short_time(told.ended_at, self.zone)})"


def subjects_of(told: Sequence[Notice]) -> list[Subject]:
    """Put notices into words, in a few statements whatever their number."""
    changes = notices.changes_of([notice.occurrence for notice in told])
    gravest = sorted(changes.values(), key=lambda change: -rules.SEVERITIES.index(Severity(change.severity or "low")))
    who = authors.authors_of(gravest[:MAX_AUTHORS])
    tenants = notices.tenant_names([notice.occurrence for notice in told])
    wording = change_words.words_for_changes(gravest[:MAX_AUTHORS])
    return [_subject(notice, changes, who, tenants, wording) for notice in told]


def _subject(
    notice: Notice, changes: dict[int, Change], who: dict[int, str], tenants: dict[int, str], wording: Wording
) -> Subject:
    told: Occurrence = notice.occurrence
    change = changes.get(told.change_id or 0)
    author = who.get(told.change_id or 0, "")
    has_ended = notice.phase == NoticePhase.ENDED
    zone = str(notice.rule.time_zone) if notice.rule else "UTC"
    return Subject(
        notice=notice,
        tenant=plain(tenants.get(told.tenant_id or 0, "")),
        severity=Severity.LOW if has_ended else rules.severity_of(told),
        sentence=_WELL_AGAIN[told.event] if has_ended else _SENTENCES[told.event](told, change, zone),
        at=told.ended_at if has_ended else _time_of(told, change),
        zone=zone,
        who=author,
        facts=_facts(told, change, author, zone, wording) if not has_ended else (),
    )


def _time_of(told: Occurrence, change: Change | None) -> datetime:
    if change:
        return change.seen_at
    return _moment(told.facts.get("since") or told.facts.get("at")) or told.began_at


def time_label(subject: Subject) -> str:
    """Return what the time of a notice is: when it was seen, when it happened, or since when it goes on."""
    told = subject.notice.occurrence
    if told.event == NoticeEvent.CHANGE:
        return "Seen"
    if told.facts.get("since"):
        return "Last good" if told.event == NoticeEvent.NO_GOOD_BACKUP else "Worked until"
    return "Since" if told.event in occurrences.LASTING else "At"


def _facts(
    told: Occurrence, change: Change | None, author: str, zone: str, wording: Wording
) -> tuple[tuple[str, str], ...]:
    facts = [("Changed", author)] if author else []
    if change and change.since_at:
        facts.append(("As before until", short_time(change.since_at, zone)))
    if change and change.difference_count:
        facts.append(("Differences", str(change.difference_count)))
    if change and change.differences:
        facts.append(("What changed", _places(change, wording)))
    if ends_at := _moment(told.facts.get("ends_at")):
        facts.append(("Ends", short_time(ends_at, zone)))
    if found := told.facts.get("found"):
        facts.append(("Found", plain(found, MAX_FOUND)))
    return tuple(facts)


def _places(change: Change, wording: Wording) -> str:
    """Name the first settings that differ, in Microsoft's words, without any value."""
    kind = change_words.kind_of(change)
    labels = dict.fromkeys(plain(change_words.label_of(place, kind, wording)) for place in change.differences)
    more = len(labels) - MAX_PLACES
    return ", ".join(list(labels)[:MAX_PLACES]) + (f" and {more} more" if more > 0 else "")


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- sentences -------------------------------------------------------------------------------------------------------

Sentence = Callable[[Occurrence, Change | None, str], str]

_VERBS = {
    ChangeKind.ADDED: "was added",
    ChangeKind.CHANGED: "was changed",
    ChangeKind.ASSIGNMENTS_CHANGED: "is assigned otherwise",
    ChangeKind.REMOVED: "was removed",
    ChangeKind.CAME_BACK: "came back",
}
_RUNS = {
    RunKind.SYNC: "The sync",
    RunKind.LOOK: "The sync",
    RunKind.CAPTURE_SNAPSHOT: "A capture",
    RunKind.BACK_UP: "The backup",
    RunKind.CONNECT: "Connecting",
    RunKind.CREDENTIAL: "The change of the credential",
    RunKind.PRUNE: "The deletion of old backups",
    RunKind.DOCUMENT: "The making of a document",
    RunKind.READINESS: "An assessment of readiness",
    RunKind.LOOK_UP: "A look-up",
    RunKind.REHEARSE: "The rehearsal",
    RunKind.PUSH: "The copying of a backup set",
}


def _change(_told: Occurrence, change: Change | None, _zone: str) -> str:
    if change is None:
        return "A policy was changed"
    policy = change.policy
    title = policy_type_names.title(policy.policy_type, policy.odata_type)
    return f"“{plain(policy.name)}” ({title}) {_VERBS[change.kind]}"


def _run(told: Occurrence) -> str:
    return _RUNS.get(told.facts.get("kind"), "A run")


def _failed(told: Occurrence, _change: Change | None, _zone: str) -> str:
    return f"{_run(told)} failed"


def _partial(told: Occurrence, _change: Change | None, _zone: str) -> str:
    return f"{_run(told)} succeeded in part: {_lost(told)}"


def _lost(told: Occurrence) -> str:
    """Return "3 of 120 policies failed"."""
    counts = told.facts.get("counts") or {}
    lost = counts.get("failed", 0) + counts.get("uncertain", 0)
    total = counts.get("total", 0)
    return f"{lost} of {total} policies failed" if total != 1 else "its policy failed"


def _no_good_backup(told: Occurrence, _change: Change | None, _zone: str) -> str:
    hours = told.facts.get("hours")
    if not told.facts.get("since"):
        return f"No good backup yet, after more than {hours} hours"
    return f"No good backup for more than {hours} hours"


def _schedule(told: Occurrence, _change: Change | None, zone: str) -> str:
    due_at = _moment(told.facts.get("due_at"))
    if due_at is None:
        return "A backup schedule is paused: it has no next time"
    return f"The backup that was due {short_time(due_at, zone)} did not begin"


def _restore(told: Occurrence) -> str:
    return f"Restore {told.restore_id}" if told.restore_id else "A restore"


def _restore_done(told: Occurrence, _change: Change | None, _zone: str) -> str:
    state, done = told.facts.get("state"), (told.facts.get("counts") or {}).get("done", 0)
    if state == RunState.FAILED:
        return f"{_restore(told)} failed"
    if state == RunState.PARTIAL:
        return f"{_restore(told)} succeeded in part: {_lost(told)}"
    if state == RunState.CANCELLED:
        return f"{_restore(told)} was cancelled, after {done} of its policies"
    return f"{_restore(told)} is done: 1 policy" if done == 1 else f"{_restore(told)} is done: {done} policies"


def _restore_asked(told: Occurrence, _change: Change | None, _zone: str) -> str:
    return f"{plain(told.facts.get('asked_by') or 'Somebody')} asks for somebody to confirm restore {told.restore_id}"


def _foreign_write(told: Occurrence, _change: Change | None, _zone: str) -> str:
    what = f": “{plain(name)}”" if (name := told.facts.get("object")) else ""
    return f"Somebody else wrote with Tenantkeep’s app ({plain(told.facts.get('activity') or 'a change')}){what}"


def _copies_failing(told: Occurrence, _change: Change | None, _zone: str) -> str:
    store = plain(told.facts.get("store") or "?")
    sentences = {
        "key_unproven": "For a year nobody proved that they still have a recovery key: without one no copy opens",
        "behind": f"Copies in the store “{store}” are more than a day behind",
        "damaged": f"Copies in the store “{store}” were lost or changed there: find out who did it",
        "incomplete": f"The store “{store}” lacks what cannot be opened here: its page names it",
        "not_erased": f"The store “{store}” does not delete the copies that it was asked to: its page says why",
        "taken_over": f"Another installation of this name took the store “{store}” over: nothing goes there from here",
        "not_locked": f"The store “{store}” does not lock the copies in it, which has to be",
    }
    return sentences.get(str(told.facts.get("why")), f"The store of copies “{store}” does not work")


_SAFEGUARDS = {
    Action.COPY_STORE_ADDED: "added the {subject}",
    Action.COPY_STORE_CHANGED: "changed the {subject} ({changed})",
    Action.COPY_STORE_REMOVED: "removed the {subject}: no copy goes there any more",
    Action.RECOVERY_KEY_RETIRED: "retired the {subject}: copies are no longer sealed to it",
    Action.TENANT_SWITCHED_OFF: "switched {subject} off: nothing of it is backed up any more",
    Action.TENANT_DISCONNECTED: "disconnected {subject}: nothing of it is backed up any more",
    Action.RETENTION_SET: "changed how long backups of {subject} are kept",
    Action.SET_UNPINNED: "ended the protection of {subject}",
    Action.CHANNEL_CHANGED: "changed the {subject} ({changed}): notices may not arrive",
    Action.CHANNEL_REMOVED: "removed the {subject}: it is told nothing any more",
    Action.NOTICE_RULE_SET: "changed what the {subject} is told",
    Action.NOTICE_RULE_REMOVED: "removed a rule of the {subject}: it is told less",
    Action.USER_CHANGED: "changed the {subject} ({changed})",
}
_CHANGED = {
    "copy_days": "how long copies are kept",
    "needs_lock": "whether copies have to be locked",
    "is_active": "whether it is switched on",
    "credentials": "what it is signed in to with",
    "site_role": "the role",
    "password": "the password",
}


def _safeguard(told: Occurrence, _change: Change | None, _zone: str) -> str:
    """Return “ada@example.com removed the store of copies Vault: no copy goes there any more”."""
    facts = told.facts
    words = _SAFEGUARDS[Action(facts["action"])]
    changed = ", ".join(_CHANGED.get(name, plain(name)) for name in facts["changed"])
    return f"{plain(facts['by'])} {words.format(subject=plain(facts['subject']), changed=changed)}"


def _expiring(told: Occurrence, _change: Change | None, zone: str) -> str:
    ends_at = _moment(told.facts.get("ends_at"))
    what = f"The credential of {plain(app)}" if (app := told.facts.get("app")) else "The credential"
    what += " that only writes" if told.facts.get("writes") else ""
    return f"{what} ends {short_time(ends_at, zone)}" if ends_at else f"{what} ends soon"


def _readiness(told: Occurrence, _change: Change | None, _zone: str) -> str:
    now, before = (reports.percent(told.facts[name]) for name in ("share", "before"))
    return f"{now} % of the policies would come back by themselves if they were deleted, {before} % before"


def _report(told: Occurrence, _change: Change | None, zone: str) -> str:
    """Return “Report of 1 Oct to 31 Oct 2026: 12 changes, 3 of them high; 2 are open; last whole backup …”."""
    facts = told.facts
    begin, end = datetime.fromisoformat(facts["begin"]), datetime.fromisoformat(facts["end"]) - timedelta(days=1)
    changes, high, undecided = facts["changes"], facts["high"], facts["open"]
    what = "nothing changed" if not changes else "1 change" if changes == 1 else f"{changes} changes"
    gravely = f", {high} of them high" if high else ""
    left = "nothing is open" if not undecided else "1 is open" if undecided == 1 else f"{undecided} are open"
    at = _moment(facts["backed_up_at"])
    fresh = f"last whole backup {short_time(at, zone)}" if at else "no whole backup yet"
    stands = "".join(f"; {_standing(standard)}" for standard in facts.get("standards", ()))
    return f"Report of {begin.day} {begin:%b} to {end.day} {end:%b %Y}: {what}{gravely}; {left}; {fresh}{stands}"


_CELL_WORDS = {
    CellState.ALIGNED: "as it wants",
    CellState.DIFFERS: "different",
    CellState.MISSING: "missing",
    CellState.UNSURE: "to be confirmed",
    CellState.NOT_READABLE: "could not be read",
    CellState.STALE: "read too long ago",
    CellState.EXCEPTED: "excepted",
}


def _standing(standard: Mapping[str, Any]) -> str:
    """Return “standard “Base”: 38 as it wants, 1 different, 1 could not be read”: no share of a whole."""
    states = standard["states"]
    counts = ", ".join(f"{states[state]} {words}" for state, words in _CELL_WORDS.items() if states.get(state))
    return f"standard “{plain(standard['name'])}”: {counts or 'not looked at yet'}"


def _deletion_due(told: Occurrence, _change: Change | None, zone: str) -> str:
    """Return “12 backup sets go on 4 Dec 03:12, unless somebody protects them”, or that all of a tenant goes."""
    count, at = told.facts.get("count"), _moment(told.facts["due_at"])
    when = short_time(at, zone) if at else "soon"
    if copies_of := told.facts.get("copies_of"):
        store = plain(told.facts["store"])
        return f"All copies of {plain(copies_of)} in the store “{store}” go on {when}, unless somebody takes that back"
    if not count:
        return f"The tenant goes with all its backups on {when}, unless somebody takes that back"
    what = "1 backup set goes" if count == 1 else f"{count} backup sets go"
    return f"{what} on {when}, unless somebody protects {'it' if count == 1 else 'them'}"


_RINGS = {"pilot": "the pilot ring", "early": "the early ring", "all": "all the others"}
_ROLLOUTS = {
    "asked": "is planned for {ring}, and waits to be confirmed",
    "finished": "is rolled out to {ring}: {done} of {all} tenants have it",
    "rolled_back": "is rolled back from {ring}: {undone} of {all} tenants are as they were",
}


def _rollout(told: Occurrence, _change: Change | None, _zone: str) -> str:
    """Return “Standard “Baseline”, version 3, is planned for the pilot ring, and waits to be confirmed”."""
    facts, tenants = told.facts, told.facts.get("tenants") or {}
    ring = _RINGS.get(facts["ring"], facts["ring"])
    what = f"Standard “{plain(facts['standard'])}”, version {facts['version']}"
    if facts["what"] == "stopped":
        return f"{what}: roll-out {facts['rollout']} to {ring} stopped. {plain(facts['why'])}".rstrip(".")
    counts = {"done": tenants.get("done", 0), "undone": tenants.get("undone", 0), "all": sum(tenants.values())}
    return f"{what}, {_ROLLOUTS.get(facts['what'], 'has ended in {ring}').format(ring=ring, **counts)}"


_EXCEPTIONS = {
    "asked": "An exception is asked for",
    "approved": "An exception was approved",
    "refused": "An exception was refused",
    "ending": "An exception is about to end",
    "ended": "An exception has ended",
}
_EXCEPTION_KINDS = {"leave_out": "left out", "otherwise": "with settings of its own"}


def _exception(told: Occurrence, _change: Change | None, zone: str) -> str:
    """Return “An exception is about to end: “MFA” of the standard “Base”, left out, until 4 Dec 23:59. CAB 12”."""
    facts, until = told.facts, _moment(told.facts["until"])
    where = f", in tenants tagged “{plain(facts['tag'])}”" if facts["tag"] else ""
    end = f", until {short_time(until, zone)}" if until else ""
    what = f"“{plain(facts['item'])}” of the standard “{plain(facts['standard'])}”, {_EXCEPTION_KINDS[facts['kind']]}"
    return f"{_EXCEPTIONS[facts['what']]}: {what}{where}{end}. {plain(facts['reason'])}".rstrip(".")


_SENTENCES: dict[str, Sentence] = {
    NoticeEvent.CHANGE: _change,
    NoticeEvent.RUN_FAILED: _failed,
    NoticeEvent.RUN_PARTIAL: _partial,
    NoticeEvent.NO_GOOD_BACKUP: _no_good_backup,
    NoticeEvent.SCHEDULE_MISSED: _schedule,
    NoticeEvent.RESTORE_ASKED: _restore_asked,
    NoticeEvent.RESTORE_WAITING: lambda told, *_: f"{_restore(told)} waits for the approval of a second person",
    NoticeEvent.RESTORE_DONE: _restore_done,
    NoticeEvent.TENANT_APPROVAL_WAITING: lambda told, *_: (
        f"{_restore(told)} waits for Multi Admin Approval in the tenant"
    ),
    NoticeEvent.CONNECTION_FAILING: lambda *_: "Signing in to the tenant fails",
    NoticeEvent.CREDENTIAL_EXPIRING: _expiring,
    NoticeEvent.DELETION_DUE: _deletion_due,
    NoticeEvent.AUDIT_BROKEN: lambda *_: "Tenantkeep’s audit log was changed, or a part of it is missing",
    NoticeEvent.READINESS_FELL: _readiness,
    NoticeEvent.COPIES_FAILING: _copies_failing,
    NoticeEvent.SAFEGUARD_CHANGED: _safeguard,
    NoticeEvent.FOREIGN_WRITE: _foreign_write,
    NoticeEvent.ROLLOUT: _rollout,
    NoticeEvent.ROLLOUT_PLANNED: lambda told, *_: (
        f"Version {told.facts['version']} of the standard “{plain(told.facts['standard'])}” is planned for this tenant"
    ),
    NoticeEvent.STANDARD_EXCEPTION: _exception,
    NoticeEvent.WEEKLY_REPORT: _report,
    NoticeEvent.MONTHLY_REPORT: _report,
}
_WELL_AGAIN: dict[str, str] = {
    **dict.fromkeys(NoticeEvent, "It is well again"),
    NoticeEvent.NO_GOOD_BACKUP: "There is a good backup again",
    NoticeEvent.SCHEDULE_MISSED: "The schedule goes on",
    NoticeEvent.TENANT_APPROVAL_WAITING: "The restore no longer waits for Multi Admin Approval",
    NoticeEvent.CONNECTION_FAILING: "Signing in to the tenant works again",
    NoticeEvent.CREDENTIAL_EXPIRING: "The credential was renewed",
    NoticeEvent.AUDIT_BROKEN: "The audit log holds again",
    NoticeEvent.READINESS_FELL: "As many policies as before the fall would come back by themselves again",
    NoticeEvent.COPIES_FAILING: "Copies elsewhere are up to date again",
}
