"""The page of a restore, and the buttons that it has for this person, now."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

import config
from actors.plans import option_choices, restore_results
from db.accounts import users
from db.models import BackupSet, Restore, RestoreItem, Run, RunItem, Tenant, User
from db.restores import approvals, four_eyes, item_lists, restore_items, restores, undos
from db.runs import confirmation_requests
from db.runs.confirmation_requests import ConfirmationRequest
from db.states import ACTIVE, CHANGEABLE, UNFINISHED, WRITTEN_OUTCOMES, Outcome, RestoreState, RunKind, RunState
from web.acts import restore_acts
from web.presentation import restore_approval, restore_text
from web.presentation.formatters import duration, seconds_text
from web.presentation.restore_approval import Approval
from web.security.access import can, can_fetch
from web.security.permissions import Permission
from web.verdicts.verdicts import restore_badges, restore_verdict
from web.views.backups.run_page import may_retry, progress_of
from web.views.restores import page_words
from web.views.restores.plan_list import PlanList, plan_list

ITEMS_SHOWN = 500
LEFT_SHOWN = 10
BUILT_IN_SHOWN = 50


class Left(NamedTuple):
    """The first items that are not written, each with its result in the newest live run, and how many they are."""

    rows: list[tuple[RestoreItem, RunItem | None]]
    total: int


@dataclass(frozen=True)
class RestorePage:
    """`typed` is what a form held that was refused."""

    restore: Restore
    runs: list[Run]
    results: dict[int, RunItem]
    planned: dict[tuple[str, str | None], int]
    count: int
    typed: Mapping[str, str]

    @property
    def tenant(self) -> Tenant:
        return self.restore.tenant

    @property
    def requested_by(self) -> Markup | str:
        return restore_text.requested_by(self.restore)

    @cached_property
    def approver(self) -> User | None:
        return users.find_by_id(self.restore.approved_by_id)

    @cached_property
    def source_set(self) -> BackupSet | None:
        """The backup set that it restores, where this person sees it."""
        backup_set: BackupSet | None = self.restore.backup_set
        return backup_set if backup_set and can(Permission.SEE, backup_set.tenant_id) else None

    @cached_property
    def undos(self) -> list[Restore]:
        return undos.of_restore(self.restore)

    @property
    def undone_by(self) -> list[Restore]:
        """The undos after which nothing is left of it."""
        return self._undone[self.restore.id]

    @cached_property
    def _undone(self) -> dict[int, list[Restore]]:
        """Restore id -> the undos that took back all that it wrote: of the restore, and of each of its undos."""
        return undos.that_undid_each([self.restore, *self.undos])

    @property
    def undo_badges(self) -> dict[int, Markup]:
        """Undo id -> how it stands."""
        return restore_badges(self.undos, self._undone)

    @property
    def open_undo(self) -> Restore | None:
        """An undo that was begun, and neither ended nor was given up."""
        return next((undo for undo in self.undos if undo.state in UNFINISHED), None)

    @property
    def expires_at(self) -> Any:
        return approvals.expires_at(self.restore, config.settings().plan_hours)

    # --- its state ------------------------------------------------------------------------------------------------

    @cached_property
    def active(self) -> Run | None:
        return next((run for run in self.runs if run.state in ACTIVE), None)

    @cached_property
    def approval(self) -> Approval:
        return restore_approval.find_approval(self.restore, self.active)

    @cached_property
    def progress(self) -> Markup | str:
        """The moving part of the run that goes on."""
        return progress_of(self.active) if self.active else ""

    @cached_property
    def last_preview(self) -> Run | None:
        return next((run for run in self.runs if run.kind == RunKind.PREVIEW), None)

    @property
    def failed_preview(self) -> Run | None:
        """The last preview, where it got through to no plan and nothing goes on."""
        is_draft = self.restore.state == RestoreState.DRAFT and not self.active
        run = self.last_preview if is_draft else None
        return run if run and run.state in (RunState.FAILED, RunState.CANCELLED) else None

    @property
    def needs_preview(self) -> bool:
        return self.restore.state in (RestoreState.DRAFT, RestoreState.EXPIRED)

    @property
    def is_expired(self) -> bool:
        return self.restore.state == RestoreState.EXPIRED

    @property
    def is_ready(self) -> bool:
        """Has a plan that could be executed, and nothing goes on."""
        return self.restore.state in approvals.READY and not self.active

    @property
    def awaits_approval(self) -> bool:
        is_waiting = self.restore.state == RestoreState.PREVIEWED and not self.active
        return self.approval.is_required and is_waiting and bool(self.writes)

    @property
    def is_done(self) -> bool:
        return self.restore.state == RestoreState.FINISHED and not self.active

    @property
    def shows_plan(self) -> bool:
        is_over = self.restore.state in (RestoreState.FINISHED, RestoreState.CANCELLED)
        return bool(self.actions) and not is_over and not self.active

    # --- what this person may do ----------------------------------------------------------------------------------

    @cached_property
    def _operates(self) -> bool:
        return can_fetch(Permission.OPERATE, self.restore) and not self.active

    @cached_property
    def _manages(self) -> bool:
        return can_fetch(Permission.MANAGE, self.restore) and not self.active

    @property
    def can_change(self) -> bool:
        return self._operates and self.restore.state in CHANGEABLE

    @property
    def can_leave_out(self) -> bool:
        return self.can_change and self.count > 1

    @cached_property
    def can_approve(self) -> bool:
        return self._manages and restore_approval.may_approve(self.restore) and bool(self.writes)

    @cached_property
    def can_execute(self) -> bool:
        is_approved = not four_eyes.is_required(self.restore) or four_eyes.has_approved(self.restore)
        has_choice = bool(self.writes) or self.approval.asks_about_guard
        return self._manages and is_approved and self.is_ready and has_choice

    @property
    def can_ask(self) -> bool:
        """The plan waits for somebody else, who can be told."""
        is_waiting = self.is_ready and bool(self.writes) and not self.approval.refusal
        return self._operates and is_waiting and not self.can_execute and not self.can_approve

    @property
    def ready_words(self) -> str:
        return page_words.ready([user.name for user in restore_approval.confirmers(self.restore)])

    @cached_property
    def asked(self) -> ConfirmationRequest | None:
        return confirmation_requests.find_recent(self.restore)

    @property
    def address(self) -> str:
        """The address of this page, to be sent to a colleague."""
        return url_for("restores.page", restore_id=self.restore.id, _external=True)

    @property
    def can_cancel(self) -> bool:
        return restore_acts.may_cancel(self.restore) and self.restore.state in (*CHANGEABLE, RestoreState.RUNNING)

    @cached_property
    def can_undo(self) -> bool:
        may = self._manages and self.restore.state == RestoreState.FINISHED
        return may and not self.open_undo and not self.undone_by and restores.has_written(self.restore)

    @cached_property
    def not_restored(self) -> int:
        """The number of its items that this person may take up in a new restore."""
        return count_not_restored(self.restore) if self._operates else 0

    # --- its options, its plan and its items ----------------------------------------------------------------------

    @property
    def options(self) -> list[tuple[str, str]]:
        return restore_text.describe_options(self.restore.options)

    @property
    def choices(self) -> Mapping[str, Any]:
        return restore_text.choices(own_tenant=self.restore.is_into_own_tenant)

    @property
    def chosen(self) -> dict[str, str]:
        return {**option_choices.as_form_fields(self.restore.options), **self.typed}

    @property
    def options_are_open(self) -> bool:
        return self.restore.state == RestoreState.DRAFT or bool(self.typed.get("assignments"))

    @cached_property
    def sentence(self) -> str:
        return restore_text.plan_sentence(self.plan_fates, self.approval.held_back_names)

    @cached_property
    def plan_fates(self) -> Counter[str]:
        return restore_results.plan_fates(self.planned, is_overridden=bool(self.restore.guard_reason))

    @cached_property
    def actions(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for (action, _), count in self.planned.items():
            counts[action] += count
        return counts

    @cached_property
    def result_fates(self) -> Counter[str]:
        return restore_results.result_fates(self.results.values(), self.count)

    @property
    def result_sentence(self) -> str:
        """The sentence on what a finished restore did."""
        held_back = [
            item.name for item in self._looked_at if (result := self.results.get(item.id)) and result.reason == "guard"
        ]
        return restore_text.result_sentence(self.result_fates, held_back)

    @property
    def badge(self) -> Markup:
        """Its state, as lists have it; once it is finished, with the sentence on all that it did."""
        live_run = next((run for run in self.runs if run.kind == RunKind.RESTORE), None)
        verdict = restore_verdict(self.restore, live_run, is_undone=bool(self.undone_by))
        return (replace(verdict, sentence=self.result_sentence) if self.is_done else verdict).badge

    @cached_property
    def _looked_at(self) -> list[RestoreItem]:
        return restore_items.with_dangers(self.restore)

    @cached_property
    def warnings(self) -> list[restore_results.Warned]:
        """Sentences on all that is weaker, incomplete or assigned to nobody: after it, or if it were executed."""
        if self.shows_outcomes:
            return restore_results.warnings_after(self._looked_at, self.results)
        return restore_results.warnings_before(self._looked_at)

    @property
    def warning_groups(self) -> list[restore_results.WarningGroup]:
        return restore_results.group_warnings(self.warnings)

    @property
    def dangers(self) -> list[restore_text.DangerGroup]:
        """All else to look at: in the plan, or in what was written."""
        items = item_lists.written(self.restore) if self.shows_outcomes else self._looked_at
        return restore_text.group_dangers(items, is_done=self.is_done)

    @cached_property
    def weaker_names(self) -> list[str]:
        return list(dict.fromkeys(warned.name for warned in self.warnings))

    @property
    def first_weaker(self) -> str:
        return page_words.first_names(self.weaker_names)

    @property
    def weaker_words(self) -> str:
        return restore_results.warnings_title(self.warnings, is_done=self.is_done)

    @property
    def matching_words(self) -> str:
        count = (self.result_fates if self.is_done else self.plan_fates)[Outcome.MATCHES]
        return page_words.matching(count) if count else ""

    @property
    def built_in_words(self) -> str:
        return page_words.built_in(self.built_in.total)

    @property
    def confirm_words(self) -> str:
        removed = self.plan_fates[Outcome.REMOVE]
        return page_words.confirm(self.writes - removed, removed, self.tenant.name)

    @property
    def estimated(self) -> str:
        """The time that a live run of the plan takes by the limits of Graph; "" where that was not worked out."""
        return seconds_text(self.restore.estimated_seconds) if self.restore.estimated_seconds else ""

    @property
    def took(self) -> str:
        """The time that the plan's first live run took; "" until it has ended."""
        live = [run for run in self.runs if run.kind == RunKind.RESTORE]
        return duration(live[-1].started_at, live[-1].ended_at) if live and live[-1].ended_at else ""

    @cached_property
    def outcomes(self) -> Counter[str]:
        return Counter(result.outcome for result in self.results.values() if result.outcome)

    @cached_property
    def plan(self) -> PlanList:
        return plan_list(
            self.restore,
            self.results,
            self.actions,
            self.outcomes,
            self.count,
            may_leave_out=self.can_leave_out,
        )

    @property
    def shows_outcomes(self) -> bool:
        return self.restore.state in (RestoreState.RUNNING, RestoreState.FINISHED)

    @cached_property
    def writes(self) -> int:
        """The number of policies that a live run of this plan writes."""
        return sum(self.plan_fates[action] for action in WRITTEN_OUTCOMES)

    # --- what cannot be restored, or is still open ----------------------------------------------------------------

    @cached_property
    def blocked(self) -> Left:
        """Items that the plan cannot write; once it was executed, those still open."""
        if self.is_done:
            items = restore_items.not_restored(self.restore)
            return Left([(item, self.results.get(item.id)) for item in items[:LEFT_SHOWN]], len(items))
        items = item_lists.blocked(self.restore, LEFT_SHOWN, is_built_in=False)
        return Left([(item, None) for item in items], item_lists.count_blocked(self.restore, is_built_in=False))

    @cached_property
    def built_in(self) -> Left:
        items = item_lists.blocked(self.restore, BUILT_IN_SHOWN, is_built_in=True)
        return Left([(item, None) for item in items], item_lists.count_blocked(self.restore, is_built_in=True))

    @property
    def is_unresolved(self) -> bool:
        """Something that the items shown refer to is not in the tenant."""
        shown = [*(item for item, _ in self.blocked.rows), *(row.item for row in self.plan.rows)]
        return self.restore.state in CHANGEABLE and any(_is_unresolved(item) for item in shown)

    @cached_property
    def retry(self) -> Run | None:
        """The newest live run, where what failed in it may be tried again as it was planned."""
        live = next((run for run in self.runs if run.kind == RunKind.RESTORE), None)
        return live if self.is_done and live and may_retry(live) else None


def restore_page(restore: Restore, typed: Mapping[str, str] | None = None) -> RestorePage:
    """Look up what the page shows."""
    runs = restores.runs_of_restore(restore)
    results = restore_items.results(runs)
    return RestorePage(
        restore=restore,
        runs=runs,
        results=results,
        planned=restore_items.count_plan(restore),
        count=restore_items.count(restore),
        typed=typed or {},
    )


def _is_unresolved(item: RestoreItem) -> bool:
    needed = [resolution for resolution in item.resolutions or () if resolution.get("is_needed", True)]
    return any(resolution["how"] in ("unresolved", "dropped") for resolution in needed)


def count_not_restored(restore: Restore) -> int:
    """Return how many items of a restore that has ended a new one could take up."""
    has_ended = restore.state in (RestoreState.FINISHED, RestoreState.CANCELLED)
    return restore_items.count_not_restored(restore) if has_ended else 0
