"""The pages of a whole plan and of each of its items."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

from actors.facade.snapshot_diff import Difference
from actors.plans import restore_results
from actors.plans.plan_text import AccessStory, Section
from actors.plans.restore_results import Warned
from db.models import Policy, Restore, RestoreItem, RunItem, Snapshot, Tenant, Write
from db.states import WRITTEN_OUTCOMES, Outcome
from web.presentation import restore_text
from web.presentation.restore_approval import Approval
from web.presentation.restore_text import DangerGroup
from web.security.access import can
from web.security.permissions import Permission

# Of one policy on the page of the whole plan; the rest is on the policy's own page.
LINES_IN_PLAN = 2000
LONGEST_IN_PLAN = 20_000
# Policies on one page of the plan: what a browser draws and prints without a pause.
POLICIES_SHOWN = 10


class PlanItem(NamedTuple):
    """An item that a live run writes, with what it changes and all that it sends."""

    item: RestoreItem
    differences: list[Difference]
    parts: list[Section]
    # Of a Conditional Access policy.
    story: AccessStory | None

    @property
    def dangers(self) -> list[tuple[str, str]]:
        return restore_text.item_dangers(self.item)


@dataclass(frozen=True)
class PlanPage:
    """A page of a whole plan. `items` are read while it is sent: no more than one of them is in memory.

    `number`: which page it is, from 0; `count`: how many policies the plan writes.
    """

    restore: Restore
    badge: Markup
    requested_by: Markup | str
    expires_at: datetime | None
    plan: dict[tuple[str, str | None], int]
    warnings: list[Warned]
    approval: Approval
    dangers: list[DangerGroup]
    secrets: str
    items: Iterator[PlanItem]
    not_written: list[RestoreItem]
    number: int
    count: int
    most_lines: int = LINES_IN_PLAN
    longest: int = LONGEST_IN_PLAN

    @property
    def tenant(self) -> Tenant:
        return self.restore.tenant

    @property
    def warning_groups(self) -> list[restore_results.WarningGroup]:
        return restore_results.group_warnings(self.warnings)

    @property
    def weaker_words(self) -> str:
        return restore_results.warnings_title(self.warnings, is_done=False)

    @property
    def before(self) -> int:
        """The number of policies on the pages before this one."""
        return self.number * POLICIES_SHOWN

    @property
    def last(self) -> int:
        return min(self.before + POLICIES_SHOWN, self.count)

    @property
    def is_first(self) -> bool:
        return self.number == 0

    @property
    def is_last(self) -> bool:
        return self.last >= self.count

    @property
    def this_page(self) -> str:
        return self._address(self.number)

    @property
    def back(self) -> str:
        return "" if self.is_first else self._address(self.number - 1)

    @property
    def forward(self) -> str:
        return "" if self.is_last else self._address(self.number + 1)

    def _address(self, number: int) -> str:
        return url_for("restores.plan_page", restore_id=self.restore.id, page=number or None)

    @property
    def options(self) -> list[tuple[str, str]]:
        return restore_text.describe_options(self.restore.options)

    @property
    def sentence(self) -> str:
        fates = restore_results.plan_fates(self.plan, is_overridden=bool(self.restore.guard_reason))
        return restore_text.plan_sentence(fates, self.approval.held_back_names)


class ResolvedReference(NamedTuple):
    """A reference of an item, and what stands for it in the target tenant. `resolution` is as the plan keeps it."""

    resolution: dict[str, Any]
    is_of_file: bool

    @property
    def words(self) -> str:
        return restore_text.describe_resolution(self.resolution)

    @property
    def needs_a_look(self) -> bool:
        return self.resolution["how"] in restore_text.NEEDS_A_LOOK

    @property
    def is_of_this_restore(self) -> bool:
        return bool(self.resolution["how"] == "restored")

    @property
    def is_found_by_files_name(self) -> bool:
        return self.is_of_file and self.resolution["how"] == "name"


@dataclass(frozen=True)
class ItemPage:
    """The page of a restore item: what its plan writes, what it refers to, and what was sent to Graph.

    `story`: of a Conditional Access policy, in sentences.
    """

    restore: Restore
    item: RestoreItem
    policy: Policy | None
    result: RunItem | None
    differences: list[Difference]
    parts: list[Section]
    story: AccessStory | None
    secrets: str
    writes: list[Write]

    @property
    def tenant(self) -> Tenant:
        return self.restore.tenant

    @cached_property
    def source(self) -> Snapshot | None:
        """The snapshot that is written, where this person sees it."""
        snapshot: Snapshot | None = self.item.snapshot
        return snapshot if snapshot and can(Permission.SEE, snapshot.tenant_id) else None

    @property
    def after(self) -> Snapshot | None:
        """The snapshot that was read back."""
        return self.result.snapshot if self.result else None

    @property
    def outcome(self) -> str | None:
        return (self.item.outcome or self.result.outcome or self.result.state) if self.result else None

    @property
    def result_message(self) -> str:
        """The run's message, "" where the plan says the same already."""
        message = (self.result and self.result.message) or ""
        return "" if message == self.item.message else message

    @property
    def needs_mapping(self) -> bool:
        return self.item.reason in ("unresolved", "ambiguous")

    @property
    def dangers(self) -> list[tuple[str, str]]:
        """Dangers of what would be written: (title, sentence)."""
        return restore_text.item_dangers(self.item) if self.item.action in WRITTEN_OUTCOMES else []

    @property
    def differs_in_secrets_alone(self) -> bool:
        return not self.differences and bool(self.item.differences) and self.item.action == Outcome.UPDATE

    @property
    def says_where(self) -> str:
        """The heading that names who says what the item refers to."""
        is_ours = self.item.snapshot_id or self.restore.backup_set_id or self.restore.undo_of_id
        return "In the backup" if is_ours else "The file says"

    @property
    def references(self) -> list[ResolvedReference]:
        return [ResolvedReference(resolution, bool(self.item.file_says)) for resolution in self.item.resolutions or ()]
