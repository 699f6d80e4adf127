"""The list of a restore's items on its page: what is written first, each with its first differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flask import request, url_for

from actors.facade.snapshot_diff import Difference
from actors.plans import drafts, plan_text
from db.encryption import SealError
from db.models import Restore, RestoreItem, RunItem
from db.restores import item_lists
from db.restores.item_lists import ItemFilter
from db.states import WRITTEN_OUTCOMES, Outcome
from web.lists import selection
from web.lists.folded_list import FoldedList, ListSort, asked, is_look
from web.lists.selection import Selection
from web.presentation.masking import Masking
from web.translation.languages import current_language
from web.translation.sentences import translated

ROWS_SHOWN = 12
DIFFERENCES_SHOWN = 3
EVERYTHING = "all"


class PlanRow(NamedTuple):
    """An item of the plan, with its result in the newest live run. `differences`: None where they cannot be read."""

    item: RestoreItem
    result: RunItem | None
    differences: list[Difference] | None

    @property
    def plan(self) -> str | None:
        """The action of a live run; None where only a preview can tell."""
        return self.item.action or (Outcome.REMOVE if self.item.content_id is None else None)

    @property
    def outcome(self) -> str | None:
        return self.result.outcome if self.result else None

    @property
    def is_written(self) -> bool:
        return self.outcome in WRITTEN_OUTCOMES.values()

    @property
    def message(self) -> str:
        return (self.result and self.result.message) or self.item.message or ""

    @property
    def first_differences(self) -> list[Difference]:
        return (self.differences or [])[:DIFFERENCES_SHOWN]

    @property
    def more_differences(self) -> int:
        return len(self.differences or []) - len(self.first_differences)

    @property
    def differs_in_secrets_alone(self) -> bool:
        return self.differences == [] and bool(self.item.differences) and self.item.action == Outcome.UPDATE


@dataclass(frozen=True)
class PlanList:
    """The part of a restore's items that is shown: a page of `listed`. `selection`: what is ticked to be left out."""

    restore: Restore
    results: Mapping[int, RunItem]
    actions: Mapping[str, int]
    outcomes: Mapping[str, int]
    listed: FoldedList
    shown: ItemFilter
    all_items: int
    chosen: frozenset[int]

    @cached_property
    def rows(self) -> list[PlanRow]:
        items = item_lists.page(self.restore, self.shown, ROWS_SHOWN, self.listed.offset)
        differences = _differences(self.restore, items)
        return [PlanRow(item, self.results.get(item.id), differences.get(item.id, [])) for item in items]

    @property
    def selection(self) -> Selection:
        return Selection(self.chosen, frozenset(row.item.id for row in self.rows))

    @property
    def count(self) -> int:
        return self.listed.count

    @property
    def show(self) -> str:
        return self.listed.wish.show

    @cached_property
    def links(self) -> list[ListSort]:
        """The choices of items to show; the first is shown by itself."""
        if not (self.actions or self.outcomes):
            return []
        # Once there are results, what was to be written is among them: “update 3” beside “updated 3” says nothing.
        planned = {name: n for name, n in self.actions.items() if not (self.outcomes and name in WRITTEN_OUTCOMES)}
        counts = {**planned, **{name: n for name, n in self.outcomes.items() if name not in planned}}
        chosen = [self._sort(f"{translated(name)} {count}", name) for name, count in counts.items()]
        return [self._sort("what is written", ""), *chosen, self._sort(f"all {self.all_items}", EVERYTHING)]

    def _sort(self, label: str, show: str) -> ListSort:
        return ListSort(translated(label), show, show == self.show)


def plan_list(
    restore: Restore,
    results: Mapping[int, RunItem],
    actions: Mapping[str, int],
    outcomes: Mapping[str, int],
    count: int,
    *,
    may_leave_out: bool,
) -> PlanList:
    """Look up what of its items is asked for: by the address, or by a button of the form that leaves some out."""
    given = request.form if is_look(request.form) else request.args
    wish = asked(given, {*Outcome, EVERYTHING})
    is_outcome = wish.show in set(Outcome)
    shown = ItemFilter(
        outcome=wish.show if is_outcome else "",
        ended_so=[item_id for item_id, result in results.items() if result.outcome == wish.show] if is_outcome else (),
        is_everything=wish.show == EVERYTHING,
        policy_type=wish.policy_type,
        words=wish.words,
    )
    counts = item_lists.count_by_type(restore, shown)
    listed = FoldedList(
        wish=wish,
        counts=counts,
        place=lambda **values: url_for("restores.page", restore_id=restore.id, **values),
        flat_count=sum(counts.values()),
        is_in_form=may_leave_out,
        rows_shown=ROWS_SHOWN,
    )
    chosen = selection.read(request.form, "leave") if may_leave_out else frozenset()
    return PlanList(restore, results, actions, outcomes, listed, shown, count, chosen)


def _differences(restore: Restore, items: Sequence[RestoreItem]) -> dict[int, list[Difference] | None]:
    """Return item id -> what would be overwritten, masked; None for one that cannot be opened."""
    updates = [item for item in items if item.action in (Outcome.UPDATE, Outcome.UNDELETE)]
    found: dict[int, list[Difference] | None] = {}
    wording = plan_text.words_of_items(updates, current_language())
    for item in updates:
        try:
            names = plan_text.target_names(restore.tenant, [item])
            found[item.id] = drafts.differences(item, Masking(), names, wording)
        except SealError:
            found[item.id] = None
    return found
