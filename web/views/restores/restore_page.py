"""The page of a restore, and the buttons that it has for this person, now."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from flask import request
from flask_login import current_user
from markupsafe import Markup

import config
from db.accounts import users
from db.models import BackupSet, Restore, RestoreItem, Run, RunItem, Tenant, User
from db.restores import approvals, four_eyes, restore_items, restores
from db.states import ACTIVE, CHANGEABLE, Outcome, RestoreState, RunKind, RunState
from web.presentation import restore_approval, restore_text
from web.presentation.restore_approval import Approval
from web.security.access import can, can_fetch
from web.security.permissions import Permission
from web.views.backups.run_page import progress_of

ITEMS_SHOWN = 500
NOTES_SHOWN = 50
EVERYTHING = "all"


class PlanFilter(NamedTuple):
    """A link above the plan: it shows some of the items. `show` stands in the address; None: nothing does."""

    label: str
    show: str | None


class PlanRow(NamedTuple):
    """An item of the plan, with its result in the newest live run."""

    item: RestoreItem
    result: RunItem | None

    @property
    def plan(self) -> str | None:
        """The action of a live run; None where only a preview can tell."""
        return self.item.action or (Outcome.REMOVE if self.item.content_id is None else None)

    @property
    def outcome(self) -> str | None:
        return self.result.outcome if self.result else None

    @property
    def message(self) -> str:
        return (self.result and self.result.message) or self.item.message or ""


@dataclass(frozen=True)
class RestorePage:
    """`typed` is what a form held that was refused; `show` is which of its items the address asks for."""

    restore: Restore
    runs: list[Run]
    results: dict[int, RunItem]
    actions: dict[str, int]
    items: list[RestoreItem]
    count: int
    show: str
    typed: Mapping[str, str]

    @property
    def tenant(self) -> Tenant:
        return self.restore.tenant

    @cached_property
    def creator(self) -> User | None:
        return users.find_by_id(self.restore.created_by_id)

    @cached_property
    def approver(self) -> User | None:
        return users.find_by_id(self.restore.approved_by_id)

    @cached_property
    def source_set(self) -> BackupSet | None:
        """The backup set that it restores, where this person sees it."""
        backup_set: BackupSet | None = self.restore.backup_set
        return backup_set if backup_set and can(Permission.SEE, backup_set.tenant_id) else None

    @cached_property
    def undone_by(self) -> list[Restore]:
        return restores.undos_of(self.restore)

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
        return self.approval.is_required and self.restore.state == RestoreState.PREVIEWED and not self.active

    @property
    def is_done(self) -> bool:
        return self.restore.state == RestoreState.FINISHED and not self.active

    @property
    def shows_plan(self) -> bool:
        """The plan stands in a section of its own; where one may execute it, it stands beside the button."""
        return bool(self.actions) and not self.is_done and not self.active and not self.can_execute

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
        return self._manages and restore_approval.may_approve(self.restore)

    @cached_property
    def can_execute(self) -> bool:
        is_approved = not four_eyes.is_required(self.restore) or four_eyes.has_approved(self.restore)
        return self._manages and is_approved and self.restore.state in approvals.READY

    @property
    def can_cancel(self) -> bool:
        return may_cancel(self.restore) and self.restore.state in (*CHANGEABLE, RestoreState.RUNNING)

    @cached_property
    def can_undo(self) -> bool:
        return self._manages and self.restore.state == RestoreState.FINISHED and restores.has_written(self.restore)

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
        return restore_text.CHOICES

    @property
    def chosen(self) -> dict[str, str]:
        return {**restore_text.as_form_fields(self.restore.options), **self.typed}

    @property
    def options_are_open(self) -> bool:
        return self.restore.state == RestoreState.DRAFT or bool(self.typed.get("assignments"))

    @cached_property
    def sentence(self) -> str:
        return restore_text.plan_sentence(self.actions, self.approval.held_back_counts)

    @cached_property
    def dangers(self) -> list[restore_text.DangerGroup]:
        return restore_text.group_dangers(restore_items.written(self.restore))

    @cached_property
    def outcomes(self) -> Counter[str]:
        return Counter(result.outcome for result in self.results.values() if result.outcome)

    @cached_property
    def links(self) -> list[PlanFilter]:
        """The choices of items to show; the first is shown by itself."""
        if not (self.actions or self.outcomes):
            return []
        has_matches = bool(self.actions.get(Outcome.MATCHES))
        first = PlanFilter("all but what matches" if has_matches else "all", None)
        counts = self.actions | {name: count for name, count in self.outcomes.items() if name not in self.actions}
        everything = [PlanFilter(f"all {self.count}", EVERYTHING)] if has_matches else []
        return [first, *everything, *(PlanFilter(f"{name} {count}", name) for name, count in counts.items())]

    @property
    def shown(self) -> str | None:
        """The choice that the address asks for, as the links have it."""
        return self.show or None

    @cached_property
    def rows(self) -> list[PlanRow]:
        return [PlanRow(item, self.results.get(item.id)) for item in self.items]

    @property
    def is_cut(self) -> bool:
        return len(self.items) == ITEMS_SHOWN

    @property
    def shows_outcomes(self) -> bool:
        return self.restore.state in (RestoreState.RUNNING, RestoreState.FINISHED)

    @property
    def is_unresolved(self) -> bool:
        """Something that these items refer to is not in the tenant."""
        return any(_is_unresolved(item) for item in self.items)

    @cached_property
    def notes(self) -> list[tuple[RestoreItem, str]]:
        return [(item, note) for item in self.items for note in item.notes or ()][:NOTES_SHOWN]


def restore_page(restore: Restore, typed: Mapping[str, str] | None = None) -> RestorePage:
    """Look up what the page shows."""
    show = request.args.get("show", "")
    runs = restores.runs_of_restore(restore)
    results = restore_items.results(runs)
    return RestorePage(
        restore=restore,
        runs=runs,
        results=results,
        actions=restore_items.count_by_action(restore),
        items=_items(restore, show, results),
        count=restore_items.count(restore),
        show=show,
        typed=typed or {},
    )


def _items(restore: Restore, show: str, results: Mapping[int, RunItem]) -> list[RestoreItem]:
    """Return items filtered by action or outcome; matching items are hidden unless asked for."""
    if show in set(Outcome):
        ended_so = [item_id for item_id, result in results.items() if result.outcome == show]
        return restore_items.of_outcome(restore, show, ended_so, ITEMS_SHOWN)
    find = restore_items.first if show == EVERYTHING else restore_items.without_matches
    return find(restore, ITEMS_SHOWN)


def _is_unresolved(item: RestoreItem) -> bool:
    needed = [resolution for resolution in item.resolutions or () if resolution.get("is_needed", True)]
    return any(resolution["how"] in ("unresolved", "dropped") for resolution in needed)


def count_not_restored(restore: Restore) -> int:
    """Return how many items of a restore that has ended a new one could take up."""
    has_ended = restore.state in (RestoreState.FINISHED, RestoreState.CANCELLED)
    return restore_items.count_not_restored(restore) if has_ended else 0


def may_cancel(restore: Restore) -> bool:
    """Whoever asked for a restore may cancel it; that of another person, a manager."""
    is_own = restore.created_by_id == current_user.id
    return can_fetch(Permission.OPERATE if is_own else Permission.MANAGE, restore)
