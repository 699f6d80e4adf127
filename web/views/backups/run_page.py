"""The page of a run: its moving part, which stands on other pages too, and what this person may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flask import render_template, url_for
from flask_babel import gettext
from markupsafe import Markup

import config
from db.accounts import users
from db.backups import backup_sets, set_retries
from db.clock import utcnow
from db.imports import policy_imports
from db.models import BackupSet, Policy, PolicyImport, Restore, Run, RunItem, Tenant, User
from db.names.work_names import Name, name_of
from db.restores import restore_items, restores, retries
from db.runs import run_history, run_progress, uploads
from db.runs.run_progress import RunItemFilter
from db.states import ACTIVE, ItemState, Outcome, RestoreState, RunKind, RunState
from db.tenants import backup_health
from web.acts import run_acts
from web.acts.run_acts import RETRIES
from web.lists.folded_list import ROWS_SHOWN, FoldedList, ListSort, ListWish, Mark, asked
from web.presentation import restore_approval, run_messages
from web.presentation.restore_approval import Approval
from web.security.access import can, can_fetch
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts.verdicts import Verdict, run_verdict
from web.views.backups.waterfall import Waterfall, waterfall

KINDS = {
    RunKind.SYNC: "Sync policies",
    RunKind.LOOK: "Look for changes",
    RunKind.CAPTURE_SNAPSHOT: "Capture snapshot",
    RunKind.BACK_UP: "Back up",
    RunKind.UPLOAD: "Read uploaded set",
    RunKind.IMPORT: "Read import",
    RunKind.PREVIEW: "Preview restore",
    RunKind.RESTORE: "Restore",
    RunKind.CONNECT: "Connect tenant",
    RunKind.CREDENTIAL: "Replace credential",
    RunKind.PRUNE: "Prune what is old",
    RunKind.WATCH: "Watch for changes",
    RunKind.DEFINE: "Ask for Microsoft's words",
    RunKind.DOCUMENT: "Make document",
    RunKind.READINESS: "Assess readiness",
    RunKind.LOOK_UP: "Look up a person or device",
    RunKind.REHEARSE: "Rehearse a restore",
    RunKind.PUSH: "Copy a backup set elsewhere",
}
# The items' sort in an address, which begins with what an item ended as.
SHOW_FIELD = "outcome"
NOTHING: Mapping[str, str] = {}
SAID_BY_STATE = (Outcome.ERROR, Outcome.UNKNOWN)
# Nobody minds a run of two seconds that takes four.
LATE_SECONDS = 5
# State of an item -> (how its part of the bar looks, the icon beside its count).
LOOKS = {
    ItemState.DONE: ("good", "check"),
    ItemState.SKIPPED: ("warn", "exclamation-triangle"),
    ItemState.FAILED: ("bad", "times"),
    ItemState.UNCERTAIN: ("warn", "exclamation-triangle"),
}
BAR_WIDTH = 1000


# What people call the outcomes of items that were skipped, where the outcome's own word is not theirs.
WORDS = {
    Outcome.FORBIDDEN: "no permission",
    Outcome.NOT_AVAILABLE: "not offered here",
    Outcome.LEFT_OUT: "left out",
}


def outcome_word(name: str) -> str:
    return {str(outcome): word for outcome, word in WORDS.items()}.get(name) or name.replace("_", " ")


class Tally(NamedTuple):
    """The number of items in one state, and their place in the bar."""

    word: str
    number: int
    look: str
    icon: str
    x: float
    width: float


class ItemRow(NamedTuple):
    """A run item on the page."""

    item: RunItem

    @property
    def badge(self) -> str:
        is_said_by_state = self.item.state in run_progress.NEEDS_ATTENTION or not self.item.outcome
        return str(self.item.state if is_said_by_state else self.item.outcome)

    @property
    def badge_word(self) -> str:
        """The words of the badge, where that is not the state's own word."""
        return WORDS.get(self.item.outcome, "") if self.item.state == ItemState.SKIPPED else ""

    @property
    def beside_badge(self) -> str:
        needs_a_look = self.item.state in run_progress.NEEDS_ATTENTION
        is_shown = needs_a_look and self.item.outcome not in (*SAID_BY_STATE, *WORDS)
        return str(self.item.outcome or "") if is_shown else ""

    @property
    def can_be_copied(self) -> bool:
        """Is the message worth telling somebody?"""
        return bool(self.item.message) and self.item.state != ItemState.DONE


