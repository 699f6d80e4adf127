"""`/imports/<id>/compare/`: an import beside a tenant's newest snapshots, a backup set, or another import."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from flask import Blueprint, abort, flash, render_template, request, url_for

from actors.changes import import_comparison
from actors.changes.import_comparison import ImportComparison, ImportPair, OpenedPair
from actors.facade.snapshot_diff import Difference
from db.backups import backup_sets
from db.errors import Invalid
from db.imports import policy_imports
from db.models import BackupSet, PolicyImport, Tenant
from web.inputs import page_number
from web.lists import filters
from web.lists.numbered_page import NumberedPage
from web.presentation.formatters import policy_type_title
from web.security.access import allowed_tenant_ids, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated

pages = Blueprint("import_comparison", __name__, url_prefix="/imports/<int:import_id>/compare")

SHOWN, LAST_PAGE, LABELS_SHOWN = 25, 999, 3
# What is offered to compare with, beside the tenants; and differences of one policy before they are folded.
NEWEST_OFFERED, MOST_UNFOLDED = 20, 60
_SIDES = {"tenant": Tenant, "set": BackupSet, "import": PolicyImport}


@dataclass(frozen=True)
class OfferedSides:
    """Tenants, sets and imports to compare an import with. `chosen`: as the address says it."""

    tenants: list[Tenant]
    sets: list[BackupSet]
    imports: list[PolicyImport]
    chosen: str


@dataclass(frozen=True)
class ImportPairRow:
    """A pair as the page says it."""

    opened: OpenedPair
    more_address: str

    @property
    def pair(self) -> ImportPair:
        return self.opened.pair

    @property
    def how(self) -> str:
        """Return “imported” or “other” for what is there alone, else “unopened”, “differs”, “masked” or “same”."""
        if not (self.pair.imported and self.pair.other):
            return "imported" if self.pair.imported else "other"
        if self.opened.differences is None:
            return "unopened"
        if self.opened.differences:
            return "differs"
        return "masked" if self.opened.has_masked else "same"

    @property
    def address(self) -> str:
        """Return where all of its differences are, or the snapshot of what is captured; "" for what has neither."""
        if self.how == "differs":
            return self.more_address
        if self.pair.other and self.pair.other.policy_id:
            return url_for("snapshots.page", snapshot_id=self.pair.other.key)
        return ""

    @property
    def differences(self) -> Sequence[Difference]:
        return self.opened.differences or ()

    @property
    def first_labels(self) -> list[str]:
        return [difference.label for difference in self.differences[:LABELS_SHOWN]]

    @property
    def more(self) -> int:
        return max(len(self.differences) - LABELS_SHOWN, 0)


@dataclass(frozen=True)
class ImportComparisonPage(NumberedPage):
    """`comparison` None: nothing could be compared, and the form says with what else to try."""

    row: PolicyImport
    other: Tenant | BackupSet | PolicyImport
    comparison: ImportComparison | None
    offered: OfferedSides
    number: int

    @property
    def kind(self) -> str:
        return next(word for word, model in _SIDES.items() if isinstance(self.other, model))

    @property
    def pairs(self) -> list[ImportPair]:
        return self.comparison.pairs if self.comparison else []

    @cached_property
    def rows(self) -> list[ImportPairRow]:
        """Open the pairs of this page alone."""
        if self.comparison is None:
            return []
        shown = list(islice(self.pairs, self.number * SHOWN, (self.number + 1) * SHOWN))
        opened = import_comparison.open_pairs(self.comparison, shown, current_language())
        return [ImportPairRow(each, self._address(policy=_key(each.pair))) for each in opened]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.pairs) > (self.number + 1) * SHOWN

    @property
    def in_both(self) -> int:
        return sum(1 for pair in self.pairs if pair.imported and pair.other)

    @property
    def imported_only(self) -> int:
        return sum(1 for pair in self.pairs if not pair.other)

    @property
    def other_only(self) -> int:
        return sum(1 for pair in self.pairs if not pair.imported)

    @property
    def without_assignments(self) -> int:
        """The number of policies on this page whose assignments one side does not know."""
        return sum(1 for row in self.rows if not row.opened.are_assignments_known)

    @property
    def unread(self) -> list[str]:
        return [translated(policy_type_title(key)) for key in self.comparison.unread] if self.comparison else []

    def address_of(self, number: int) -> str:
        return self._address(page=number or None)

    def _address(self, **values: Any) -> str:
        chosen = self.offered.chosen or None
        return url_for("import_comparison.page", import_id=self.row.id, **{"with": chosen, **values})


@dataclass(frozen=True)
class ComparedPolicyPage:
    """All differences of one pair. `back`: where the other pairs are."""

    row: PolicyImport
    shown: ImportPairRow
    back: str

    @property
    def first(self) -> Sequence[Difference]:
        return self.shown.differences[:MOST_UNFOLDED]

    @property
    def others(self) -> Sequence[Difference]:
        return self.shown.differences[MOST_UNFOLDED:]


@pages.get("/")
@requires(Permission.SEE)
def page(import_id: int) -> Any:
    row = fetch(PolicyImport, import_id, Permission.SEE)
    asked = request.args.get("with", "")
    other = _side(asked) or row.tenant
    try:
        found = import_comparison.pair_up(row, other)
    except Invalid as e:
        flash(str(e), "warning")
        empty = ImportComparisonPage(row, other, None, _offered(row, other, asked), 0)
        # A tenant of which nothing is captured yet is no fault of whoever followed the link.
        return render_template("imports/comparison.html", page=empty), 400 if asked else 200
    shown = ImportComparisonPage(row, other, found, _offered(row, other, asked), page_number(LAST_PAGE))
    if "policy" in request.args:
        return _one_policy(shown, found, request.args["policy"])
    return render_template("imports/comparison.html", page=shown)


def _side(text: str) -> Tenant | BackupSet | PolicyImport | None:
    """Return what an address names, such as “set-12”; None for "". Aborts with 403 for another's, 404 for none."""
    kind, _, number = text.partition("-")
    if not text:
        return None
    if kind not in _SIDES:
        abort(404)
    side: Tenant | BackupSet | PolicyImport = fetch(_SIDES[kind], number, Permission.SEE)
    return side


def _offered(row: PolicyImport, other: Tenant | BackupSet | PolicyImport, asked: str) -> OfferedSides:
    ids = allowed_tenant_ids(Permission.SEE)
    return OfferedSides(
        filters.tenants_to_choose(Permission.SEE, other if isinstance(other, Tenant) else row.tenant),
        backup_sets.newest_completed(ids, NEWEST_OFFERED),
        [each for each in policy_imports.newest(ids, NEWEST_OFFERED) if each.id != row.id],
        asked or f"tenant-{row.tenant_id}",
    )


def _one_policy(whole: ImportComparisonPage, found: ImportComparison, key: str) -> str:
    pair = next((pair for pair in found.pairs if pair.other and str(_key(pair)) == key), None)
    if pair is None:
        abort(404)
    opened = import_comparison.open_pairs(found, [pair], current_language())[0]
    shown = ComparedPolicyPage(whole.row, ImportPairRow(opened, ""), whole.address_of(0))
    return render_template("imports/compared_policy.html", page=shown)


def _key(pair: ImportPair) -> int | None:
    return pair.imported.key if pair.imported else None
