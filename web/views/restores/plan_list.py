"""The list of a restore's items on its page: what is written first, each with its first differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from flask import request, url_for

from actors.facade.snapshot_diff import Difference
from actors.plans import drafts, plan_text
from db.encryption import SealError
from db.models import Restore, RestoreItem, RunItem
from db.restores import item_lists
from db.restores.item_lists import ItemFilter
from db.states import WRITTEN_OUTCOMES, Outcome
from web.inputs import page_number, without_nul
from web.presentation.masking import Masking
from web.translation.languages import current_language
from web.translation.sentences import translated

ROWS_SHOWN = 12
DIFFERENCES_SHOWN = 3
TYPES_SHOWN = 5
LAST_PAGE = 999
EVERYTHING = "all"
LONGEST_SEARCH = 200


class PlanFilter(NamedTuple):
    """A link above the list: it shows some of the items. `show` stands in the address; None: nothing does."""

    label: str
    show: str | None


class TypeCount(NamedTuple):
    key: str
    items: int


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
    """The part of a restore's items that is shown. `number`: which page of them, from 0."""

    restore: Restore
    results: Mapping[int, RunItem]
    actions: Mapping[str, int]
    outcomes: Mapping[str, int]
    shown: ItemFilter
    show: str
    number: int
    all_items: int

    @cached_property
    def rows(self) -> list[PlanRow]:
        items = item_lists.page(self.restore, self.shown, ROWS_SHOWN, self.number * ROWS_SHOWN)
        differences = _differences(self.restore, items)
        return [PlanRow(item, self.results.get(item.id), differences.get(item.id, [])) for item in items]

    @cached_property
    def count(self) -> int:
        return item_lists.count(self.restore, self.shown)

    @cached_property
    def types(self) -> list[TypeCount]:
        counts = item_lists.count_by_type(self.restore, self.shown)
        return [TypeCount(key, count) for key, count in counts.items()]

    @property
    def first_types(self) -> list[TypeCount]:
        return self.types[:TYPES_SHOWN]

    @property
    def can_be_searched(self) -> bool:
        return self.shown.is_narrow or self.count > ROWS_SHOWN

    @cached_property
    def links(self) -> list[PlanFilter]:
        """The choices of items to show; the first is shown by itself."""
        if not (self.actions or self.outcomes):
            return []
        # Once there are results, what was to be written is among them: “update 3” beside “updated 3” says nothing.
        planned = {name: n for name, n in self.actions.items() if not (self.outcomes and name in WRITTEN_OUTCOMES)}
        counts = {**planned, **{name: n for name, n in self.outcomes.items() if name not in planned}}
        chosen = [PlanFilter(f"{translated(name)} {count}", name) for name, count in counts.items()]
        return [PlanFilter("what is written", None), *chosen, PlanFilter(f"all {self.all_items}", EVERYTHING)]

    @property
    def first(self) -> int:
        """The number of the first row, from 1."""
        return self.number * ROWS_SHOWN + 1

    @property
    def last(self) -> int:
        return self.number * ROWS_SHOWN + len(self.rows)

    @property
    def back(self) -> str:
        return self.address(page=self.number - 1) if self.number else ""

    @property
    def forward(self) -> str:
        return self.address(page=self.number + 1) if self.last < self.count else ""

    def address(self, **changes: Any) -> str:
        """Return the address of this list with some of it changed."""
        now = {"show": self.show, "type": self.shown.policy_type, "search": self.shown.search, **changes}
        kept = {name: value for name, value in now.items() if value}
        return url_for("restores.page", restore_id=self.restore.id, _anchor="plan", **kept)


def plan_list(
    restore: Restore,
    results: Mapping[int, RunItem],
    actions: Mapping[str, int],
    outcomes: Mapping[str, int],
    count: int,
) -> PlanList:
    """Look up what of its items the address asks for."""
    show = request.args.get("show", "")
    is_outcome = show in set(Outcome)
    shown = ItemFilter(
        outcome=show if is_outcome else "",
        ended_so=[item_id for item_id, result in results.items() if result.outcome == show] if is_outcome else (),
        is_everything=show == EVERYTHING,
        policy_type=without_nul(request.args.get("type", ""))[:LONGEST_SEARCH],
        search=without_nul(request.args.get("search", "")).strip()[:LONGEST_SEARCH],
    )
    return PlanList(restore, results, actions, outcomes, shown, show, page_number(LAST_PAGE), count)


def _differences(restore: Restore, items: Sequence[RestoreItem]) -> dict[int, list[Difference] | None]:
    """Return item id -> what would be overwritten, masked; None for one that cannot be opened."""
    updates = [item for item in items if item.action == Outcome.UPDATE]
    found: dict[int, list[Difference] | None] = {}
    wording = plan_text.words_of_items(updates, current_language())
    for item in updates:
        try:
            names = plan_text.target_names(restore.tenant, [item])
            found[item.id] = drafts.differences(item, Masking(), names, wording)
        except SealError:
            found[item.id] = None
    return found