@dataclass(frozen=True)
class RunPage:
    """`items` are a page of `listed`, whose wish says which are shown: by outcome or state, all of them, or "" for
    those of a long run of which there is something to say. `typed_reason` stood in a form refused.
    """

    run: Run
    counts: dict[str, int]
    choices: dict[str, int]
    listed: FoldedList
    items: list[RunItem]
    retry: Approval | None
    typed_reason: str = ""

    @cached_property
    def tenant(self) -> Tenant:
        return Tenant.get_by_id(self.run.tenant_id)

    @cached_property
    def policy(self) -> Policy | None:
        return Policy.get_or_none(Policy.id == self.run.policy_id)

    @cached_property
    def requester(self) -> User | None:
        return users.find_by_id(self.run.requested_by_id)

    @cached_property
    def backup_set(self) -> BackupSet | None:
        return backup_sets.find_of_run(self.run)

    @cached_property
    def retried_by(self) -> list[Run]:
        return retries.retries_of(self.run)

    @cached_property
    def waiting(self) -> str | None:
        return run_progress.waiting_reason(self.run)

    @cached_property
    def usual_seconds(self) -> float | None:
        return run_history.usual_seconds(self.run, self.counts["total"])

    @cached_property
    def name(self) -> Name:
        return name_of(self.run)

    @property
    def set_said(self) -> str:
        """Say what the run does, or did, to its backup set."""
        if self.run.backup_set_id is not None:
            return "Completes" if self.is_active else "Added to"
        return "Makes" if self.is_active else "Made"

    @property
    def started_by(self) -> str:
        return run_messages.started_by(self.run, self.requester)

    @cached_property
    def verdict(self) -> Verdict:
        return run_verdict(self.run)

    @property
    def snapshot_id(self) -> int | None:
        """The snapshot that a capture of one policy made or found unchanged."""
        is_capture = self.run.kind == RunKind.CAPTURE_SNAPSHOT
        return self.items[0].snapshot_id if is_capture and self.items else None

    @property
    def is_look_up(self) -> bool:
        """The run has a page of its own for what it found, for operators."""
        return self.run.kind == RunKind.LOOK_UP and can(Permission.OPERATE, self.run.tenant_id)

    @property
    def is_upload(self) -> bool:
        return self.run.kind in uploads.KINDS

    @cached_property
    def policy_import(self) -> PolicyImport | None:
        """The import that this run made."""
        return policy_imports.find_of_run(self.run) if self.run.kind == RunKind.IMPORT else None

    @property
    def is_queued(self) -> bool:
        return self.run.state == RunState.QUEUED

    @property
    def is_active(self) -> bool:
        return self.run.state in ACTIVE

    @property
    def is_late(self) -> bool:
        usual = self.usual_seconds
        if not usual or self.run.started_at is None:
            return False
        seconds = ((self.run.ended_at or utcnow()) - self.run.started_at).total_seconds()
        return seconds > max(usual * 1.5, usual + LATE_SECONDS)

    @property
    def settled(self) -> int:
        return sum(self.counts[state] for state in LOOKS)

    @property
    def end_sentence(self) -> str:
        """The words that a screen reader hears when the run has ended."""
        word, total = translated(self.verdict.word), self.counts["total"]
        return gettext(
            "%(name)s ended: %(word)s. %(settled)s of %(total)s items.",
            name=translated(str(self.name)),
            word=word,
            settled=self.settled,
            total=total,
        )

    @cached_property
    def tallies(self) -> list[Tally]:
        """The states that items are in, from left to right of the bar."""
        tallies: list[Tally] = []
        x: float = 0
        for state, (look, icon) in LOOKS.items():
            if number := self.counts[state]:
                width = number / self.counts["total"] * BAR_WIDTH
                tallies.append(Tally(self._tally_word(state), number, look, icon, x, width))
                x += width
        return tallies

    def _tally_word(self, state: ItemState) -> str:
        """Call skipped items by what kept them from being done, where that is one thing."""
        if state == ItemState.SKIPPED:
            for outcome, word in WORDS.items():
                if self.choices.get(outcome) == self.counts[state]:
                    return word
        return str(state)

    @property
    def sorts(self) -> list[ListSort]:
        """The sorts of items to choose from: all, and by outcomes and states."""
        total = self.counts["total"]
        every = self._sort(run_progress.EVERY, f"all {total}")
        first = (
            [ListSort(gettext("what changed or failed"), "", self.shows_notable), every] if self.is_long else [every]
        )
        return [
            *first,
            *(self._sort(name, f"{translated(outcome_word(name))} {number}") for name, number in self.choices.items()),
        ]

    def _sort(self, show: str, label: str) -> ListSort:
        is_every = show == run_progress.EVERY and not self.shown and not self.shows_notable
        return ListSort(translated(label), show, is_every or show == self.shown)

    @cached_property
    def asks_for_emergency_accounts(self) -> bool:
        """Did the run capture Conditional Access of a tenant of which nobody named or denied such accounts?"""
        reads = self.run.kind in (RunKind.BACK_UP, RunKind.CAPTURE_SNAPSHOT) and not self.is_active
        return (
            reads
            and run_progress.has_captured(self.run, backup_health.CONDITIONAL_ACCESS)
            and backup_health.is_unguarded(self.tenant)
        )

    @property
    def is_long(self) -> bool:
        """So many items that at first only those are listed of which there is something to say."""
        return self.counts["total"] > ROWS_SHOWN

    @property
    def shown(self) -> str:
        return self.listed.wish.show

    @property
    def shows_notable(self) -> bool:
        return self.is_long and not self.shown and not self.listed.wish.is_narrow

    @property
    def rows(self) -> list[ItemRow]:
        return [ItemRow(item) for item in self.items]

    @cached_property
    def can_retry(self) -> bool:
        return may_retry(self.run)

    @cached_property
    def not_restored(self) -> int:
        """The number of items that a new restore could take up, where trying them again as planned cannot help."""
        is_live = self.run.kind == RunKind.RESTORE and not self.is_active and self.run.restore_id is not None
        if not is_live or self.can_retry or self.retry is not None:
            return 0
        restore = Restore.get_by_id(self.run.restore_id)
        is_newest = restores.newest_live_run_id(restore) == self.run.id
        may_act = is_newest and can_fetch(Permission.OPERATE, restore)
        return restore_items.count_not_restored(restore) if may_act and restore.state == RestoreState.FINISHED else 0

    @cached_property
    def can_approve_retry(self) -> bool:
        return self.retry is not None and restore_approval.may_approve_retry(self.retry.restore)

    @cached_property
    def waterfall(self) -> Waterfall | None:
        return waterfall(self.run)

    @property
    def can_cancel(self) -> bool:
        return run_acts.may_cancel(self.run)


def run_page(run: Run, typed_reason: str = "", given: Mapping[str, str] = NOTHING) -> RunPage:
    """Look up what the page shows: of its items, a page of those that are asked for."""
    counts, by_outcome = run_progress.count_by_state(run), run_progress.count_by_outcome(run)
    choices = {name: count for name, count in by_outcome.items() if name not in SAID_BY_STATE}
    choices |= {name: counts[name] for name in run_progress.NEEDS_ATTENTION if counts[name]}
    wish = asked(given, {*choices, run_progress.EVERY}, show_field=SHOW_FIELD)
    listed = _folded(run, wish, is_long=counts["total"] > ROWS_SHOWN)
    return RunPage(
        run=run,
        counts=counts,
        choices=choices,
        listed=listed,
        items=_items(run, listed) if listed.lists_rows else [],
        retry=_retry_to_approve(run),
        typed_reason=typed_reason,
    )


def _folded(run: Run, wish: ListWish, *, is_long: bool) -> FoldedList:
    """Fold the items. Of a long run those are listed before that somebody has to look at, or that did something."""
    wanted = RunItemFilter(wish.show or run_progress.EVERY, words=wish.words)
    is_notable = is_long and not wish.show and not wish.is_narrow
    before = run_progress.count_by_type(run, RunItemFilter(run_progress.NOTABLE)) if is_notable else {}
    counts = run_progress.count_by_type(run, wanted)
    is_listed = wish.show not in ("", run_progress.EVERY) and not wish.search
    return FoldedList(
        wish=wish,
        counts=counts,
        place=lambda **values: url_for("runs.page", run_id=run.id, **values),
        marks=_marks(run) if not (wish.show or wish.search) else {},
        flat_count=sum((before if is_notable else counts).values()) if is_notable or is_listed else None,
        show_field=SHOW_FIELD,
    )


def _marks(run: Run) -> dict[str, list[Mark]]:
    """Say of which policy types somebody has to look at items."""
    marks: dict[str, list[Mark]] = {}
    for policy_type, state, number in run_progress.count_bad_by_type(run):
        marks.setdefault(policy_type, []).append(Mark(LOOKS[ItemState(state)][0], f"{translated(state)} {number}"))
    return marks


def _items(run: Run, listed: FoldedList) -> list[RunItem]:
    wish = listed.wish
    by_itself = run_progress.NOTABLE if listed.flat_count is not None else run_progress.EVERY
    wanted = RunItemFilter(wish.show or by_itself, wish.policy_type, wish.words)
    return run_progress.page_of_items(run, wanted, listed.rows_shown, listed.offset)


def progress_of(run: Run) -> Markup:
    """The moving part, for a page around it."""
    return Markup(render_template("runs/_progress.html", page=run_page(run)))  # noqa: S704 - our own partial


def may_retry(run: Run) -> bool:
    """May this person retry what failed in the run, item by item?"""
    if run.kind not in RETRIES or run.state in ACTIVE or not can_fetch(RETRIES[RunKind(run.kind)], run):
        return False
    if run.kind == RunKind.RESTORE:
        return _is_bad(run) and not retries.refusal(run, config.settings().plan_hours)
    backup_set = backup_sets.find_of_run(run)
    return backup_set is not None and set_retries.is_completable(backup_set)


def _retry_to_approve(run: Run) -> Approval | None:
    """Return the approval of a live restore whose retry waits for another pair of eyes."""
    is_bad = run.kind == RunKind.RESTORE and _is_bad(run)
    if not is_bad or not retries.lacks_only_approval(run, config.settings().plan_hours):
        return None
    return restore_approval.find_approval(Restore.get_by_id(run.restore_id), None)


def _is_bad(run: Run) -> bool:
    return run.state not in ACTIVE and bool(run.failed or run.uncertain)
